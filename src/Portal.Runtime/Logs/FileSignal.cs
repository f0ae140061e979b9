using System.Threading.Channels;

namespace Portal.Runtime.Logs;

/// <summary>
/// Wakes a reader when a file may have changed: on a notice of the kernel, and every second in case none came (the
/// number of watches is limited, and network file systems give none).
/// </summary>
internal sealed class FileSignal : IDisposable
{
    private static readonly TimeSpan s_rescan = TimeSpan.FromSeconds(1);

    private readonly Channel<bool> _wakeUps = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly ITimer _timer;
    private readonly FileSystemWatcher? _watcher;

    public FileSignal(string path, TimeProvider time)
    {
        _timer = time.CreateTimer(_ => Set(), null, s_rescan, s_rescan);
        try
        {
            _watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!, Path.GetFileName(path)) { NotifyFilter = NotifyFilters.Size | NotifyFilters.LastWrite | NotifyFilters.FileName };
            _watcher.Changed += (_, _) => Set();
            _watcher.Created += (_, _) => Set();
            _watcher.Renamed += (_, _) => Set();
            _watcher.Error += (_, _) => Set();
            _watcher.EnableRaisingEvents = true;
        }
        catch (Exception ex) when (ex is IOException or ArgumentException)
        {
            // No such folder yet, or no watches left: the timer alone does.
            _watcher?.Dispose();
            _watcher = null;
        }
    }

    /// <summary>Wakes the reader now, or makes its next wait return at once.</summary>
    public void Set() => _wakeUps.Writer.TryWrite(true);

    /// <summary>Waits for the next wake-up.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken ct) => _wakeUps.Reader.ReadAsync(ct);

    public void Dispose()
    {
        _watcher?.Dispose();
        _timer.Dispose();
    }
}
