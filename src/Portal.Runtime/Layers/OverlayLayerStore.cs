using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
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

    /// <summary>Code of the error that a layer is not there.</summary>
    public const string LayerMissing = "layers.missing";

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
    private readonly Dictionary<Digest, string> _lostLinks = [];
    private IReadOnlySet<Digest>? _images;
    private Task _flushing = Task.CompletedTask;
    private LinuxException? _flushFailure;

    /// <summary>Layers that something beside images and containers keeps: asked whenever layers are collected.</summary>
    public Func<Digest, bool> IsRetained { get; set; } = _ => false;

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
            try
            {
                Directory.Move(folder, doomed);
            }
            catch (IOException e) when (DiskFailure.Words(e) is not null)
            {
                // A new name can take a block that a full disk has not got; the deletion needs none.
                doomed = folder;
            }

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

    /// <summary>Tells which layers images need from now on. Before the first call nothing is ever collected.</summary>
    public void Hold(IReadOnlySet<Digest> images)
    {
        lock (_gate)
        {
            _images = images;
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

            foreach (var chain in _known.Keys.Where(c => !images.Contains(c) && !IsRetained(c) && !_leases.ContainsKey(c) && !_users.Values.Any(u => u.Contains(c))).ToArray())
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

    private void MakeContainerFolders(ContainerId container, string[] links, IReadOnlyList<string[]> images, ContainerLayers layers)
    {
        var ephemeral = layers.Ephemeral;
        var folder = FolderOf(container);
        MakeFolder(folder, TraverseMode);
        MakeFolder(Path.Combine(folder, "diff"), RootMode);
        MakeFolder(Path.Combine(folder, "work"), TraverseMode);
        MakeFolder(Path.Combine(folder, "merged"), TraverseMode);
        if (layers.IsMarked)
        {
            MakeContainerMark(folder, links);
        }

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

    /// <summary>
    /// The empty file by which programs know that they are in a container of a Docker engine. Not over an image that has it:
    /// that would count as a change.
    /// </summary>
    private void MakeContainerMark(string folder, string[] links)
    {
        const string Mark = ".dockerenv";
        if (!Array.Exists(links, link => Path.Exists(Path.Combine(_links, link, Mark))))
        {
            var path = Path.Combine(folder, "diff", Mark);
            File.Create(path).Dispose();
            File.SetUnixFileMode(path, RootMode);
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
