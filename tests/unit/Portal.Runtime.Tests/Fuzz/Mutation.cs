namespace Portal.Runtime.Tests.Fuzz;

/// <summary>Inputs that differ a little from those that real programs write.</summary>
internal static class Mutation
{
    private const int LargestInput = 256 * 1024;

    private static readonly byte[] s_telling = [0, 1, 9, 10, 13, 32, 34, 39, 45, 46, 47, 48, 55, 57, 58, 92, 127, 128, 255];

    /// <summary>A seed with a few changes.</summary>
    public static byte[] Of(FuzzTarget target, Random random)
    {
        var bytes = new List<byte>(Pick(target.Seeds, random));
        for (var changes = 1 << random.Next(5); changes > 0; changes--)
        {
            Change(bytes, target, random);
        }

        return [.. bytes.Take(LargestInput)];
    }

    /// <summary>Pieces one after the other.</summary>
    public static byte[] OfPieces(FuzzTarget target, Random random)
    {
        var bytes = new List<byte>();
        for (var pieces = random.Next(1, 60); pieces > 0; pieces--)
        {
            bytes.AddRange(Pick(target.Pieces, random));
        }

        return [.. bytes];
    }

    private static void Change(List<byte> bytes, FuzzTarget target, Random random)
    {
        var at = random.Next(bytes.Count + 1);
        var length = Math.Min(1 << random.Next(10), bytes.Count - at);
        switch (random.Next(target.Pieces.Count > 0 ? 10 : 8))
        {
            case 0 when length > 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when length > 0:
                bytes[at] = Pick(s_telling, random);
                break;
            case 2 when length > 0:
                bytes[at] += (byte)random.Next(-8, 9);
                break;
            case 3:
                bytes.RemoveRange(at, length);
                break;
            case 4:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 5:
                var other = Pick(target.Seeds, random);
                var from = random.Next(other.Length + 1);
                bytes.InsertRange(at, other[from..Math.Min(other.Length, from + (1 << random.Next(12)))]);
                break;
            case 6:
                bytes.InsertRange(at, Enumerable.Repeat(Pick(s_telling, random), 1 << random.Next(14)));
                break;
            case 7 when random.Next(4) == 0:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 8:
                bytes.InsertRange(at, Pick(target.Pieces, random));
                break;
            case 9:
                var piece = Pick(target.Pieces, random);
                bytes.RemoveRange(at, Math.Min(piece.Length, bytes.Count - at));
                bytes.InsertRange(at, piece);
                break;
            default:
                break;
        }
    }

    private static T Pick<T>(IReadOnlyList<T> list, Random random) => list[random.Next(list.Count)];
}
