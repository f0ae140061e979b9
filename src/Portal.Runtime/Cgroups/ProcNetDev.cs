using System.Buffers.Text;
using System.Text;

namespace Portal.Runtime.Cgroups;

/// <summary>Interface counters of a network namespace (/proc/[pid]/net/dev).</summary>
internal static class ProcNetDev
{
    // Eight numbers received: bytes packets errs drop fifo frame compressed multicast; then eight transmitted.
    private const int Columns = 16;

    // What the engine puts into a namespace is eth0, eth1, …; others the kernel made (lo, tunl0) or the container itself
    // (docker0), and would count the same bytes twice.
    private static ReadOnlySpan<byte> Prefix => "eth"u8;

    /// <summary>The links the engine made, one by one.</summary>
    public static IReadOnlyList<InterfaceSample> Parse(ReadOnlySpan<byte> text)
    {
        List<InterfaceSample>? samples = null;
        Span<ulong> values = stackalloc ulong[Columns];
        while (TryNext(ref text, out var name, values))
        {
            (samples ??= []).Add(new(Encoding.UTF8.GetString(name), values[0], values[1], values[2], values[3], values[8], values[9], values[10], values[11]));
        }

        return samples ?? (IReadOnlyList<InterfaceSample>)[];
    }

    /// <summary>Bytes received and sent over them together.</summary>
    public static (ulong Received, ulong Sent) Sum(ReadOnlySpan<byte> text)
    {
        ulong received = 0, sent = 0;
        Span<ulong> values = stackalloc ulong[Columns];
        while (TryNext(ref text, out _, values))
        {
            received += values[0];
            sent += values[8];
        }

        return (received, sent);
    }

    private static bool TryNext(ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> name, scoped Span<ulong> values)
    {
        while (!text.IsEmpty)
        {
            var end = text.IndexOf((byte)'\n');
            var line = (end < 0 ? text : text[..end]).TrimStart((byte)' ');
            text = end < 0 ? default : text[(end + 1)..];
            var colon = line.IndexOf((byte)':');
            if (colon > 0 && line.StartsWith(Prefix) && TryColumns(line[(colon + 1)..], values))
            {
                name = line[..colon];
                return true;
            }
        }

        name = default;
        return false;
    }

    private static bool TryColumns(ReadOnlySpan<byte> line, scoped Span<ulong> values)
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
