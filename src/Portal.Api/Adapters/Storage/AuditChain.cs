using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Portal.Api.Adapters.Storage;

/// <summary>The hash chain of the audit log: each line's hash covers the line and the hash before, so an edit shows.</summary>
internal static class AuditChain
{
    /// <summary>What stands for the hash before the first line.</summary>
    public const string Start = "";

    /// <summary>The form in which lines are written now.</summary>
    public const int Newest = 2;

    /// <summary>The hash <paramref name="line"/> must carry after <paramref name="previous"/>.</summary>
    public static string HashOf(string previous, AuditRecord line)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        string[] fields = [previous, line.Sequence.ToString(CultureInfo.InvariantCulture), line.Time, line.ActorId, line.ActorName, line.Operation, line.Target, line.Outcome, line.Message];
        if (line.Version > 1)
        {
            // A line of the second form has more fields, so that no line of one form has the hash of another.
            fields = [.. fields, line.Version.ToString(CultureInfo.InvariantCulture), line.Source, line.TokenId, line.Before, line.After];
        }

        foreach (var field in fields)
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
    /// <param name="lines">The lines that are there, in order.</param>
    /// <param name="before">Number of the line before the first one, when older ones were deleted on purpose.</param>
    /// <param name="hash">The hash that line carried.</param>
    public static long? FirstFault(IEnumerable<AuditRecord> lines, long before = 0, string hash = Start)
    {
        var (previous, expected) = (hash, before + 1);
        foreach (var line in lines)
        {
            if (line.Sequence != expected || line.Version is < 1 or > Newest || line.Hash != HashOf(previous, line))
            {
                return expected;
            }

            (previous, expected) = (line.Hash, expected + 1);
        }

        return null;
    }
}
