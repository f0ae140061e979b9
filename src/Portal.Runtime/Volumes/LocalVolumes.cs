using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Volumes;

/// <summary>Volumes under <c>volumes/&lt;name&gt;</c>: <c>volume.json</c> and the data in <c>_data</c>.</summary>
internal sealed class LocalVolumes(RuntimeOptions options, ContainerStore containers, IRuntimeEvents events, TimeProvider time) : IVolumes
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute;
    private const UnixFileMode Open = Private | UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly ConcurrentDictionary<string, VolumeSnapshot> _volumes = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    private string Root { get; } = options.DataRoot + "/volumes";

    /// <summary>Reads what is on disk. A folder without a record is a creation that never finished and goes.</summary>
    public void Load()
    {
        Directory.CreateDirectory(Root, Private);
        foreach (var folder in Directory.EnumerateDirectories(Root))
        {
            var path = folder + "/volume.json";
            if (!File.Exists(path))
            {
                DirectoryTree.Delete(folder);
                continue;
            }

            DurableFile.Sweep(folder);
            if (TryRead(path) is { } volume)
            {
                _volumes[volume.Name] = volume;
            }
        }
    }

    public IReadOnlyList<VolumeSnapshot> List() => [.. _volumes.Values.OrderBy(volume => volume.Name, StringComparer.Ordinal)];

    public VolumeSnapshot Resolve(string name) =>
        _volumes.TryGetValue(name, out var volume) ? volume : throw new ErrorException(ErrorKind.NotFound, "volume.not_found", $"get {name}: no such volume");

    public Task<VolumeSnapshot> CreateAsync(string? name, IReadOnlyDictionary<string, string> labels, CancellationToken ct)
    {
        var anonymous = string.IsNullOrEmpty(name);
        name = anonymous ? RandomNumberGenerator.GetHexString(64, lowercase: true) : name!;
        if (!ContainerValidation.IsName(name))
        {
            throw new ErrorException(
                ErrorKind.Invalid, "volume.invalid_name",
                $"create {name}: \"{name}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path");
        }

        return Task.Run(() => Create(name, labels, anonymous), ct);
    }

    public Task RemoveAsync(string name, bool force, CancellationToken ct) => Task.Run(() => Remove(name, force), ct);

    /// <summary>Removes a volume if no container uses it; never fails for an absent one.</summary>
    public void Discard(string name)
    {
        if (Users(name).Length == 0)
        {
            Remove(name, force: true);
        }
    }

    private VolumeSnapshot Create(string name, IReadOnlyDictionary<string, string> labels, bool anonymous)
    {
        lock (_lock)
        {
            if (_volumes.TryGetValue(name, out var existing))
            {
                return existing;
            }

            var folder = $"{Root}/{name}";
            Directory.CreateDirectory(folder, Private);
            Directory.CreateDirectory(folder + "/_data", Open);
            var volume = new VolumeSnapshot(name, folder + "/_data", time.GetUtcNow(), labels, anonymous);
            DurableFile.Write(folder + "/volume.json", JsonSerializer.SerializeToUtf8Bytes(volume, ContainerJson.Default.VolumeSnapshot));
            Libc.SyncDirectory(Root);
            _volumes[name] = volume;
            Publish("create", name);
            return volume;
        }
    }

    private void Remove(string name, bool force)
    {
        lock (_lock)
        {
            if (!_volumes.ContainsKey(name))
            {
                if (!force)
                {
                    Resolve(name);
                }

                return;
            }

            var users = Users(name);
            if (users.Length > 0)
            {
                throw new ErrorException(ErrorKind.Conflict, "volume.in_use", $"remove {name}: volume is in use - [{string.Join(", ", users)}]");
            }

            // The record last: until then it is a volume that can be removed again.
            var folder = $"{Root}/{name}";
            DirectoryTree.Delete(folder + "/_data");
            File.Delete(folder + "/volume.json");
            DirectoryTree.Delete(folder);
            _volumes.TryRemove(name, out _);
            Publish("destroy", name);
        }
    }

    private ContainerId[] Users(string name) =>
        [.. containers.All.Where(container => container.Snapshot.Mounts.Any(mount => mount.VolumeName == name)).Select(container => container.Id)];

    private void Publish(string action, string name) =>
        events.Publish(new("volume", action, name, new Dictionary<string, string> { ["driver"] = "local" }, time.GetUtcNow()));

    private static VolumeSnapshot? TryRead(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), ContainerJson.Default.VolumeSnapshot);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
