using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Logs;

/// <summary>
/// One line of conmon's <c>k8s-file</c> log: <c>2026-11-23T18:00:00.000000000+00:00 stdout F text</c>. F is the end of a
/// line, P a part of one.
/// </summary>
internal readonly struct K8sFileLine
{
    /// <summary>Length of the time.</summary>
    public const int StampLength = 35;

    /// <summary>Length of what stands before the text.</summary>
    public const int PrefixLength = StampLength + 10;

    private K8sFileLine(StdioStream stream, bool partial) => (Stream, IsPartial) = (stream, partial);

    public StdioStream Stream { get; }

    /// <summary>The text goes on in the next line of the stream.</summary>
    public bool IsPartial { get; }

    /// <summary>
    /// Reads what stands before the text, all but the time. False for anything else than a line, for instance what a crash in
    /// mid-write left.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> line, out K8sFileLine result)
    {
        result = default;
        if (line.Length < PrefixLength)
        {
            return false;
        }

        var rest = line[StampLength..];
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

        if (rest[9] != ' ' || rest[8] is not ((byte)'F' or (byte)'P'))
        {
            return false;
        }

        result = new(stream, rest[8] == 'P');
        return true;
    }

    /// <summary>
    /// Reads a line's time as nanoseconds since 1970: <c>2026-11-23T18:00:00.123456789+01:00</c>, nine digits always, the offset is
    /// the host's local one.
    /// </summary>
    public static bool TryParseTime(ReadOnlySpan<byte> line, out long unixNanoseconds)
    {
        unixNanoseconds = 0;
        if (line.Length < StampLength
            || line[4] != '-' || line[7] != '-' || line[10] != 'T' || line[13] != ':' || line[16] != ':' || line[19] != '.' || line[32] != ':')
        {
            return false;
        }

        var year = (Two(line, 0) * 100) + Two(line, 2);
        var (month, day, hour, minute, second) = (Two(line, 5), Two(line, 8), Two(line, 11), Two(line, 14), Two(line, 17));

        // What 64 bits of nanoseconds hold, less a year on both sides for the offset.
        if (year is < 1679 or > 2260 || month is < 1 or > 12 || day < 1 || hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 60
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

        var offset = ((offsetHours * 60) + offsetMinutes) * (line[29] == '-' ? -60L : 60L);
        var days = (new DateTime(year, month, day).Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerDay;
        unixNanoseconds = (((days * 86_400) + (hour * 3600) + (minute * 60) + second - offset) * 1_000_000_000) + nanoseconds;
        return true;
    }

    /// <summary>A line as the monitor would have written it.</summary>
    public static byte[] Format(DateTimeOffset time, StdioStream stream, string text) => Encoding.UTF8.GetBytes(
        $"{time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff", CultureInfo.InvariantCulture)}00+00:00 {(stream == StdioStream.Stderr ? "stderr" : "stdout")} F {text}\n");

    // Negative for anything but two digits: enough below zero that no sum of two makes it valid again.
    private static int Two(ReadOnlySpan<byte> line, int index)
    {
        int high = line[index] - '0', low = line[index + 1] - '0';
        return (uint)high <= 9 && (uint)low <= 9 ? (high * 10) + low : -100_000;
    }
}
