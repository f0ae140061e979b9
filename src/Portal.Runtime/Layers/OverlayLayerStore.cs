using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Layers;

/// <summary>
/// Layers on overlayfs.
/// <code>
/// layers/&lt;chain id&gt;/diff         an unpacked layer, never written again
/// layers/&lt;chain id&gt;/layer.json   its record
/// layers/l/&lt;link&gt;                symbolic link to ../&lt;chain id&gt;/diff: mount options have one page for all lower layers
/// layers/.unpack-*               work under way; deleted at start
/// containers-rw/&lt;id&gt;/lower       links of the layers below, topmost first, one per line
/// containers-rw/&lt;id&gt;/{diff,work,merged}
/// containers-rw/&lt;id&gt;/ephemeral      present when nothing of it need reach the disk
/// containers-rw/&lt;id&gt;/image-&lt;n&gt;      links of the layers of an image mounted inside, topmost first, one per line
/// containers-rw/&lt;id&gt;/mappings.json  how owners are seen; absent for as they are on the disk
/// </code>
/// A layer exists once its record does, which is written when its files are on the disk: unsealed ones do not outlive a crash. It is deleted when neither an image nor a container needs it;
/// both the choice and the registration of a new user happen under one lock, so that no layer goes from under a container.
/// </summary>
internal sealed partial class OverlayLayerStore : ILayerStore
{
    /// <summary>Most layers an image may have, as in Docker.</summary>
    public const int MaximumLayers = 127;

    private const UnixFileMode TraverseMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute;
    private const UnixFileMode RootMode = TraverseMode | UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
    private const int MaximumMountData = 4000;
    private const string EmptyLink = "empty";
    private const string EphemeralMark = "ephemeral";

    private readonly string _layers;
    private readonly string _links;
    private readonly string _containers;
    private readonly bool _privileged;
    private readonly ILogger _log;
    private readonly KeyedLock<Digest> _unpacking = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, LayerRecord> _known = [];
    private readonly Dictionary<ContainerId, IReadOnlySet<Digest>> _users = [];
    private readonly Dictionary<Digest, int> _leases = [];
    private readonly HashSet<Digest> _unsealed = [];
    private readonly ConcurrentDictionary<ContainerId, IdMappings> _mappings = new();
    private IReadOnlySet<Digest>? _images;
    private Task _flushing = Task.CompletedTask;
    private LinuxException? _flushFailure;

    /// <summary>Opens the store and reads its records.</summary>
    public OverlayLayerStore(RuntimeOptions options, ILogger<OverlayLayerStore> log)
        : this(options.DataRoot, Environment.IsPrivilegedProcess, log) { }

    internal OverlayLayerStore(string dataRoot, bool privileged, ILogger log)
    {
        _layers = Path.Combine(dataRoot, "layers");
        _links = Path.Combine(_layers, "l");
        _containers = Path.Combine(dataRoot, "containers-rw");
        (_privileged, _log) = (privileged, log);
        foreach (var folder in (string[])[_layers, _links, Path.Combine(_links, EmptyLink), _containers])
        {
            MakeFolder(folder, TraverseMode);
        }

        LoadLayers();
        LoadContainers();
    }

    /// <inheritdoc/>
    public Task CreateContainerLayerAsync(ContainerId container, IReadOnlyList<Digest> diffIds, CancellationToken ct) =>
        CreateContainerLayerAsync(container, diffIds, ephemeral: false, ct);

    /// <inheritdoc/>
    public Task CreateContainerLayerAsync(ContainerId container, IReadOnlyList<Digest> diffIds, bool ephemeral, CancellationToken ct) =>
        CreateContainerLayerAsync(container, new ContainerLayers(diffIds) { Ephemeral = ephemeral }, ct);

    /// <inheritdoc/>
    public Task CreateContainerLayerAsync(ContainerId container, ContainerLayers layers, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var chain = ChainId.Of(layers.DiffIds);
        string[] links;
        List<string[]> images;
        lock (_gate)
        {
            links = LinksOf(chain, layers.DiffIds);
            images = [.. layers.Images.Select(image => image.Of is { } lender ? File.ReadAllLines(ImageFile(FolderOf(lender), image.Index)) : LinksOf(ChainId.Of(image.DiffIds), image.DiffIds))];
            _users[container] = (images.Count == 0 ? chain : chain.Concat(ChainsOf(images.SelectMany(image => image)))).ToHashSet();
        }

        try
        {
            // Synchronous and at once: a few directory entries and one flush, less than a thread hop costs on a busy machine.
            MakeContainerFolders(container, links, images, layers);
            if (layers.Mappings is { } mappings)
            {
                _mappings[container] = mappings;
            }

            return Task.CompletedTask;
        }
        catch
        {
            Remove(container);
            throw;
        }
    }

