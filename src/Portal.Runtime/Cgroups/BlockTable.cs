using System.Buffers.Text;

namespace Portal.Runtime.Cgroups;

/// <summary>Reads the block I/O counters of a cgroup.</summary>
internal static class BlockTable
{
    // The kernel's words (blkg_rwstat), so that no string is made for each sample.
    private static readonly string[] s_operations = ["Read", "Write", "Sync", "Async", "Discard", "Total"];

    /// <summary>Reads lines <c>254:0 Read 4096</c>. The sum over all devices at the end is left out, as Docker does.</summary>
    public static IReadOnlyList<BlockSample> ParseV1(ReadOnlySpan<byte> text)
    {
        List<BlockSample>? samples = null;
        while (TryLine(ref text, out var line))
        {
            if (TryV1(line, out var sample))
            {
                (samples ??= []).Add(sample);
            }
        }

        return samples ?? (IReadOnlyList<BlockSample>)[];
    }

    /// <summary>Bytes read and written on all devices.</summary>
    public static (ulong Read, ulong Written) SumV1(ReadOnlySpan<byte> text)
    {
        ulong read = 0, written = 0;
        while (TryLine(ref text, out var line))
        {
            if (TryV1(line, out var sample))
            {
                read += sample.Operation == "Read" ? sample.Value : 0;
                written += sample.Operation == "Write" ? sample.Value : 0;
            }
        }

        return (read, written);
    }

    /// <summary>Reads two fields of lines <c>254:0 rbytes=1 wbytes=2 rios=3 …</c>.</summary>
    public static IReadOnlyList<BlockSample> ParseV2(ReadOnlySpan<byte> text, ReadOnlySpan<byte> readField, ReadOnlySpan<byte> writeField)
    {
        List<BlockSample>? samples = null;
        while (TryLine(ref text, out var line))
        {
            if (TryDevice(line, out var major, out var minor) && TryField(line, readField, out var read) && TryField(line, writeField, out var written))
            {
                samples ??= [];
                samples.Add(new(major, minor, "read", read));
                samples.Add(new(major, minor, "write", written));
            }
        }

        return samples ?? (IReadOnlyList<BlockSample>)[];
    }

    /// <inheritdoc cref="SumV1"/>
    public static (ulong Read, ulong Written) SumV2(ReadOnlySpan<byte> text)
    {
        ulong read = 0, written = 0;
        while (TryLine(ref text, out var line))
        {
            if (TryField(line, "rbytes="u8, out var more))
            {
                read += more;
            }

            if (TryField(line, "wbytes="u8, out more))
            {
                written += more;
            }
        }

        return (read, written);
    }

    private static bool TryLine(ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> line)
    {
        if (text.IsEmpty)
        {
            line = default;
            return false;
        }

        var end = text.IndexOf((byte)'\n');
        line = end < 0 ? text : text[..end];
        text = end < 0 ? default : text[(end + 1)..];
        return true;
    }

    private static bool TryV1(ReadOnlySpan<byte> line, out BlockSample sample)
    {
        sample = default;
        var blank = line.IndexOf((byte)' ');
        if (blank < 0 || !TryDevice(line[..blank], out var major, out var minor))
        {
            return false;
        }

        var rest = line[(blank + 1)..];
        foreach (var operation in s_operations)
        {
            if (rest.Length > operation.Length && rest[operation.Length] == ' ' && System.Text.Ascii.Equals(rest[..operation.Length], operation)
                && Utf8Parser.TryParse(rest[(operation.Length + 1)..], out ulong value, out _))
            {
                sample = new(major, minor, operation, value);
                return true;
            }
        }

        return false;
    }

    private static bool TryField(ReadOnlySpan<byte> line, ReadOnlySpan<byte> field, out ulong value)
    {
        value = 0;
        var start = line.IndexOf(field);

        // Not the end of a longer name.
        return start > 0 && line[start - 1] == ' ' && Utf8Parser.TryParse(line[(start + field.Length)..], out value, out _);
    }

    private static bool TryDevice(ReadOnlySpan<byte> text, out uint major, out uint minor)
    {
        minor = 0;
        return Utf8Parser.TryParse(text, out major, out var used) && used < text.Length && text[used] == ':'
            && Utf8Parser.TryParse(text[(used + 1)..], out minor, out _);
    }
}
