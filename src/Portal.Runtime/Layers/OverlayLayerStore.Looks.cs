using System.Collections.Concurrent;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Layers;

internal sealed partial class OverlayLayerStore
{
    private readonly ConcurrentDictionary<ContainerId, Looks> _looks = new();

    /// <inheritdoc/>
    public LayerLook Look(ContainerId container)
    {
        var looks = _looks.GetOrAdd(container, _ => new());
        lock (looks)
        {
            var merged = Path.Combine(FolderOf(container), "merged");
            var mounted = Libc.Stat(merged, out var facts) == 0 && facts.IsMountRoot;
            if (!mounted)
            {
                _ = Mount(container);
            }

            if (looks.Count++ == 0)
            {
                looks.UnmountAtEnd = !mounted;
            }

            return new(merged, () => EndLook(container, looks));
        }
    }

    /// <inheritdoc/>
    public LayerStack Stack(ContainerId container)
    {
        var folder = FolderOf(container);
        return new(Path.Combine(folder, "diff"), [.. File.ReadAllLines(Path.Combine(folder, "lower")).Select(link => Path.Combine(_links, link))]);
    }

    /// <summary>The container is about to run: its mount stays when the last look ends.</summary>
    private void KeepAfterLooks(ContainerId container)
    {
        if (_looks.TryGetValue(container, out var looks))
        {
            lock (looks)
            {
                looks.UnmountAtEnd = false;
            }
        }
    }

    /// <summary>The container does not run any more: true when somebody looks at its files still, and unmounts later.</summary>
    private bool LeaveToLooks(ContainerId container)
    {
        if (!_looks.TryGetValue(container, out var looks))
        {
            return false;
        }

        lock (looks)
        {
            looks.UnmountAtEnd = looks.Count > 0;
            return looks.UnmountAtEnd;
        }
    }

    private void EndLook(ContainerId container, Looks looks)
    {
        lock (looks)
        {
            if (--looks.Count == 0 && looks.UnmountAtEnd)
            {
                Libc.Unmount(Path.Combine(FolderOf(container), "merged"));
            }
        }
    }

    /// <summary>Who looks at a container's root. Locked while its mount is made for them or taken away.</summary>
    private sealed class Looks
    {
        public int Count { get; set; }

        /// <summary>Nobody else needs the mount any more.</summary>
        public bool UnmountAtEnd { get; set; }
    }
}
