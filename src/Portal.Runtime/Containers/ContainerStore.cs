using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Images;
using Portal.Runtime.Linux;
using Portal.Runtime.Networks;
using Portal.Runtime.Oci;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Containers;

/// <summary>
/// All containers, in memory and on disk: one folder each under <c>containers/</c> with <c>record.json</c>, the log and the
/// network files. Finds by id, name and prefix, and hands out names.
/// </summary>
internal sealed partial class ContainerStore(RuntimeOptions options, TimeProvider time, ILogger<ContainerStore> log) : IImageUsage, IRunningContainers, IContainerNames
{
    private static readonly SearchValues<char> s_lowerHex = SearchValues.Create("0123456789abcdef");

    private const string RecordName = "record.json";
    private const string EphemeralMark = "ephemeral";
    private const string RemovingPrefix = ".removing-";

    private readonly ConcurrentDictionary<ContainerId, Container> _containers = new();
    private readonly ConcurrentDictionary<string, ContainerId> _names = new(StringComparer.Ordinal);
    private readonly HashSet<ContainerId> _unfinished = [];

    private string Root { get; } = options.DataRoot + "/containers";

    /// <summary>Every container, newest first.</summary>
    public IEnumerable<Container> All => _containers.Values.OrderByDescending(container => container.Snapshot.Created);

    /// <summary>Ids of all containers, also of those whose record cannot be read.</summary>
    public IReadOnlySet<ContainerId> Known => _containers.Keys.ToHashSet();

    /// <summary>Creations that an earlier agent did not finish, until <see cref="DropUnfinished"/>.</summary>
    public IReadOnlySet<ContainerId> Unfinished => _unfinished;

    public string Folder(ContainerId id) => $"{Root}/{id}";

    /// <summary>
    /// Reads the records. One that cannot be read is set aside and does not stop the others: its container is listed as dead,
    /// with everything that is left of it, until somebody removes it.
    /// </summary>
    public void Load()
    {
        Directory.CreateDirectory(options.DataRoot, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute);
        Directory.CreateDirectory(Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var folder in Directory.EnumerateDirectories(Root))
        {
            var name = Path.GetFileName(folder);
            if (name.StartsWith(RemovingPrefix, StringComparison.Ordinal))
            {
                Directory.Delete(folder, recursive: true);
            }
            else if (ContainerId.TryParse(name, null, out var id))
            {
                Load(folder, id);
            }
        }
    }

    private void Load(string folder, ContainerId id)
    {
        var path = $"{folder}/{RecordName}";
        if (!File.Exists(path))
        {
            if (SetAside.Exists(path))
            {
                Keep(UnreadableContainer.Describe(id, options.DataRoot, folder));
            }
            else
            {
                _unfinished.Add(id);
            }

            return;
        }

        DurableFile.Sweep(folder);
        if (TryRead(path, id) is { } record)
        {
            Keep(record);
        }
        else if (File.Exists($"{folder}/{EphemeralMark}"))
        {
            // A power cut tore what was never flushed; it is not to come back anyway.
            Directory.Delete(folder, recursive: true);
        }
        else
        {
            LogUnreadable(id, SetAside.Move(path, time));

            // One that runs has left a note of what it is, on another disk.
            Keep(TryRead(new BundlePaths($"{options.RunRoot}/bundles/{id}").Intent, id) ?? UnreadableContainer.Describe(id, options.DataRoot, folder));
        }
    }

    private void Keep(ContainerRecord record)
    {
        _containers[record.Container.Id] = new(record, Folder(record.Container.Id), time);
        _names[record.Container.Name] = record.Container.Id;
    }

    /// <summary>Deletes what is left of the creations that were not finished; to be called when nobody needs to know of them any more.</summary>
    public void DropUnfinished()
    {
        foreach (var id in _unfinished)
        {
            Directory.Delete(Folder(id), recursive: true);
        }

        _unfinished.Clear();
    }

