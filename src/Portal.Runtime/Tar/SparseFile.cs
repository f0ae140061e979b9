using System.Buffers.Text;

namespace Portal.Runtime.Tar;

/// <summary>
/// A file of which an archive stores some pieces only, the rest being holes (GNU tar manual, "Storing Sparse Files"): how the pieces and holes follow
/// one another while it is read.
/// </summary>
internal sealed class SparseFile
{
    private const int MaximumPieces = 64 * 1024;

    private readonly IReadOnlyList<long> _map;
    private int _next;

    /// <param name="size">Bytes of the whole file.</param>
    /// <param name="map">Offset and length of each piece, one after the other.</param>
    /// <param name="stored">Bytes that the archive stores.</param>
    /// <exception cref="Portal.Domain.Primitives.ErrorException">These cannot be of one file.</exception>
    public SparseFile(long size, IReadOnlyList<long> map, long stored)
    {
        long end = 0;
        for (var i = 0; i + 1 < map.Count; i += 2)
        {
            var (offset, length) = (map[i], map[i + 1]);
            if (offset < end || length < 0 || length > stored || offset > size - length)
            {
                throw Bad();
            }

            stored -= length;
            end = offset + length;
        }

        if (stored != 0 || map.Count % 2 != 0)
        {
            throw Bad();
        }

        (Size, _map) = (size, map);
        SkipEmpty();
    }

    public long Size { get; }

    /// <summary>Where in the file the reader is.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes from here to the next piece, or the end.</summary>
    public long Hole => (_next < _map.Count ? _map[_next] : Size) - Position is > 0 and var hole ? hole : 0;

    /// <summary>Bytes from here to the end of a piece; 0 in a hole.</summary>
    public long Piece => Hole > 0 || _next >= _map.Count ? 0 : _map[_next] + _map[_next + 1] - Position;

    /// <summary>Goes on within a hole or a piece.</summary>
    public void Advance(long bytes)
    {
        Position += bytes;
        SkipEmpty();
    }

    /// <summary>Adds to a map.</summary>
    /// <exception cref="Portal.Domain.Primitives.ErrorException">It becomes too long.</exception>
    public static void Add(List<long> map, long number)
    {
        if (map.Count >= MaximumPieces * 2)
        {
            throw ArchiveErrors.TooBig($"a sparse file has more than {MaximumPieces} pieces");
        }

        map.Add(number);
    }

    /// <summary>Reads the numbers of a map that are text, each ended by <paramref name="separator"/> or the end.</summary>
    /// <exception cref="Portal.Domain.Primitives.ErrorException">There is something else.</exception>
    public static List<long> Parse(ReadOnlySpan<byte> text, byte separator)
    {
        var map = new List<long>();
        while (!text.IsEmpty)
        {
            if (!Utf8Parser.TryParse(text, out long number, out var used) || number < 0 || (used < text.Length && text[used] != separator))
            {
                throw Bad();
            }

            Add(map, number);
            text = text[Math.Min(text.Length, used + 1)..];
        }

        return map;
    }

    public static Domain.Primitives.ErrorException Bad() => ArchiveErrors.Bad("the map of a sparse file makes no sense");

    private void SkipEmpty()
    {
        while (_next < _map.Count && Position >= _map[_next] + _map[_next + 1])
        {
            _next += 2;
        }
    }
}
