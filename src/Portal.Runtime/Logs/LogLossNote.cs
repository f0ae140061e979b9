using System.Globalization;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Logs;

/// <summary>The line that stands in a log where lines are missing because the disk was full.</summary>
internal static class LogLossNote
{
    /// <summary>The note after a rotated file, as a line of the log; null when nothing is missing there.</summary>
    public static byte[]? TryRead(string log, long number)
    {
        try
        {
            return File.ReadAllBytes(LogFileSet.LostNameOf(log, number));
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Writes the note that is read after the rotated file of this number.</summary>
    /// <param name="log">The file written to.</param>
    /// <param name="number">Of the rotated file.</param>
    /// <param name="since">When the last line before the gap was there.</param>
    /// <param name="now">When lines came again.</param>
    /// <param name="bytes">What is missing, about.</param>
    /// <param name="stream">Terminals have no stderr.</param>
    /// <exception cref="IOException">The disk is still full.</exception>
    public static void Write(string log, long number, DateTimeOffset since, DateTimeOffset now, long bytes, StdioStream stream)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"[portal] output is missing here: between {since:yyyy-MM-dd'T'HH:mm:ss'Z'} and {now:yyyy-MM-dd'T'HH:mm:ss'Z'} about {bytes} bytes could not be written to this log, its disk was full");
        using var file = LogRotation.Create(LogFileSet.LostNameOf(log, number));
        file.Write(K8sFileLine.Format(now, stream, text));
    }
}