    /// <summary>Finds by full id, name or unique prefix.</summary>
    /// <exception cref="ErrorException">404, or 400 when a prefix fits several.</exception>
    public Container Resolve(string reference)
    {
        if (ContainerId.TryParse(reference, null, out var id) && _containers.TryGetValue(id, out var container) && !container.Snapshot.IsBuildStep)
        {
            return container;
        }

        var name = reference.StartsWith('/') ? reference[1..] : reference;
        if (_names.TryGetValue(name, out id) && _containers.TryGetValue(id, out container) && !container.Snapshot.IsBuildStep)
        {
            return container;
        }

        if (name.Length is > 0 and < 64 && !name.AsSpan().ContainsAnyExcept(s_lowerHex))
        {
            var matches = _containers.Values.Where(candidate => !candidate.Snapshot.IsBuildStep && candidate.Id.Value.StartsWith(name, StringComparison.Ordinal)).Take(2).ToArray();
            if (matches.Length == 1)
            {
                return matches[0];
            }

            if (matches.Length > 1)
            {
                throw new ErrorException(ErrorKind.Invalid, "container.ambiguous", $"Multiple IDs found with provided prefix: {name}");
            }
        }

        throw NoSuch(reference);
    }

    /// <summary>Finds by id.</summary>
    /// <exception cref="ErrorException">404.</exception>
    public Container Get(ContainerId id) => _containers.TryGetValue(id, out var container) ? container : throw NoSuch(id.Value);

    /// <summary>As <see cref="Resolve"/>; null where that throws.</summary>
    public Container? TryResolve(string reference)
    {
        try
        {
            return Resolve(reference);
        }
        catch (ErrorException)
        {
            return null;
        }
    }

    /// <summary>Finds by id; null when there is none.</summary>
    public Container? Find(ContainerId id) => _containers.GetValueOrDefault(id);

    /// <summary>True while there is such a container.</summary>
    public bool Contains(ContainerId id) => _containers.ContainsKey(id);

    /// <summary>Takes a name for a container about to be made; release it if that fails.</summary>
    /// <exception cref="ErrorException">409: taken.</exception>
    public string Reserve(string? name, ContainerId id)
    {
        if (!string.IsNullOrEmpty(name))
        {
            name = ContainerValidation.Name(name);
            var owner = _names.GetOrAdd(name, id);
            return owner == id ? name : throw new ErrorException(
                ErrorKind.Conflict, "container.name_taken",
                $"Conflict. The container name \"/{name}\" is already in use by container \"{owner}\". You have to remove (or rename) that container to be able to reuse that name.");
        }

        for (var attempt = 0; ; attempt++)
        {
            name = NameGenerator.Invent(attempt);
            if (_names.TryAdd(name, id))
            {
                return name;
            }
        }
    }

    /// <summary>Gives a name back that <paramref name="id"/> holds.</summary>
    public void Release(string name, ContainerId id) => _names.TryRemove(new(name, id));

    /// <summary>
    /// Adds a new container; its record is durable when this returns. One that removes itself does not outlive this boot of
    /// the machine, so nothing of it need reach the disk.
    /// </summary>
    public Container Add(ContainerRecord record)
    {
        if (record.Container.IsEphemeral)
        {
            // Before the record: whatever a power cut leaves of that, the mark is there too.
            File.WriteAllBytes($"{Folder(record.Container.Id)}/{EphemeralMark}", []);
            Write(record, durable: false);
        }
        else
        {
            Write(record, durable: true);
            Libc.SyncDirectory(Root);
        }

        return _containers[record.Container.Id] = new(record, Folder(record.Container.Id), time);
    }

    /// <summary>Stores a container's record.</summary>
    /// <param name="container">The container, its gate held.</param>
    /// <param name="durable">It must survive a power cut from now on; otherwise only the end of this process.</param>
    public void Save(Container container, bool durable) => Write(container.Record, durable);