    /// <inheritdoc/>
    public string Mount(ContainerId container) => Mount(container, _mappings.GetValueOrDefault(container));

    /// <inheritdoc/>
    public string MountAsStored(ContainerId container) => Mount(container, mappings: null);

    private string Mount(ContainerId container, IdMappings? mappings)
    {
        KeepAfterLooks(container);
        var folder = FolderOf(container);
        var merged = Path.Combine(folder, "merged");
        var errno = Libc.Stat(merged, out var facts);
        if (errno != 0)
        {
            throw new LinuxException("stat", merged, errno);
        }

        if (!facts.IsMountRoot)
        {
            var links = File.ReadAllLines(Path.Combine(folder, "lower"));
            var ephemeral = Directory.Exists(Path.Combine(folder, EphemeralMark));
            if (ephemeral)
            {
                // The kernel leaves this behind so that a layer that may have been torn is not mounted again unawares.
                // It was not torn: layers of an earlier boot are removed, not mounted.
                DirectoryTree.Delete(Path.Combine(folder, "work", "work", "incompat"));
            }

            if (mappings is not null)
            {
                MountMapped(mappings, folder, merged, () => MountOverlay(folder, merged, links, ephemeral));
            }
            else
            {
                MountOverlay(folder, merged, links, ephemeral);
            }
        }

        return merged;
    }

