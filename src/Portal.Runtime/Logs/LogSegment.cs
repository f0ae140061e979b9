using System.Globalization;
using System.IO.Compression;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Logs;

/// <summary>One open file of a log, read from its beginning. What happens to its name meanwhile does not matter: the file is there while it is open.</summary>
internal sealed class LogSegment : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly string _log;
    private readonly ulong _inode;
    private Stream? _text;
    private long? _number;

    private LogSegment(SafeFileHandle file, string log, long? number, bool compressed)
    {
        (_file, _log, _number, IsCompressed) = (file, log, number, compressed);
        _inode = Libc.StatAt(file, [], out var facts) == 0 ? facts.Inode : 0;
        LastWrite = facts.Modified;
    }

    public bool IsCompressed { get; }

    /// <summary>When it was last written to, at the time it was opened.</summary>
    public FileTime LastWrite { get; }

    /// <summary>Bytes in the file.</summary>
    public long Length => RandomAccess.GetLength(_file);

    /// <summary>Where the next read begins; of a file that is not compressed.</summary>
    public long Position { get; set; }

    /// <summary>Its place in the order of rotated files; null while it is the one written to, and when nothing tells any more.</summary>
    public long? Number => _number ??= NumberOf(new FileInfo($"/proc/self/fd/{_file.DangerousGetHandle()}").LinkTarget ?? "");

    /// <summary>Opens the file written to; null when there is none.</summary>
    public static LogSegment? TryOpenCurrent(string log) => TryOpen(log) is { } file ? new(file, log, null, false) : null;

    /// <summary>Opens a rotated file, whether it is compressed or not; null when there is none of that number.</summary>
    public static LogSegment? TryOpen(string log, long number) =>
        TryOpen(LogFileSet.NameOf(log, number)) is { } plain ? new(plain, log, number, false)
        : TryOpen(LogFileSet.CompressedNameOf(log, number)) is { } compressed ? new(compressed, log, number, true)
        : TryOpen(LogFileSet.PartNameOf(log, number)) is { } part ? new(part, log, number, false)
        : null;

    /// <summary>It is still the file written to.</summary>
    public bool IsCurrent() => _number is null && Libc.Stat(_log, out var facts) == 0 && facts.Inode == _inode;

    /// <summary>Reads on; 0 at the end of what there is.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">A compressed file is damaged.</exception>
    public int Read(Span<byte> buffer)
    {
        if (IsCompressed)
        {
            _text ??= new GZipStream(new Source(this), CompressionMode.Decompress);
            return _text.Read(buffer);
        }

        var count = RandomAccess.Read(_file, buffer, Position);
        Position += count;
        return count;
    }

    /// <summary>Reads at a place; fewer bytes than asked only at the end.</summary>
    public int ReadAt(Span<byte> buffer, long offset)
    {
        var total = 0;
        while (total < buffer.Length && RandomAccess.Read(_file, buffer[total..], offset + total) is var count and > 0)
        {
            total += count;
        }

        return total;
    }

    /// <summary>The next read begins at the beginning.</summary>
    public void Rewind()
    {
        _text?.Dispose();
        (_text, Position) = (null, 0);
    }

    public void Dispose()
    {
        _text?.Dispose();
        _file.Dispose();
    }

    private static SafeFileHandle? TryOpen(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    // The kernel follows renames of an open file, and adds a word to the last name of a removed one.
    private long? NumberOf(string link)
    {
        const string Removed = " (deleted)";
        var name = Path.GetFileName(link.EndsWith(Removed, StringComparison.Ordinal) ? link.AsSpan(0, link.Length - Removed.Length) : link);
        var own = Path.GetFileName(_log.AsSpan());
        return name.Length > own.Length + 1 && name.StartsWith(own, StringComparison.Ordinal) && name[own.Length] == '.'
            && long.TryParse(name[(own.Length + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    /// <summary>The bytes of the file, for the decompressor.</summary>
    private sealed class Source(LogSegment segment) : Stream
    {
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => _position; set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            var count = RandomAccess.Read(segment._file, buffer, _position);
            _position += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
