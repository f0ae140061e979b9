using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>A pipe between this process and a child: ours is read or written without blocking a thread, the child's is an ordinary pipe.</summary>
internal sealed class Pipe : IDisposable
{
    private Pipe(DescriptorStream ours, SafeFileHandle theirs) => (Ours, Theirs) = (ours, theirs);

    /// <summary>This process' end.</summary>
    public DescriptorStream Ours { get; }

    /// <summary>The child's end; close it here once the child is started, or its end is never seen.</summary>
    public SafeFileHandle Theirs { get; }

    /// <summary>A pipe the child writes and we read.</summary>
    public static Pipe FromChild()
    {
        var (read, write) = Open();
        return new(new DescriptorStream(read), new SafeFileHandle(write, ownsHandle: true));
    }

    /// <summary>A pipe we write and the child reads.</summary>
    public static Pipe ToChild()
    {
        var (read, write) = Open();
        return new(new DescriptorStream(write), new SafeFileHandle(read, ownsHandle: true));
    }

    public void Dispose()
    {
        Ours.Dispose();
        Theirs.Dispose();
    }

    private static unsafe (int Read, int Write) Open()
    {
        var fds = stackalloc int[2];
        return Libc.Pipe2(fds, Libc.PipeCloExec) == 0
            ? (fds[0], fds[1])
            : throw new LinuxException("pipe2", "stdio", (Errno)Marshal.GetLastPInvokeError());
    }
}

/// <summary>
/// Asynchronous reads and writes on any descriptor that epoll(7) takes (pipe, terminal): the framework's socket engine
/// does the waiting, with read(2) and write(2) in place of the socket calls.
/// </summary>
internal sealed class DescriptorStream : IDisposable
{
    private const nuint SetWindowSizeRequest = 0x5414;

    private readonly Socket _socket;

    /// <summary>Takes ownership of <paramref name="fd"/>.</summary>
    public DescriptorStream(int fd) => _socket = new(new SafeSocketHandle(fd, ownsHandle: true)) { Blocking = false };

    /// <summary>Bytes that can be read without waiting (FIONREAD).</summary>
    public int Available
    {
        get
        {
            try
            {
                return _socket.Available;
            }
            catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
            {
                return 0;
            }
        }
    }

    /// <summary>Bytes read; 0 at the end. A terminal whose other side is closed (EIO) has ended as well.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        try
        {
            return await _socket.ReceiveAsync(buffer, SocketFlags.None, ct).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            return 0;
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>Writes everything; false when the other side is closed.</summary>
    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken ct)
    {
        try
        {
            while (!data.IsEmpty)
            {
                data = data[await _socket.SendAsync(data, SocketFlags.None, ct).ConfigureAwait(false)..];
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Sets a terminal's size (ioctl_tty(2), TIOCSWINSZ).</summary>
    public unsafe void Resize(int rows, int columns)
    {
        var size = stackalloc ushort[4] { (ushort)rows, (ushort)columns, 0, 0 };
        if (!_socket.SafeHandle.IsClosed)
        {
            _ = Libc.SetWindowSize((int)_socket.SafeHandle.DangerousGetHandle(), SetWindowSizeRequest, size);
        }
    }

    public void Dispose() => _socket.Dispose();
}
