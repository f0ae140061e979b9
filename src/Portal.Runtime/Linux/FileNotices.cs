using System.Runtime.InteropServices;

namespace Portal.Runtime.Linux;

/// <summary>Tells of changes of any number of files through one descriptor (inotify(7)).</summary>
internal sealed class FileNotices : IDisposable
{
    // struct inotify_event: watch (4), mask (4), cookie (4), length of the name that follows (4).
    private const int HeaderSize = 16, BufferSize = 16 * 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, Action> _watches = [];
    private readonly int _fd;
    private readonly DescriptorStream _stream;

    public FileNotices()
    {
        _fd = Libc.InotifyInit(Libc.NoticeFlags);
        if (_fd < 0)
        {
            throw new LinuxException("inotify_init1", "notices", (Errno)Marshal.GetLastPInvokeError());
        }

        _stream = new(_fd);
        _ = ReadAsync();
    }

    /// <summary>Watches a file. The action must be quick.</summary>
    /// <exception cref="LinuxException">There is no such file, or no watch is left.</exception>
    /// <returns>Ends the watch.</returns>
    public IDisposable Watch(string path, Action changed)
    {
        lock (_lock)
        {
            // Under the lock, so that no notice comes before the watch is known.
            var watch = Libc.InotifyAddWatch(_fd, path, Libc.InModify);
            if (watch < 0)
            {
                throw new LinuxException("inotify_add_watch", path, (Errno)Marshal.GetLastPInvokeError());
            }

            _watches[watch] = changed;
            return new Ending(this, watch, changed);
        }
    }

    public void Dispose() => _stream.Dispose();

    private async Task ReadAsync()
    {
        var buffer = new byte[BufferSize];
        while (await _stream.ReadAsync(buffer, CancellationToken.None).ConfigureAwait(false) is var length and > 0)
        {
            for (var position = 0; position + HeaderSize <= length;)
            {
                var item = buffer.AsSpan(position);
                var watch = BitConverter.ToInt32(item);
                var gone = (BitConverter.ToUInt32(item[4..]) & Libc.InIgnored) != 0;
                position += HeaderSize + BitConverter.ToInt32(item[12..]);
                Tell(watch, gone);
            }
        }
    }

    private void Tell(int watch, bool gone)
    {
        Action? changed;
        lock (_lock)
        {
            if (gone)
            {
                _watches.Remove(watch);
                return;
            }

            _watches.TryGetValue(watch, out changed);
        }

        changed?.Invoke();
    }

    private sealed class Ending(FileNotices owner, int watch, Action changed) : IDisposable
    {
        public void Dispose()
        {
            lock (owner._lock)
            {
                // The kernel gives numbers away once only, but the file may be gone and the watch with it.
                if (owner._watches.TryGetValue(watch, out var current) && ReferenceEquals(current, changed))
                {
                    owner._watches.Remove(watch);
                    _ = Libc.InotifyRemoveWatch(owner._fd, watch);
                }
            }
        }
    }
}
