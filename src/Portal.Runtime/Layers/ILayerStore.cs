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