    /// <summary>Finds out whether the disk would take a container's record.</summary>
    /// <exception cref="IOException">It would not.</exception>
    public void DemandRoom(Container container)
    {
        var temporary = DurableFile.TemporaryPath($"{Folder(container.Id)}/{RecordName}");
        try
        {
            using var file = DurableFile.Create(temporary);
            file.Write(JsonSerializer.SerializeToUtf8Bytes(container.Record, ContainerJson.Default.ContainerRecord));
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Forgets a container: its folder first, then its name.</summary>
    public void Remove(Container container)
    {
        // Out of the way at once: a folder without a record is that of a creation which was not finished.
        var folder = Folder(container.Id);
        var doomed = $"{Root}/{RemovingPrefix}{container.Id}";
        DeleteFolder(doomed);
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Move(folder, doomed);
            }
        }
        catch (IOException e) when (DiskFailure.Words(e) is not null)
        {
            // A new name can take a block that a full disk has not got; the deletion needs none.
            doomed = folder;
        }

        DeleteFolder(doomed);
        _containers.TryRemove(container.Id, out _);
        Release(container.Snapshot.Name, container.Id);
    }

    private static void DeleteFolder(string folder)
    {
        for (var attempt = 0; Directory.Exists(folder); attempt++)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (IOException) when (attempt < 3)
            {
                // A rotated log was just being compressed, and its new file came after this had looked.
            }
        }
    }

    public IReadOnlyList<ImageUser> UsersOf(Digest imageId) =>
        [.. _containers.Values.Where(container => container.Snapshot.ImageId == imageId || container.Snapshot.Mounts.Any(mount => mount.ImageId == imageId)).Select(container => new ImageUser(container.Id, container.Snapshot.Status.IsRunning))];

    IReadOnlyList<RunningContainer> IRunningContainers.List()
    {
        var running = new List<RunningContainer>();
        foreach (var (_, container) in _containers)
        {
            if (Running(container) is { } one)
            {
                running.Add(one);
            }
        }

        return running;
    }

    RunningContainer? IRunningContainers.Find(ContainerId id) => _containers.TryGetValue(id, out var container) ? Running(container) : null;

    (string Name, ContainerSpec Spec)? IContainerNames.Describe(ContainerId id) => Find(id)?.Snapshot is { } container ? (container.Name, container.Spec) : null;

    string IRunningContainers.CgroupPath(ContainerId id) => Find(id) is { Snapshot.Spec: var spec } ? OciSpecBuilder.CgroupPath(options, spec, id) : OciSpecBuilder.CgroupPath(options, id);

    private static RunningContainer? Running(Container container) =>
        container.Snapshot.Status is { IsRunning: true, Pid: > 0 } status ? new(container.Id, status.Pid) : null;

    private void Write(ContainerRecord record, bool durable)
    {
        var path = $"{Folder(record.Container.Id)}/{RecordName}";
        var content = JsonSerializer.SerializeToUtf8Bytes(record, ContainerJson.Default.ContainerRecord);
        if (durable)
        {
            DurableFile.Write(path, content);
            return;
        }

        var temporary = DurableFile.TemporaryPath(path);
        try
        {
            using (var file = DurableFile.Create(temporary))
            {
                file.Write(content);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static ContainerRecord? TryRead(string path, ContainerId id)
    {
        try
        {
            var record = RecordReader.Read(File.ReadAllBytes(path));
            return record is { Version: <= ContainerRecord.CurrentVersion } && record.Container.Id == id ? record : null;
        }
        catch (JsonException)
        {
            return null;
        }
        catch (Exception ex) when (ex is NotSupportedException or InvalidOperationException or IOException)
        {
            return null;
        }
    }

    private static ErrorException NoSuch(string reference) => new(ErrorKind.NotFound, "container.not_found", $"No such container: {reference}");

    [LoggerMessage(3300, LogLevel.Error, "The record of container {Container} cannot be read; it was set aside as {Path}.")]
    private partial void LogUnreadable(ContainerId container, string path);
}
