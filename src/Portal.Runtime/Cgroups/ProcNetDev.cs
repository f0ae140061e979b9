using System.Buffers.Text;
using System.Text;

namespace Portal.Runtime.Cgroups;

/// <summary>Interface counters of a network namespace (/proc/[pid]/net/dev).</summary>
internal static class ProcNetDev
{
    // Eight numbers received: bytes packets errs drop fifo frame compressed multicast; then eight transmitted.
    private const int Columns = 16;

    /// <summary>Every interface but loopback.</summary>
    public static IReadOnlyList<InterfaceSample> Parse(ReadOnlySpan<byte> text)
    {
        List<InterfaceSample>? samples = null;
        Span<ulong> values = stackalloc ulong[Columns];
        foreach (var range in text.Split((byte)'\n'))
        {
            var line = text[range];
            var colon = line.IndexOf((byte)':');
            if (colon < 0)
            {
                continue;
            }

            var name = line[..colon].Trim((byte)' ');
            if (name.SequenceEqual("lo"u8) || !TryColumns(line[(colon + 1)..], values))
            {
                continue;
            }

            (samples ??= []).Add(new(Encoding.UTF8.GetString(name), values[0], values[1], values[2], values[3], values[8], values[9], values[10], values[11]));
        }

        return samples ?? (IReadOnlyList<InterfaceSample>)[];
    }

    private static bool TryColumns(ReadOnlySpan<byte> line, Span<ulong> values)
    {
        for (var i = 0; i < Columns; i++)
        {
            line = line.TrimStart((byte)' ');
            if (!Utf8Parser.TryParse(line, out values[i], out var used))
            {
                return false;
            }

            line = line[used..];
        }

        return true;
    }
}
