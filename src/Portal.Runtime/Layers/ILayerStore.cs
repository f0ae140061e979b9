using Portal.Domain.Primitives;

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

    /// <summary>Mounts a container's root file system. Mounting a mounted one answers the same path.</summary>
    /// <returns>The absolute path of the root.</returns>
    string Mount(ContainerId container);

    /// <summary>Where a container's layers are; null when it has none.</summary>
    LayerFolders? Locate(ContainerId container) => null;

    /// <summary>Unmounts it; not mounted is success.</summary>
    void Unmount(ContainerId container);

    /// <summary>Unmounts and deletes the writable layer; absent is success.</summary>
    void Remove(ContainerId container);

    /// <summary>Removes mounts and writable layers that belong to none of <paramref name="known"/>. Run at start.</summary>
    void Sweep(IReadOnlySet<ContainerId> known);
}

/// <summary>Folders of a container's root file system, as overlayfs names them.</summary>
/// <param name="Lower">Of the image, topmost first.</param>
/// <param name="Upper">What the container has written.</param>
/// <param name="Work">The kernel's.</param>
/// <param name="Merged">Where all of it is mounted.</param>
public sealed record LayerFolders(IReadOnlyList<string> Lower, string Upper, string Work, string Merged);
