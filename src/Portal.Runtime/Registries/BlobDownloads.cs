using System.Globalization;
using Microsoft.Extensions.Logging;
using Portal.Runtime.Images;

namespace Portal.Runtime.Registries;

/// <summary>
/// Downloads of this host: few at a time, each blob once however many pulls want it. What a broken pull leaves is kept for a while, for the one
/// that comes after it: for a minute after the start of the process, else for ten.
/// </summary>
internal sealed class BlobDownloads : IDisposable
{
    private static readonly TimeSpan s_afterStart = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_afterBreak = TimeSpan.FromMinutes(10);

    private readonly string _folder;
    private readonly ContentStore _content;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _slots;
    private readonly Lock _gate = new();
    private readonly Dictionary<BlobDescriptor, Entry> _running = [];
    private readonly Dictionary<string, DateTimeOffset> _leftovers = [];
    private readonly ITimer _sweep;

    public BlobDownloads(ContentStore content, RegistrySettings settings, TimeProvider time, ILogger<BlobDownloads> log)
    {
        (_content, _time, _log, _folder) = (content, time, log, content.PartialFolder);
        _slots = new(settings.MaximumDownloads);
        var now = time.GetUtcNow();
        foreach (var path in Directory.EnumerateFiles(_folder))
        {
            _leftovers[path] = now + s_afterStart;
        }

        _sweep = time.CreateTimer(_ => Sweep(), null, _leftovers.Count > 0 ? s_afterStart : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        _sweep.Dispose();
        _slots.Dispose();
    }

    /// <summary>Starts a download, or takes part in one that runs. Without anybody who takes part it is cancelled.</summary>
    public Part Start(RegistryRepository repository, BlobDescriptor blob)
    {
        var key = blob with { MediaType = "" };
        lock (_gate)
        {
            if (!_running.TryGetValue(key, out var entry) || entry.Task.IsFaulted || entry.Task.IsCanceled || entry.Cancel.IsCancellationRequested)
            {
                var path = PathOf(key);
                _leftovers.Remove(path);
                var earlier = entry?.Task ?? Task.CompletedTask;
                entry = new(new(key, path, _slots, _time, (e, offset) => _log.Retrying(e, key.Digest.ToString(), offset)));
                _running[key] = entry;
                entry.Task = RunAsync(entry, earlier, repository);
            }

            entry.Users++;
            return new(this, entry);
        }
    }

    /// <summary>Deletes what is left of blobs that nobody fetches now.</summary>
    public void Discard(IEnumerable<BlobDescriptor> blobs)
    {
        lock (_gate)
        {
            foreach (var key in blobs.Select(b => b with { MediaType = "" }).Where(k => !_running.ContainsKey(k)))
            {
                File.Delete(PathOf(key));
                _leftovers.Remove(PathOf(key));
            }
        }
    }

    private static async Task<StagedBlob> RunAsync(Entry entry, Task earlier, RegistryRepository repository)
    {
        // Who started it may leave before the others do.
        using var connection = repository.Connection.Share();
        // One that was given up may still write to the file.
        await earlier.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return await Task.Run(() => entry.Download.RunAsync(repository, entry.Cancel.Token)).ConfigureAwait(false);
    }

    private void Leave(Entry entry)
    {
        lock (_gate)
        {
            if (--entry.Users > 0)
            {
                return;
            }

            entry.Cancel.Cancel();
            _ = entry.Task.ContinueWith(_ => End(entry), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>Nobody takes part any more, and nothing is written any more.</summary>
    private void End(Entry entry)
    {
        lock (_gate)
        {
            // Somebody may have come in the meantime and found it whole.
            if (entry.Users > 0)
            {
                return;
            }

            var (key, path) = (entry.Download.Blob, entry.Download.Path);
            if (_running.TryGetValue(key, out var current) && current == entry)
            {
                _running.Remove(key);
            }
            else if (current is not null)
            {
                // The next try is under way in the same file.
                return;
            }

            if (!File.Exists(path))
            {
                return;
            }

            if (_content.Exists(key.Digest) || new FileInfo(path).Length == 0)
            {
                File.Delete(path);
                return;
            }

            _leftovers[path] = _time.GetUtcNow() + s_afterBreak;
            Schedule();
        }
    }

    private void Sweep()
    {
        lock (_gate)
        {
            var now = _time.GetUtcNow();
            foreach (var path in _leftovers.Where(l => l.Value <= now).Select(l => l.Key).ToArray())
            {
                File.Delete(path);
                _leftovers.Remove(path);
                _log.PartialDeleted(Path.GetFileName(path));
            }

            Schedule();
        }
    }

    private void Schedule()
    {
        if (_leftovers.Count > 0)
        {
            var wait = _leftovers.Values.Min() - _time.GetUtcNow();
            _ = _sweep.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private string PathOf(BlobDescriptor blob) => Path.Combine(_folder, $"{blob.Digest.Hex}-{blob.Size.ToString(CultureInfo.InvariantCulture)}");

    internal sealed class Entry(BlobDownload download)
    {
        public BlobDownload Download => download;

        public CancellationTokenSource Cancel { get; } = new();

        public Task<StagedBlob> Task { get; set; } = null!;

        public int Users { get; set; }
    }

    /// <summary>One pull's part in a download, until it is disposed.</summary>
    internal sealed class Part : IDisposable
    {
        private readonly BlobDownloads _owner;
        private Entry? _entry;

        internal Part(BlobDownloads owner, Entry entry)
        {
            (_owner, _entry) = (owner, entry);
            (Download, Whole) = (_entry.Download, _entry.Task);
        }

        public BlobDownload Download { get; }

        /// <summary>Its content, once that is there and right.</summary>
        public Task<StagedBlob> Whole { get; }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _entry, null) is { } entry)
            {
                _owner.Leave(entry);
            }
        }
    }
}
