using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Logs;

/// <summary>
/// Shortens rotated logs. The monitor writes a line in parts when that is how it reads it, and in a flood every file begins in the
/// middle of one: what is cut off is cut off at the end of a line.
/// </summary>
internal static class LogTrim
{
    private const int BlockSize = 1 << 20;

    // The parts of a line whose end is in the next file: one read of the monitor for each stream, mostly.
    private const int PartsSize = 32 * 1024;

    /// <summary>Puts a file in a file's place that has its last lines only. Who reads the old one reads on undisturbed.</summary>
    /// <param name="log">The file written to.</param>
    /// <param name="number">Of the rotated file.</param>
    /// <param name="bytes">To keep at most.</param>
    /// <exception cref="IOException">The file is as it was.</exception>
    public static void KeepEnd(string log, long number, long bytes)
    {
        var path = LogFileSet.NameOf(log, number);
        Replace(log, number, path, target =>
        {
            using var source = Open(path);
            var buffer = new byte[BlockSize];
            var offset = FirstLine(source, RandomAccess.GetLength(source) - bytes, buffer);
            while (RandomAccess.Read(source, buffer, offset) is var count and > 0)
            {
                target.Write(buffer.AsSpan(0, count));
                offset += count;
            }
        });
    }

    /// <summary>Drops a file but for the beginning of the line that ends in the next one.</summary>
    /// <param name="log">The file written to.</param>
    /// <param name="number">Of the rotated file.</param>
    public static void Drop(string log, long number)
    {
        var path = LogFileSet.NameOf(log, number);
        var dropped = LogFileSet.PartNameOf(log, number);
        try
        {
            if (File.Exists(path) && OpenParts(path) is { Count: > 0 } parts)
            {
                Replace(log, number, dropped, target => parts.ForEach(part => target.Write(part)));
                File.Delete(path);
                return;
            }
        }
        catch (IOException)
        {
            // A full disk: then it goes as a whole, and makes room.
        }

        LogFileSet.Remove(log, number);
    }

    /// <summary>The last lines of a file that have no end, in their order.</summary>
    private static List<byte[]> OpenParts(string path)
    {
        using var source = Open(path);
        var buffer = new byte[PartsSize];
        var length = RandomAccess.Read(source, buffer, Math.Max(0, RandomAccess.GetLength(source) - PartsSize));
        List<byte[]> parts = [];
        var closed = new bool[(int)StdioStream.Stderr + 1];
        var rest = buffer.AsSpan(0, buffer.AsSpan(0, length).LastIndexOf((byte)'\n') + 1);
        while (!rest.IsEmpty)
        {
            var begin = rest[..^1].LastIndexOf((byte)'\n') + 1;
            if (K8sFileLine.TryParse(rest[begin..^1], out var line) && !closed[(int)line.Stream])
            {
                closed[(int)line.Stream] = !line.IsPartial;
                if (line.IsPartial)
                {
                    parts.Insert(0, rest[begin..].ToArray());
                }
            }

            rest = rest[..begin];
        }

        return parts;
    }

    /// <summary>Where the first line begins at or after an offset.</summary>
    private static long FirstLine(SafeFileHandle file, long offset, byte[] buffer)
    {
        // From far enough before it that the beginning of the line is seen that goes across it.
        var place = Math.Max(offset - PartsSize, 0);
        var rest = buffer.AsSpan(0, RandomAccess.Read(file, buffer, place));
        var isBegin = place == 0;
        while ((place < offset || !isBegin) && rest.IndexOf((byte)'\n') is var end and >= 0)
        {
            isBegin = K8sFileLine.TryParse(rest[..end], out var line) && !line.IsPartial;
            place += end + 1;
            rest = rest[(end + 1)..];
        }

        return place;
    }

    private static void Replace(string log, long number, string path, Action<FileStream> write)
    {
        var unfinished = LogFileSet.UnfinishedNameOf(log, number);
        var written = File.GetLastWriteTimeUtc(LogFileSet.NameOf(log, number));
        try
        {
            using (var target = LogRotation.Create(unfinished))
            {
                write(target);
            }

            File.SetLastWriteTimeUtc(unfinished, written);
            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    private static SafeFileHandle Open(string path) => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
}
