using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Volumes;

/// <summary>
/// Volumes under <c>volumes/&lt;name&gt;</c>: <c>volume.json</c> and the data in <c>_data</c>, where that of a volume with options is
/// mounted while it is used.
/// </summary>
internal sealed partial class LocalVolumes(RuntimeOptions options, ContainerStore containers, VolumeMounts mounts, IRuntimeEvents events, TimeProvider time, ILogger<LocalVolumes> log) : IVolumes
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute;
    private const UnixFileMode Open = Private | UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly ConcurrentDictionary<string, VolumeSnapshot> _volumes = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly List<(string Name, ContainerId User)> _claims = [];

    private string Root { get; } = options.DataRoot + "/volumes";

    /// <summary>
    /// Reads what is on disk. A folder without a record is a creation that never finished and goes; so does what was made for
    /// a container that never came to be. A record that cannot be read is set aside, and its data stays.
    /// </summary>
    public void Load()
    {
        Directory.CreateDirectory(Root, Private);
        foreach (var folder in Directory.EnumerateDirectories(Root))
        {
            var path = folder + "/volume.json";
            if (!File.Exists(path))
            {
                if (!SetAside.Exists(path))
                {
                    DirectoryTree.Delete(folder);
                }

                continue;
            }

            DurableFile.Sweep(folder);
            DirectoryTree.Delete($"{folder}/{BesideName}");
            if (TryRead(path) is not { } record || record.Name != Path.GetFileName(folder))
            {
                LogUnreadable(Path.GetFileName(folder), SetAside.Move(path, time));
            }
            else if (record.Maker is { } maker && containers.Unfinished.Contains(maker))
            {
                Delete(folder);
            }
            else
            {
                _volumes[record.Name] = record.Snapshot;
                _cutUploads.AddRange(Directory.EnumerateFiles(folder, UploadPrefix + "*").Select(note => (record.Name, note)));
            }
        }
    }

    public IReadOnlyList<VolumeSnapshot> List() => [.. _volumes.Values.OrderBy(volume => volume.Name, StringComparer.Ordinal)];

    public VolumeSnapshot Resolve(string name) =>
        _volumes.TryGetValue(name, out var volume) ? volume : throw new ErrorException(ErrorKind.NotFound, "volume.not_found", $"get {name}: no such volume");

    public Task<VolumeSnapshot> CreateAsync(string? name, IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string>? options, CancellationToken ct) =>
        CreateAsync(name, labels, options, user: null, ct);

    /// <summary>
    /// Makes one, or answers the one of that name, for a container about to be made. Until <see cref="Settle"/> it counts as
    /// the container's, so that nobody removes it in between.
    /// </summary>
    public Task<VolumeSnapshot> ClaimAsync(
        string? name, IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string>? options, ContainerId user, CancellationToken ct) =>
        CreateAsync(name, labels, options, (ContainerId?)user, ct);

    /// <summary>The same for one that must be there.</summary>
    /// <exception cref="ErrorException">404: it is gone.</exception>
    public void Claim(string name, ContainerId user)
    {
        lock (_lock)
        {
            Resolve(name);
            _claims.Add((name, user));
        }
    }

    /// <summary>Ends a container's claims: it is in the store, or is not going to be.</summary>
    public void Settle(ContainerId user)
    {
        lock (_lock)
        {
            _claims.RemoveAll(claim => claim.User == user);
        }
    }

    /// <summary>Has what a container's volumes are made of in its place, until <see cref="Release"/>. Once more for the same container counts once.</summary>
    /// <exception cref="ErrorException">It cannot be mounted; what is held already stays so.</exception>
    public void Hold(ContainerSnapshot container)
    {
        foreach (var volume in VolumesOf(container))
        {
            mounts.Hold(volume, container.Id);
        }
    }

    /// <summary>The container has ended. What it was the last to use is unmounted.</summary>
    public void Release(ContainerId container) => mounts.Release(container);

    /// <summary>Has one volume in its place until that is disposed of.</summary>
    /// <exception cref="ErrorException">404, or it cannot be mounted.</exception>
    public IDisposable Use(string name) => mounts.Use(Resolve(name));

    /// <summary>Has those of a container in their places until that is disposed of.</summary>
    public IDisposable Use(ContainerSnapshot container) => mounts.Use([.. VolumesOf(container)]);

    /// <summary>After a start: of what is mounted, running containers hold theirs, and the rest belongs to nobody.</summary>
    public void Adopt(IEnumerable<ContainerSnapshot> running)
    {
        var holders = running.SelectMany(container => VolumesOf(container).Select(volume => (volume.Name, Holder: container.Id))).ToLookup(pair => pair.Name, pair => pair.Holder);
        foreach (var volume in List())
        {
            mounts.Adopt(volume, holders[volume.Name].Cast<object>());
            SettleRestore(volume);
            SettleFill(volume, holders.Contains(volume.Name));
        }

        Sweeping = Task.Run(SweepUploads);
    }

    /// <summary>What <see cref="Adopt"/> has begun and nobody waits for.</summary>
    internal Task Sweeping { get; private set; } = Task.CompletedTask;

    private IEnumerable<VolumeSnapshot> VolumesOf(ContainerSnapshot container) =>
        container.Mounts.Select(mount => mount.VolumeName is { } name ? _volumes.GetValueOrDefault(name) : null).OfType<VolumeSnapshot>().Distinct();

    private Task<VolumeSnapshot> CreateAsync(
        string? name, IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string>? options, ContainerId? user, CancellationToken ct)
    {
        var anonymous = string.IsNullOrEmpty(name);
        name = anonymous ? RandomNumberGenerator.GetHexString(64, lowercase: true) : name!;
        VolumeName.Check(name);
        var parsed = VolumeOptions.Parse(name, options);
        return Task.Run(() => Create(name, labels, parsed, anonymous, user), ct);
    }

    public Task RemoveAsync(string name, bool force, CancellationToken ct) => Task.Run(() => Remove(name, force), ct);

    /// <summary>Removes a volume if no container uses it; never fails for an absent one.</summary>
    /// <param name="name">The volume.</param>
    /// <param name="user">A container that is being removed: it does not count any more.</param>
    public void Discard(string name, ContainerId? user = null)
    {
        lock (_lock)
        {
            if (Users(name).All(other => other == user) && !mounts.IsUsed(name))
            {
                Remove(name, force: true, user);
            }
        }
    }

    /// <summary>Tells that a container begins to use its volumes.</summary>
    public void PublishMounted(ContainerSnapshot container)
    {
        foreach (var mount in container.Mounts.Where(mount => mount.VolumeName is not null))
        {
            Publish("mount", mount.VolumeName!, ("container", container.Id.Value), ("destination", mount.Target), ("propagation", mount.Propagation), ("read/write", mount.ReadOnly ? "false" : "true"));
        }
    }

    /// <summary>Tells that it has ended.</summary>
    public void PublishUnmounted(ContainerSnapshot container)
    {
        foreach (var mount in container.Mounts.Where(mount => mount.VolumeName is not null))
        {
            Publish("unmount", mount.VolumeName!, ("container", container.Id.Value));
        }
    }

    private VolumeSnapshot Create(string name, IReadOnlyDictionary<string, string> labels, VolumeOptions options, bool anonymous, ContainerId? user)
    {
        lock (_lock)
        {
            if (user is { } claimant)
            {
                _claims.Add((name, claimant));
            }

            if (_volumes.TryGetValue(name, out var existing))
            {
                return existing;
            }

            var folder = $"{Root}/{name}";
            if (_comingVolumes.Contains(name))
            {
                throw Coming(name);
            }

            if (SetAside.Exists(folder + "/volume.json"))
            {
                throw new ErrorException(ErrorKind.Conflict, "volume.unreadable", $"create {name}: the record of this volume cannot be read; it was set aside in volumes/{name} of the data root, where its data is too");
            }

            var volume = new VolumeSnapshot(name, folder + "/_data", time.GetUtcNow(), labels, anonymous) { Options = options };

            // Nobody but its container knows an invented name: should that never come to be, the volume must not either.
            var record = VolumeRecord.Of(volume, anonymous ? user : null);
            var isNew = !Directory.Exists(folder);
            try
            {
                Directory.CreateDirectory(folder, Private);
                Directory.CreateDirectory(folder + "/_data", Open);
                DurableFile.Write(folder + "/volume.json", JsonSerializer.SerializeToUtf8Bytes(record, ContainerJson.Default.VolumeRecord));
                Libc.SyncDirectory(Root);
            }
            catch when (isNew)
            {
                // No record was left, at most its temporary file.
                DirectoryTree.Delete(folder);
                throw;
            }

            _volumes[name] = volume;
            Publish("create", name);
            return volume;
        }
    }

    private void Remove(string name, bool force, ContainerId? except = null)
    {
        lock (_lock)
        {
            if (!_volumes.TryGetValue(name, out var volume))
            {
                if (!force)
                {
                    Resolve(name);
                }

                return;
            }

            var users = Users(name).Where(user => user != except).ToArray();
            if (users.Length > 0)
            {
                throw new ErrorException(ErrorKind.Conflict, "volume.in_use", $"remove {name}: volume is in use - [{string.Join(", ", users)}]");
            }

            // Never into what is mounted: the data of a volume with options is not the engine's.
            mounts.Drop(volume);
            Delete($"{Root}/{name}");
            _volumes.TryRemove(name, out _);
            Publish("destroy", name);
        }
    }

    /// <summary>The record last: until then it is a volume that can be removed again.</summary>
    private static void Delete(string folder)
    {
        DirectoryTree.Delete(folder + "/_data");
        File.Delete(folder + "/volume.json");
        DirectoryTree.Delete(folder);
    }

    private ContainerId[] Users(string name) =>
        [
            .. containers.All.Where(container => container.Snapshot.Mounts.Any(mount => mount.VolumeName == name)).Select(container => container.Id)
                .Concat(_claims.Where(claim => claim.Name == name).Select(claim => claim.User)).Distinct(),
        ];

    private void Publish(string action, string name, params ReadOnlySpan<(string Key, string Value)> attributes)
    {
        var all = new Dictionary<string, string> { ["driver"] = "local" };
        foreach (var (key, value) in attributes)
        {
            all[key] = value;
        }

        events.Publish(new("volume", action, name, all, time.GetUtcNow()));
    }

    private static VolumeRecord? TryRead(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), ContainerJson.Default.VolumeRecord) is { Labels: not null, MountPoint: not null } record ? record : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    [LoggerMessage(3320, LogLevel.Error, "The record of volume {Volume} cannot be read; it was set aside as {Path}. The volume's data is untouched.")]
    private partial void LogUnreadable(string volume, string path);
}
