using System.Runtime.InteropServices;

namespace Portal.Runtime.Linux;

/// <summary>A counter that the kernel raises to tell of something (eventfd(2)).</summary>
internal sealed class EventCounter : IDisposable
{
    private readonly DescriptorStream _stream;

    private EventCounter(int fd)
    {
        Number = fd;
        _stream = new(fd);
    }

    /// <summary>The descriptor, to be named to the kernel.</summary>
    public int Number { get; }

    public static EventCounter Open()
    {
        var fd = Libc.EventFd(0, Libc.EventCloseOnExec | Libc.EventNonBlock);
        return fd >= 0 ? new(fd) : throw new LinuxException("eventfd", "counter", (Errno)Marshal.GetLastPInvokeError());
    }

    /// <summary>Waits until it was raised since the last call. False when it was closed.</summary>
    public async ValueTask<bool> WaitAsync(CancellationToken ct) => await _stream.ReadAsync(new byte[sizeof(ulong)], ct).ConfigureAwait(false) > 0;

    public void Dispose() => _stream.Dispose();
}
