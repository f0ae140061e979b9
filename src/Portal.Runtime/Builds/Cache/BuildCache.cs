using System.Collections.Concurrent;
using System.Text.Json;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Builds.Cache;

/// <summary>
/// What steps of builds led to. A key stands for everything that a step's result depends on, so whoever has the key may take the
/// result. Only builds of this store write here: an image that was pulled or loaded can claim whatever history it likes and never
/// becomes the result of a step.
/// </summary>
internal sealed class BuildCache : IRetainedContent
{
    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, CacheRecord> _records = new(StringComparer.Ordinal);
    private readonly KeyedLock<string> _working = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _inUse = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _layers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _blobs = new(StringComparer.Ordinal);

    /// <summary>Opens the cache. Records of layers that were not on the disk yet, and damaged ones, are dropped: a cache may forget.</summary>
    public BuildCache(RuntimeOptions options, TimeProvider time)
    {
        _folder = Path.Combine(options.DataRoot, "builds", "cache");
        _time = time;
        Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        DurableFile.Sweep(_folder);
        foreach (var path in Directory.GetFiles(_folder, "*.json"))
        {
            if (TryRead(path) is { IsUnflushed: false } record)
            {
                Remember(record);
            }
            else
            {
                File.Delete(path);
            }
        }
    }

    public IEnumerable<CacheRecord> Records => _records.Values;

    /// <inheritdoc/>
    public bool HoldsLayer(Digest chainId)
    {
        lock (_gate)
        {
            return _layers.ContainsKey(chainId.ToString());
        }
    }

    /// <inheritdoc/>
    public bool HoldsBlob(Digest blob)
    {
        lock (_gate)
        {
            return _blobs.ContainsKey(blob.ToString());
        }
    }

    /// <summary>One builder at a time does a step; another that wants the same waits, and finds it done.</summary>
    public Task<IDisposable> EnterAsync(string key, CancellationToken ct) => _working.EnterAsync(key, ct);

    /// <summary>A step that was done on these layers; null when it was not.</summary>
    public CacheRecord? TryGet(string key, IReadOnlyList<Digest> below)
    {
        // The layers below are named by the key only as far as the cache knew: made anew since, they are others.
        return _records.TryGetValue(key, out var record) && FitsOn(record, ChainId.Of(below)) ? record : null;
    }

    /// <summary>Whether a step's layer may not have reached the disk yet.</summary>
    public bool IsUnflushed(string key) => _records.TryGetValue(key, out var record) && record.IsUnflushed;

    /// <summary>Notes that a step was taken from here.</summary>
    public void Use(CacheRecord record) => Put(record with { LastUsed = _time.GetUtcNow(), Uses = record.Uses + 1 });

    /// <summary>Stores what a step led to. It outlives this process after <see cref="Settle"/>, when its layer does.</summary>
    public void Put(CacheRecord record)
    {
        Remember(record);
        var path = PathOf(record.Key);
        var temporary = DurableFile.TemporaryPath(path);
        using (var file = DurableFile.Create(temporary))
        {
            file.Write(JsonSerializer.SerializeToUtf8Bytes(record, CacheJson.Default.CacheRecord));
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>The layers of these steps have reached the disk.</summary>
    public void Settle(IEnumerable<string> keys)
    {
        foreach (var key in keys)
        {
            if (_records.TryGetValue(key, out var record) && record.IsUnflushed)
            {
                Put(record with { IsUnflushed = false });
            }
        }
    }

    /// <summary>Marks a step as one that a build uses, until the answer is disposed.</summary>
    public IDisposable Hold(string key)
    {
        lock (_gate)
        {
            Add(_inUse, key, 1);
        }

        return new Holding(this, key);
    }

    public bool IsInUse(string key)
    {
        lock (_gate)
        {
            return _inUse.ContainsKey(key);
        }
    }

    /// <summary>Forgets a step that no build uses.</summary>
    /// <returns>What was known of it; null when it is used, or known no more.</returns>
    public CacheRecord? Remove(string key)
    {
        lock (_gate)
        {
            if (IsInUse(key) || !_records.TryRemove(key, out var record))
            {
                return null;
            }

            Count(record, -1);
            File.Delete(PathOf(key));
            return record;
        }
    }

    private static bool FitsOn(CacheRecord record, IReadOnlyList<Digest> below)
    {
        var own = record.DiffId is null ? 0 : 1;
        return record.Chain.Count == below.Count + own && (below.Count == 0 || record.Chain[below.Count - 1] == below[^1].ToString());
    }

    private static CacheRecord? TryRead(string path)
    {
        try
        {
            var record = JsonSerializer.Deserialize(File.ReadAllBytes(path), CacheJson.Default.CacheRecord);
            return record is not null && record.Key + ".json" == Path.GetFileName(path) && record.Chain.All(id => Digest.TryParse(id, null, out _))
                && (record.DiffId is null || Digest.TryParse(record.DiffId, null, out _)) ? record : null;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null;
        }
    }

    private void Remember(CacheRecord record)
    {
        lock (_gate)
        {
            Count(record, 1);
            if (_records.TryGetValue(record.Key, out var before))
            {
                Count(before, -1);
            }

            _records[record.Key] = record;
        }
    }

    /// <summary>Keeps the layers it stands on too: without them it would be of no use.</summary>
    private void Count(CacheRecord record, int change)
    {
        foreach (var layer in record.Chain)
        {
            Add(_layers, layer, change);
        }

        if (record.DiffId is { } blob)
        {
            Add(_blobs, blob, change);
        }
    }

    private static void Add(Dictionary<string, int> counts, string id, int change)
    {
        if ((counts[id] = counts.GetValueOrDefault(id) + change) == 0)
        {
            counts.Remove(id);
        }
    }

    private string PathOf(string key) => Path.Combine(_folder, key + ".json");

    private sealed class Holding(BuildCache cache, string key) : IDisposable
    {
        public void Dispose()
        {
            lock (cache._gate)
            {
                Add(cache._inUse, key, -1);
            }
        }
    }
}
