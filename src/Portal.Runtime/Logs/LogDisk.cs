namespace Portal.Runtime.Logs;

/// <summary>Remembers when the disk of the logs was last full, once somebody has asked.</summary>
internal sealed class LogDisk(RuntimeOptions options, TimeProvider time) : IDisposable
{
    // More than nothing: what conmon may use as root is not counted here. So this says that lines may be lost, not that they are.
    private const long Full = 1 << 20;

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private ITimer? _timer;
    private long _lastFull = long.MinValue;

    /// <summary>The disk was full at some time after <paramref name="timestamp"/>, as far as was seen.</summary>
    public bool WasFullSince(long timestamp)
    {
        lock (_lock)
        {
            _timer ??= time.CreateTimer(_ => Look(), null, TimeSpan.Zero, s_interval);
        }

        return Volatile.Read(ref _lastFull) >= timestamp;
    }

    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        try
        {
            if (new DriveInfo(options.DataRoot).AvailableFreeSpace < Full)
            {
                Volatile.Write(ref _lastFull, time.GetTimestamp());
            }
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // Nothing to be learned from a disk that does not answer.
        }
    }
}
