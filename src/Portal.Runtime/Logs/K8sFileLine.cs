using System.Buffers.Text;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Logs;

/// <summary>
/// One line of conmon's <c>k8s-file</c> log: <c>2026-11-23T18:00:00.000000000+00:00 stdout F text</c>. F is the end of a
/// line, P a part of one.
/// </summary>
internal readonly struct K8sFileLine
{
    private K8sFileLine(long ticks, StdioStream stream, bool partial, int textStart) =>
        (UtcTicks, Stream, IsPartial, TextStart) = (ticks, stream, partial, textStart);

    /// <summary>Time in UTC ticks (100 ns).</summary>
    public long UtcTicks { get; }

    public StdioStream Stream { get; }

    /// <summary>The text goes on in the next line of the stream.</summary>
    public bool IsPartial { get; }

    /// <summary>Index of the first byte of the text.</summary>
    public int TextStart { get; }

    /// <summary>Reads a line without its line feed. False for anything else, for instance what a crash in mid-write left.</summary>
    public static bool TryParse(ReadOnlySpan<byte> line, out K8sFileLine result)
    {
        result = default;
        if (line.Length < 40 || !TryParseTime(line, out var ticks, out var index))
        {
            return false;
        }

        var rest = line[index..];
        StdioStream stream;
        if (rest.StartsWith(" stdout "u8))
        {
            stream = StdioStream.Stdout;
        }
        else if (rest.StartsWith(" stderr "u8))
        {
            stream = StdioStream.Stderr;
        }
        else
        {
            return false;
        }

        if (rest.Length < 10 || rest[9] != ' ' || rest[8] is not ((byte)'F' or (byte)'P'))
        {
            return false;
        }

        result = new(ticks, stream, rest[8] == 'P', index + 10);
        return true;
    }

    // 2026-11-23T18:00:00.123456789+01:00 — nine digits always, the offset is the host's local one.
    private static bool TryParseTime(ReadOnlySpan<byte> line, out long ticks, out int end)
    {
        ticks = 0;
        end = 35;
        if (line[4] != '-' || line[7] != '-' || line[10] != 'T' || line[13] != ':' || line[16] != ':' || line[19] != '.' || line[32] != ':')
        {
            return false;
        }

        var year = (Two(line, 0) * 100) + Two(line, 2);
        var (month, day, hour, minute, second) = (Two(line, 5), Two(line, 8), Two(line, 11), Two(line, 14), Two(line, 17));
        if (year < 1 || month is < 1 or > 12 || day < 1 || hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 60
            || day > DateTime.DaysInMonth(year, month)
            || !Utf8Parser.TryParse(line.Slice(20, 9), out uint nanoseconds, out var used) || used != 9)
        {
            return false;
        }

        var (offsetHours, offsetMinutes) = (Two(line, 30), Two(line, 33));
        if (line[29] is not ((byte)'+' or (byte)'-') || offsetHours < 0 || offsetMinutes < 0)
        {
            return false;
        }

        var offset = ((offsetHours * 60) + offsetMinutes) * TimeSpan.TicksPerMinute;
        ticks = new DateTime(year, month, day).Ticks
            + (hour * TimeSpan.TicksPerHour) + (minute * TimeSpan.TicksPerMinute) + (second * TimeSpan.TicksPerSecond) + (nanoseconds / 100)
            - (line[29] == '-' ? -offset : offset);
        return ticks is >= 0 and < 3155378975999999999;
    }

    // Negative for anything but two digits: enough below zero that no sum of two makes it valid again.
    private static int Two(ReadOnlySpan<byte> line, int index)
    {
        int high = line[index] - '0', low = line[index + 1] - '0';
        return (uint)high <= 9 && (uint)low <= 9 ? (high * 10) + low : -100_000;
    }
}
