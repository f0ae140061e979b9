using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Portal.Runtime.Builds.Cache;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Builds.Running;

/// <summary>
/// Folders that <c>RUN --mount=type=cache</c> keeps from one build to the next: <c>builds/mounts/&lt;name&gt;/data</c>, the name being a digest
/// of the mount's id and of what it began as, so that nobody's id can be a path.
/// </summary>
internal sealed class CacheMounts
{
    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly KeyedLock<string> _locked = new();
    private readonly ConcurrentDictionary<string, CacheMountRecord> _records = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (int Uses, long Bytes)> _sizes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _users = new(StringComparer.Ordinal);

    public CacheMounts(RuntimeOptions options, TimeProvider time)
    {
        _folder = Path.Combine(options.DataRoot, "builds", "mounts");
        _time = time;
        Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var folder in Directory.GetDirectories(_folder))
        {
            if (TryRead(folder) is { } record)
            {
                _records[record.Id] = record;
            }
            else
            {
                // Not finished, or not to come back.
                DirectoryTree.Delete(folder);
            }
        }
    }

    public IEnumerable<CacheMountRecord> Records => _records.Values;

    public bool IsInUse(string name)
    {
        lock (_users)
        {
            return _users.GetValueOrDefault(name) > 0;
        }
    }

    /// <summary>Bytes in a folder. They are counted once after each use.</summary>
    public long SizeOf(string name)
    {
        if (!_records.TryGetValue(name, out var record))
        {
            return 0;
        }

        if (_sizes.TryGetValue(name, out var known) && known.Uses == record.Uses && !IsInUse(name))
        {
            return known.Bytes;
        }

        var bytes = TreeSize.Of(Data(name), CancellationToken.None);
        if (!IsInUse(name))
        {
            _sizes[name] = (record.Uses, bytes);
        }

        return bytes;
    }

    /// <summary>Takes a folder for one step.</summary>
    /// <param name="name">Stands for the mount's id and everything it begins as.</param>
    /// <param name="id">Id of the mount, for people.</param>
    /// <param name="mount">How it is shared, and whose it is when it is new.</param>
    /// <param name="fill">Fills a new one.</param>
    /// <param name="ct">Gives up waiting for it.</param>
    public async Task<CacheFolder> TakeAsync(string name, string id, RunMount mount, Action<string> fill, CancellationToken ct)
    {
        var held = mount.Sharing == CacheSharing.Locked ? await _locked.EnterAsync(name, ct).ConfigureAwait(false) : null;
        try
        {
            lock (_users)
            {
                if (mount.Sharing == CacheSharing.Private)
                {
                    // The first that nobody uses.
                    var shared = name;
                    for (var number = 1; _users.GetValueOrDefault(name) > 0; number++)
                    {
                        name = CacheKey.Of("private", shared, number.ToString(System.Globalization.CultureInfo.InvariantCulture));
                    }
                }

                _users[name] = _users.GetValueOrDefault(name) + 1;
            }
        }
        catch
        {
            held?.Dispose();
            throw;
        }

        try
        {
            using (await _locked.EnterAsync(name + "/make", ct).ConfigureAwait(false))
            {
                Make(name, id, mount, fill);
            }

            return new(Data(name), () =>
            {
                Leave(name);
                held?.Dispose();
            });
        }
        catch
        {
            Leave(name);
            held?.Dispose();
            throw;
        }
    }

    /// <summary>Deletes a folder that nobody uses.</summary>
    public bool Remove(string name)
    {
        lock (_users)
        {
            if (_users.GetValueOrDefault(name) > 0 || !_records.TryRemove(name, out _))
            {
                return false;
            }

            _sizes.TryRemove(name, out _);

            // Without its record it is rubbish, whatever happens now.
            File.Delete(Record(name));
        }

        DirectoryTree.Delete(Path.Combine(_folder, name));
        return true;
    }

    private void Make(string name, string id, RunMount mount, Action<string> fill)
    {
        var now = _time.GetUtcNow();
        if (_records.TryGetValue(name, out var record))
        {
            Save(record with { LastUsed = now, Uses = record.Uses + 1 });
            return;
        }

        var data = Data(name);
        DirectoryTree.Delete(Path.Combine(_folder, name));
        Directory.CreateDirectory(data);
        fill(data);
        if (Libc.Open(Encoding.UTF8.GetBytes(data), Libc.OpenReadOnly | Libc.OpenDirectory, 0, out var handle) is not 0 and var errno)
        {
            throw new LinuxException("open", data, errno);
        }

        using (handle)
        {
            if (Environment.IsPrivilegedProcess)
            {
                _ = Libc.ChangeOwner(handle!, mount.UserId ?? 0, mount.GroupId ?? 0);
            }

            _ = Libc.ChangeMode(handle!, mount.Mode ?? 0x1ED);
        }

        Save(new() { Id = name, Description = $"cached mount {mount.Target} with id \"{id}\"", Created = now, LastUsed = now, Uses = 1 });
    }

    private void Save(CacheMountRecord record)
    {
        _records[record.Id] = record;
        var temporary = DurableFile.TemporaryPath(Record(record.Id));
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(record, CacheJson.Default.CacheMountRecord));
        File.Move(temporary, Record(record.Id), overwrite: true);
    }

    private void Leave(string name)
    {
        lock (_users)
        {
            if (--_users[name] == 0)
            {
                _users.Remove(name);
            }
        }
    }

    private static CacheMountRecord? TryRead(string folder)
    {
        try
        {
            var record = JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(folder, "record.json")), CacheJson.Default.CacheMountRecord);
            return record?.Id == Path.GetFileName(folder) ? record : null;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null;
        }
    }

    private string Data(string name) => Path.Combine(_folder, name, "data");

    private string Record(string name) => Path.Combine(_folder, name, "record.json");
}

/// <summary>A folder that one step has until this is disposed.</summary>
internal sealed class CacheFolder(string path, Action end) : IDisposable
{
    private Action? _end = end;

    public string Path => path;

    public void Dispose() => Interlocked.Exchange(ref _end, null)?.Invoke();
}
