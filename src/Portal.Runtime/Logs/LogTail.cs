using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Logs;

/// <summary>Finds where the last lines of a log begin, reading from its end.</summary>
internal static class LogTail
{
    private const int BlockSize = 64 * 1024;

    // More than the fixed part in front of a line's text.
    private const int HeaderSize = 64;

    /// <summary>Where to begin so that at most <see cref="LogQuery.Tail"/> wanted lines follow.</summary>
    /// <param name="files">Newest first.</param>
    /// <param name="query">With a tail.</param>
    /// <returns>Index in <paramref name="files"/> and offset in that file.</returns>
    public static (int File, long Offset) Find(IReadOnlyList<SafeFileHandle> files, LogQuery query)
    {
        var wanted = query.Tail ?? throw new ArgumentException("No tail is asked for.", nameof(query));
        var untilTicks = query.Until?.UtcTicks ?? long.MaxValue;
        var count = 0;
        var last = StdioStream.Stdin;
        (int File, long Offset) begin = (0, files.Count > 0 ? RandomAccess.GetLength(files[0]) : 0);
        var buffer = new byte[BlockSize + HeaderSize];
        for (var file = 0; file < files.Count; file++)
        {
            var length = RandomAccess.GetLength(files[file]);
            var end = length;
            while (end > 0)
            {
                var start = Math.Max(0, end - BlockSize);
                var read = ReadFully(files[file], buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - start)), start);
                var search = buffer.AsSpan(0, Math.Min(read, (int)(end - start)));

                // A line begins after a line feed and at the start of the file; what follows the last line feed is not a line yet.
                while (true)
                {
                    var newline = search.LastIndexOf((byte)'\n');
                    if (newline < 0 && start > 0)
                    {
                        break;
                    }

                    if (K8sFileLine.TryParse(buffer.AsSpan(newline + 1, read - newline - 1), out var line)
                        && (line.Stream == StdioStream.Stdout ? query.Stdout : query.Stderr) && line.UtcTicks <= untilTicks)
                    {
                        // Parts in front of a line's end belong to that line.
                        if (!line.IsPartial || line.Stream != last)
                        {
                            if (count == wanted)
                            {
                                return begin;
                            }

                            count++;
                        }

                        last = line.Stream;
                        begin = (file, start + newline + 1);
                    }

                    if (newline < 0)
                    {
                        break;
                    }

                    search = search[..newline];
                }

                end = start;
            }
        }

        return begin;
    }

    private static int ReadFully(SafeFileHandle handle, Span<byte> buffer, long offset)
    {
        var total = 0;
        while (total < buffer.Length && RandomAccess.Read(handle, buffer[total..], offset + total) is var read and > 0)
        {
            total += read;
        }

        return total;
    }
}