    /// <inheritdoc/>
    public LayerFolders? Locate(ContainerId container)
    {
        var folder = FolderOf(container);
        try
        {
            return new(
                [.. File.ReadAllLines(Path.Combine(folder, "lower")).Select(link => Path.GetFullPath(File.ResolveLinkTarget(Path.Combine(_links, link), returnFinalTarget: false)?.FullName ?? Path.Combine(_links, link)))],
                Path.Combine(folder, "diff"), Path.Combine(folder, "work"), Path.Combine(folder, "merged"));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Unmount(ContainerId container)
    {
        if (!LeaveToLooks(container))
        {
            Libc.Unmount(Path.Combine(FolderOf(container), "merged"));
        }
    }

    /// <inheritdoc/>
    public void Remove(ContainerId container)
    {
        var folder = FolderOf(container);
        if (Directory.Exists(folder))
        {
            Libc.Unmount(Path.Combine(folder, "merged"));
            // Out of the way first: what a crash interrupts is found and finished by the next start.
            var doomed = Path.Combine(_containers, $".removing-{container}");
            DirectoryTree.Delete(doomed);
            Directory.Move(folder, doomed);
            DirectoryTree.Delete(doomed);
        }

        _looks.TryRemove(container, out _);

        Forget(container);
    }

    /// <inheritdoc/>
    public void Sweep(IReadOnlySet<ContainerId> known)
    {
        foreach (var folder in Directory.GetDirectories(_containers))
        {
            var name = Path.GetFileName(folder);
            if (!ContainerId.TryParse(name, null, out var container))
            {
                Libc.Unmount(Path.Combine(folder, "merged"));
                DirectoryTree.Delete(folder);
            }
            else if (!known.Contains(container))
            {
                _log.LayerSwept(name);
                Remove(container);
            }
        }
    }

    /// <summary>Ends a container's claim on its layers, and deletes those that nobody needs any more.</summary>
    public void Forget(ContainerId container)
    {
        _mappings.TryRemove(container, out _);
        lock (_gate)
        {
            if (!_users.Remove(container, out var chain) || _images is not { } images || chain.IsSubsetOf(images))
            {
                return;
            }
        }

        Collect();
    }

    /// <summary>True when the layer is unpacked.</summary>
    public bool Has(Digest chainId)
    {
        lock (_gate)
        {
            return _known.ContainsKey(chainId);
        }
    }

    /// <summary>Size of an unpacked layer in bytes; 0 when absent.</summary>
    public long SizeOf(Digest chainId)
    {
        lock (_gate)
        {
            return _known.TryGetValue(chainId, out var layer) ? layer.SizeBytes : 0;
        }
    }

    /// <summary>Keeps layers from being collected, present or to come, until the answer is disposed.</summary>
    public IDisposable Lease(IReadOnlyList<Digest> chainIds)
    {
        lock (_gate)
        {
            foreach (var id in chainIds)
            {
                _leases[id] = _leases.GetValueOrDefault(id) + 1;
            }
        }

        return new LayerLease(this, chainIds);
    }

    /// <summary>
    /// Unpacks a layer unless it is there already. To be called lowest first, under a lease; <see cref="Seal"/> makes it last.
    /// </summary>
    /// <param name="chain">Chain ids, lowest first.</param>
    /// <param name="index">Which of them to unpack.</param>
    /// <param name="diffId">Expected digest of the uncompressed archive.</param>
    /// <param name="open">Opens the archive, plain or compressed.</param>
    /// <param name="below">Ends when the lower layers are there, which may be unpacked at the same time; null when they are.</param>
    /// <param name="ct">Cancels; nothing is left.</param>
    /// <exception cref="ErrorException">The archive is bad, or its digest is another.</exception>
    public async Task UnpackAsync(IReadOnlyList<Digest> chain, int index, Digest diffId, Func<Stream> open, Task? below, CancellationToken ct)
    {
        if (Has(chain[index]))
        {
            return;
        }

        using (await _unpacking.EnterAsync(chain[index], ct).ConfigureAwait(false))
        {
            if (!Has(chain[index]))
            {
                // Unpacking is blocking work from end to end.
                await ArchiveThread.RunAsync(() => Unpack(chain, index, diffId, open, below, ct), ct).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Tells which layers images need from now on. Before the first call nothing is ever collected.</summary>
    public void Hold(IReadOnlySet<Digest> images)
    {
        lock (_gate)
        {
            _images = images;
        }
    }

    /// <summary>The options of an overlay mount.</summary>
    internal static string MountData(string linkFolder, IReadOnlyList<string> links, string folder, bool ephemeral)
    {
        var data = new StringBuilder("lowerdir=");
        foreach (var link in links)
        {
            data.Append(linkFolder).Append('/').Append(link).Append(':');
        }

        // The index only serves NFS exports and hard links across copy-up, and refuses a work directory in use elsewhere. With
        // redirects, or copies of metadata alone, a writable layer could not be read by itself: no diff, no commit.
        data.Length--;
        data.Append(",upperdir=").Append(folder).Append("/diff,workdir=").Append(folder).Append("/work,index=off,redirect_dir=off,metacopy=off");
        return data.Append(ephemeral ? ",volatile" : "").ToString();
    }

    private void MountOverlay(string folder, string merged, string[] links, bool ephemeral)
    {
        var options = MountData(_links, links, folder, ephemeral);
        if (options.Length <= MaximumMountData && folder.AsSpan().IndexOfAny(":,\\") < 0)
        {
            Libc.Mount("overlay", merged, "overlay", MountFlags.None, options);
        }
        else
        {
            MountByHandle(folder, merged, links, ephemeral);
        }
    }

    /// <summary>
    /// For very many layers, or a data root with characters that mount options give a meaning: the same paths through
    /// directory handles, 24 bytes a layer whatever the data root is called.
    /// </summary>
    private void MountByHandle(string folder, string merged, string[] links, bool ephemeral)
    {
        using var linkFolder = OpenFolder(_links);
        using var container = OpenFolder(folder);
        var data = MountData($"/proc/self/fd/{linkFolder.DangerousGetHandle()}", links, $"/proc/self/fd/{container.DangerousGetHandle()}", ephemeral);
        Libc.Mount("overlay", merged, "overlay", MountFlags.None, data);
    }

    private static Microsoft.Win32.SafeHandles.SafeFileHandle OpenFolder(string path)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        var errno = Libc.Open(bytes, Libc.OpenPath | Libc.OpenDirectory, 0, out var handle);
        return errno == 0 ? handle! : throw Libc.Failure("open", bytes, errno);
    }

    private void Unpack(IReadOnlyList<Digest> chain, int index, Digest diffId, Func<Stream> open, Task? below, CancellationToken ct)
    {
        var folder = LayerFolder(chain[index]);
        var work = Path.Combine(_layers, $".unpack-{Guid.NewGuid():n}");
        var diff = Path.Combine(work, "diff");
        MakeFolder(work, TraverseMode);
        try
        {
            MakeFolder(diff, RootMode);
            long size;
            using (var blob = open())
            using (var tar = Compression.Unpack(blob))
            using (var hashing = new HashingStream(tar))
            {
                var budget = SpaceBudget.For(_layers);
                using (var applier = new LayerApplier(diff, () => Lowers(chain, index, below, ct), _privileged, budget))
                {
                    size = applier.Apply(hashing, ct);
                }

                // The digest is of the whole stream, with what follows the end of the archive.
                hashing.CopyTo(Stream.Null);
                if (hashing.Finish() is var actual && actual != diffId)
                {
                    throw ArchiveErrors.Bad($"a layer's content is {actual}, its image says {diffId}");
                }
            }

            var record = new LayerRecord(chain[index].ToString(), diffId.ToString(), NewLink(chain[index]), size);
            lock (_gate)
            {
                Directory.Move(work, folder);
                _known[chain[index]] = record;
                _unsealed.Add(chain[index]);
                StartFlush();
            }
        }
        catch (InvalidDataException e)
        {
            DirectoryTree.Delete(work);
            throw ArchiveErrors.Damaged(e);
        }
        catch
        {
            DirectoryTree.Delete(work);
            throw;
        }
    }

    /// <summary>
    /// Makes layers last, with whatever else is to: all files go to the disk, then the records that say so and what <paramref name="name"/> names, then these.
    /// Two flushes for an image, however many layers and blobs it has. The layers must be leased.
    /// </summary>
    /// <param name="chain">The layers.</param>
    /// <param name="elsewhere">Another folder whose files are flushed too.</param>
    /// <param name="name">Gives names to what is on the disk now.</param>
    public void Seal(IReadOnlyList<Digest> chain, string elsewhere, Action name)
    {
        LayerRecord[] records;
        lock (_gate)
        {
            records = [.. chain.Where(_unsealed.Contains).Distinct().Select(c => _known[c])];
        }

        Flush(elsewhere);
        foreach (var record in records)
        {
            var path = Path.Combine(_layers, record.ChainId["sha256:".Length..], "layer.json");
            var temporary = DurableFile.TemporaryPath(path);
            File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(record, LayerJson.Default.LayerRecord));
            File.Move(temporary, path, overwrite: true);
        }

        name();
        Flush(elsewhere);
        lock (_gate)
        {
            foreach (var record in records)
            {
                _unsealed.Remove(Digest.Parse(record.ChainId, null));
            }
        }
    }

    /// <summary>
    /// Has the disk begin with what is there, while the next layers are unpacked: at the end it has little left to do. Called under the lock.
    /// </summary>
    private void StartFlush()
    {
        if (!_flushing.IsCompleted)
        {
            return;
        }

        _flushing = ArchiveThread.RunAsync(
            () =>
            {
                try
                {
                    SyncFileSystem(_layers);
                }
                catch (LinuxException e)
                {
                    // The kernel tells of a failed write once only.
                    _flushFailure = e;
                }
            },
            CancellationToken.None);
    }

    private void Flush(string elsewhere)
    {
        Task flushing;
        lock (_gate)
        {
            flushing = _flushing;
        }

        flushing.Wait();
        if (Interlocked.Exchange(ref _flushFailure, null) is { } failure)
        {
            throw failure;
        }

        SyncFileSystem(_layers);
        if (Libc.Stat(_layers, out var own) != 0 || Libc.Stat(elsewhere, out var other) != 0 || own.FileSystem != other.FileSystem)
        {
            SyncFileSystem(elsewhere);
        }
    }

    private static void SyncFileSystem(string path)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        var errno = Libc.Open(bytes, Libc.OpenReadOnly | Libc.OpenDirectory, 0, out var handle);
        using (handle)
        {
            errno = errno == 0 ? Libc.SyncFileSystem(handle!) : errno;
        }

        if (errno != 0)
        {
            throw new LinuxException("syncfs", path, errno);
        }
    }

    /// <summary>Folders of the layers below, topmost first, once they are there.</summary>
    private IReadOnlyList<string> Lowers(IReadOnlyList<Digest> chain, int index, Task? below, CancellationToken ct)
    {
        below?.Wait(ct);
        return [.. chain.Take(index).Reverse().Select(c => Path.Combine(LayerFolder(c), "diff"))];
    }

    /// <summary>Random, not derived: who makes an image must not be able to choose a link that another image has.</summary>
    private string NewLink(Digest chainId)
    {
        while (true)
        {
            var link = RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 8);
            if (!Path.Exists(Path.Combine(_links, link)))
            {
                File.CreateSymbolicLink(Path.Combine(_links, link), $"../{chainId.Hex}/diff");
                return link;
            }
        }
    }

    /// <summary>Deletes the layers that no image, container or lease needs.</summary>
    /// <returns>Their chain ids.</returns>
    public IReadOnlyList<Digest> Collect()
    {
        List<(Digest Chain, string Doomed)> doomed = [];
        lock (_gate)
        {
            if (_images is not { } images)
            {
                return [];
            }

            foreach (var chain in _known.Keys.Where(c => !images.Contains(c) && !_leases.ContainsKey(c) && !_users.Values.Any(u => u.Contains(c))).ToArray())
            {
                var target = Path.Combine(_layers, $".unpack-{Guid.NewGuid():n}");
                Directory.Move(LayerFolder(chain), target);
                _known.Remove(chain, out var record);
                _unsealed.Remove(chain);
                File.Delete(Path.Combine(_links, record!.Link));
                doomed.Add((chain, target));
            }
        }

        foreach (var (_, target) in doomed)
        {
            DirectoryTree.Delete(target);
        }

        return [.. doomed.Select(d => d.Chain)];
    }

    private void LoadLayers()
    {
        foreach (var folder in Directory.GetDirectories(_layers))
        {
            var name = Path.GetFileName(folder);
            if (name.StartsWith(".unpack-", StringComparison.Ordinal) || (Digest.TryParse("sha256:" + name, null, out _) && !File.Exists(Path.Combine(folder, "layer.json"))))
            {
                // Never finished, or never sealed.
                DirectoryTree.Delete(folder);
            }
            else if (Digest.TryParse("sha256:" + name, null, out var chain))
            {
                Load(folder, chain);
            }
        }

        var links = _known.Values.Select(r => r.Link).ToHashSet();
        foreach (var link in Directory.GetFileSystemEntries(_links).Where(l => Path.GetFileName(l) != EmptyLink && !links.Contains(Path.GetFileName(l))))
        {
            File.Delete(link);
        }
    }

    private void Load(string folder, Digest chain)
    {
        try
        {
            var record = JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(folder, "layer.json")), LayerJson.Default.LayerRecord);
            if (record is null || record.ChainId != chain.ToString() || !IsLink(record.Link))
            {
                throw new JsonException("The record is of another layer.");
            }

            var link = Path.Combine(_links, record.Link);
            if (!Path.Exists(link))
            {
                File.Delete(link);
                File.CreateSymbolicLink(link, $"../{chain.Hex}/diff");
            }

            _known[chain] = record;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            // The layer is unpacked again from the image's archive; the old folder is put aside for whoever wants to look.
            _log.LayerBroken(e, chain.ToString());
            DirectoryTree.Delete(folder + ".broken");
            Directory.Move(folder, folder + ".broken");
        }
    }

    private void LoadContainers()
    {
        var byLink = _known.ToDictionary(k => k.Value.Link, k => k.Key);
        foreach (var folder in Directory.GetDirectories(_containers))
        {
            var lower = Path.Combine(folder, "lower");
            if (ContainerId.TryParse(Path.GetFileName(folder), null, out var container) && File.Exists(lower))
            {
                LoadContainer(container, folder, File.ReadAllLines(lower), byLink);
            }
        }
    }

    private void MakeContainerFolders(ContainerId container, string[] links, IReadOnlyList<string[]> images, ContainerLayers layers)
    {
        var ephemeral = layers.Ephemeral;
        var folder = FolderOf(container);
        MakeFolder(folder, TraverseMode);
        MakeFolder(Path.Combine(folder, "diff"), RootMode);
        MakeFolder(Path.Combine(folder, "work"), TraverseMode);
        MakeFolder(Path.Combine(folder, "merged"), TraverseMode);
        if (ephemeral)
        {
            MakeFolder(Path.Combine(folder, EphemeralMark), TraverseMode);
        }

        MakeExtras(folder, images, layers.Mappings);
        using (var lower = DurableFile.Create(Path.Combine(folder, "lower")))
        {
            lower.Write(Encoding.ASCII.GetBytes(string.Join('\n', links.Length == 0 ? [EmptyLink] : links)));
            lower.Flush(flushToDisk: !ephemeral);
        }

        if (!ephemeral)
        {
            Libc.SyncDirectory(folder);
            Libc.SyncDirectory(_containers);
        }
    }

    /// <summary>Makes a folder with this very mode, whatever the umask.</summary>
    private static void MakeFolder(string path, UnixFileMode mode)
    {
        Directory.CreateDirectory(path, mode);
        File.SetUnixFileMode(path, mode);
    }

    private static bool IsLink(string link) => link.Length == 8 && link.All(char.IsAsciiLetterOrDigit);

    private string FolderOf(ContainerId container) => Path.Combine(_containers, container.Value);

    private string LayerFolder(Digest chainId) => Path.Combine(_layers, chainId.Hex);

    private sealed class LayerLease(OverlayLayerStore store, IReadOnlyList<Digest> chainIds) : IDisposable
    {
        public void Dispose()
        {
            lock (store._gate)
            {
                foreach (var id in chainIds)
                {
                    if (--store._leases[id] == 0)
                    {
                        store._leases.Remove(id);
                    }
                }
            }
        }
    }
}
