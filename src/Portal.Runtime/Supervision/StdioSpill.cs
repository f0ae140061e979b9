using System.Buffers;
using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Supervision;

/// <summary>
/// Output on the disk for a session that is further behind than memory is given for: a ring in a file without a name, so that nothing
/// of it is left whatever happens. Not safe for several threads.
/// </summary>
internal sealed class StdioSpill : IDisposable
{
    /// <summary>Bytes it holds, with a header for each frame.</summary>
    public const int Limit = 64 << 20;

    // The stream, and how many bytes of it follow.
    private const int HeaderLength = 1 + sizeof(int);

    private readonly SafeFileHandle _file;
    private long _read, _written;

    private StdioSpill(SafeFileHandle file) => _file = file;

    /// <summary>Bytes that were not read yet.</summary>
    public long Unread => _written - _read;

    /// <summary>An empty one; null when the folder is gone or the disk full.</summary>
    public static StdioSpill? TryOpen(string folder)
    {
        // The name is one that is swept, for the case that the agent is killed between these two calls.
        var path = DurableFile.TemporaryPath(folder + "/output");
        try
        {
            var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            File.Delete(path);
            return new(file);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>True when a frame of so many bytes fits in, if the disk takes it.</summary>
    public bool HasRoomFor(int bytes) => Unread + HeaderLength + bytes <= Limit;

    /// <summary>Adds a frame; false when there is no room for it, here or on the disk.</summary>
    public bool TryWrite(StdioStream stream, ReadOnlySpan<byte> data)
    {
        if (!HasRoomFor(data.Length))
        {
            return false;
        }

        var length = HeaderLength + data.Length;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            buffer[0] = (byte)stream;
            BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(1), data.Length);
            data.CopyTo(buffer.AsSpan(HeaderLength));
            var place = _written % Limit;
            var first = (int)Math.Min(length, Limit - place);
            RandomAccess.Write(_file, buffer.AsSpan(0, first), place);
            RandomAccess.Write(_file, buffer.AsSpan(first, length - first), 0);
            _written += length;
            return true;
        }
        catch (IOException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Takes the oldest frame; there must be one.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public StdioFrame Read()
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        Fill(header);
        var data = new byte[BinaryPrimitives.ReadInt32LittleEndian(header[1..])];
        Fill(data);
        var frame = new StdioFrame((StdioStream)header[0], data);
        if (Unread == 0)
        {
            (_read, _written) = (0, 0);
            RandomAccess.SetLength(_file, 0);
        }

        return frame;
    }

    public void Dispose() => _file.Dispose();

    private void Fill(Span<byte> target)
    {
        while (!target.IsEmpty)
        {
            var place = _read % Limit;
            var count = RandomAccess.Read(_file, target[..(int)Math.Min(target.Length, Limit - place)], place);
            if (count == 0)
            {
                throw new EndOfStreamException("Output that was put aside on the disk is not there any more.");
            }

            _read += count;
            target = target[count..];
        }
    }
}
