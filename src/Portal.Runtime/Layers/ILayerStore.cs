using Portal.Domain.Primitives;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Layers;

/// <summary>Unpacked layers, addressed by diff id under a chain id, and the writable layer of each container.</summary>
public interface ILayerStore
{
    /// <summary>
    /// Makes the writable layer of a container over the given image layers. Durable; does not mount.
    /// <paramref name="diffIds"/> are lowest first.
    /// </summary>
    Task CreateContainerLayerAsync(ContainerId container, IReadOnlyList<Digest> diffIds, CancellationToken ct);

    /// <summary>
    /// The same for a container that is removed when it ends. Nothing of it is ever flushed to the disk, which takes the
    /// waits for the disk out of its start and its end; after a power cut the layer is to be removed, not used.
    /// </summary>
    Task CreateContainerLayerAsync(ContainerId container, IReadOnlyList<Digest> diffIds, bool ephemeral, CancellationToken ct) =>
        CreateContainerLayerAsync(container, diffIds, ct);

    /// <summary>The same with all that a container may need beside.</summary>
    Task CreateContainerLayerAsync(ContainerId container, ContainerLayers layers, CancellationToken ct) =>
        CreateContainerLayerAsync(container, layers.DiffIds, layers.Ephemeral, ct);

    /// <summary>Mounts the root of an image that the container was made with, read-only.</summary>
    /// <param name="container">The container.</param>
    /// <param name="index">Which of <see cref="ContainerLayers.Images"/>.</param>
    /// <param name="target">An empty folder.</param>
    void MountImage(ContainerId container, int index, string target) => throw new NotSupportedException();

    /// <summary>Mounts a container's root file system. Mounting a mounted one answers the same path.</summary>
    /// <returns>The absolute path of the root.</returns>
    string Mount(ContainerId container);

    /// <summary>
    /// The same with owners as they are on the disk, whatever <see cref="ContainerLayers.Mappings"/> says. For a container
    /// that nobody else knows yet: whoever mounts it next gets what is mounted.
    /// </summary>
    string MountAsStored(ContainerId container) => Mount(container);
    /// <summary>Where a container's layers are; null when it has none.</summary>
    LayerFolders? Locate(ContainerId container) => null;

    /// <summary>Unmounts it, or has the last one who looks at it do so; not mounted is success.</summary>
    void Unmount(ContainerId container);

    /// <summary>
    /// Has it mounted while somebody looks at it, whether the container runs or not. A start meanwhile gets the same mount:
    /// two of them over one writable layer would not see each other's changes.
    /// </summary>
    LayerLook Look(ContainerId container);

    /// <summary>The folders a container's root is made of.</summary>
    LayerStack Stack(ContainerId container);

    /// <summary>Unmounts and deletes the writable layer; absent is success.</summary>
    void Remove(ContainerId container);

    /// <summary>Removes mounts and writable layers that belong to none of <paramref name="known"/>. Run at start.</summary>
    void Sweep(IReadOnlySet<ContainerId> known);
}

/// <summary>A container's root file system, mounted until this is disposed.</summary>
/// <param name="root">Its absolute path.</param>
/// <param name="end">Ends it.</param>
public sealed class LayerLook(string root, Action end) : IDisposable
{
    private Action? _end = end;

    /// <summary>The absolute path of the root.</summary>
    public string Root => root;

    public void Dispose() => Interlocked.Exchange(ref _end, null)?.Invoke();
}

/// <summary>The folders a container's root is made of.</summary>
/// <param name="Upper">The writable one.</param>
/// <param name="Lowers">Those of the image, topmost first.</param>
public sealed record LayerStack(string Upper, IReadOnlyList<string> Lowers);

/// <summary>What a container's root file system, and other images it mounts, consist of.</summary>
/// <param name="DiffIds">Layers below the writable one, lowest first.</param>
public sealed record ContainerLayers(IReadOnlyList<Digest> DiffIds)
{
    /// <summary>Nothing of the writable layer is to outlive this boot of the machine.</summary>
    public bool Ephemeral { get; init; }

    /// <summary>It has the empty file by which programs know that they are in a container, as every container does; a mere look at layers has not.</summary>
    public bool IsMarked { get; init; } = true;

    /// <summary>Images mounted inside. Their layers stay for as long as the container's own do.</summary>
    public IReadOnlyList<MountedImage> Images { get; init; } = [];

    /// <summary>How owners of files are seen, here and in the mounted images; null for as they are on the disk.</summary>
    public IdMappings? Mappings { get; init; }
}

/// <summary>An image mounted in a container.</summary>
/// <param name="DiffIds">Lowest first; empty when it is taken over.</param>
public sealed record MountedImage(IReadOnlyList<Digest> DiffIds)
{
    /// <summary>Container whose mounted image it is, which may be in no store any more; null for one of the store.</summary>
    public ContainerId? Of { get; init; }

    /// <summary>Which of that container's images.</summary>
    public int Index { get; init; }
}

/// <summary>Folders of a container's root file system, as overlayfs names them.</summary>
/// <param name="Lower">Of the image, topmost first.</param>
/// <param name="Upper">What the container has written.</param>
/// <param name="Work">The kernel's.</param>
/// <param name="Merged">Where all of it is mounted.</param>
public sealed record LayerFolders(IReadOnlyList<string> Lower, string Upper, string Work, string Merged);
