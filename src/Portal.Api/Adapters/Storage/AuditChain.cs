using System.Security.Cryptography;
using System.Text;

namespace Portal.Api.Adapters.Storage;

/// <summary>The hash chain of the audit log: each line's hash covers the line and the hash before, so an edit shows.</summary>
internal static class AuditChain
{
    /// <summary>What stands for the hash before the first line.</summary>
    public const string Start = "";

    /// <summary>The hash <paramref name="line"/> must carry after <paramref name="previous"/>.</summary>
    public static string HashOf(string previous, AuditRecord line)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (var field in (ReadOnlySpan<string>)[
            previous, line.Sequence.ToString(System.Globalization.CultureInfo.InvariantCulture), line.Time, line.ActorId, line.ActorName, line.Operation, line.Target, line.Outcome, line.Message])
        {
            // Lengths first: moving text from one field to the next must change the hash.
            var bytes = Encoding.UTF8.GetBytes(field);
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The sequence number of the first line that is missing or was changed; null when all is sound.</summary>
    public static long? FirstFault(IEnumerable<AuditRecord> lines)
    {
        var (previous, expected) = (Start, 1L);
        foreach (var line in lines)
        {
            if (line.Sequence != expected || line.Hash != HashOf(previous, line))
            {
                return expected;
            }

            (previous, expected) = (line.Hash, expected + 1);
        }

        return null;
    }
}
