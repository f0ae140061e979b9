using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Files;

/// <summary>
/// The root of a container, open: what its processes see when it runs, and its layer with its volumes when it does not. Paths
/// are resolved by the kernel inside of it, whatever the container does meanwhile.
/// </summary>
/// <param name="root">The root.</param>
/// <param name="look">Keeps the layer mounted.</param>
/// <param name="mounts">Keeps the mounts of a stopped container's view; null for a running one.</param>
/// <param name="isReadOnly">The root is one that the container may not write, even if the view could.</param>
/// <param name="ownDevices">The device folder is the engine's own, not a mount that was asked for.</param>
internal sealed class ContainerRoot(SafeFileHandle root, LayerLook look, SafeFileHandle? mounts, bool isReadOnly, bool ownDevices) : IDisposable
{
    private readonly FileFacts _facts = Facts(root);

    public SafeFileHandle Handle => root;

    public void Dispose()
    {
        root.Dispose();
        mounts?.Dispose();
        look.Dispose();
    }

    /// <summary>A descriptor of what is at a path. The last part, if it is a link, is not followed, unless the path says that it is a folder.</summary>
    public Errno TryOpen(ContainerPath path, out SafeFileHandle? node)
    {
        if (path.IsFolder || path.Text.Length == 1)
        {
            return TryOpenFolder(path, out node);
        }

        // The folder first: the kernel would take the flag for the last part as one for the whole path.
        var errno = Libc.OpenInRoot(root, Bytes(path.Parent.Length == 0 ? "." : path.Parent), Libc.OpenPath | Libc.OpenDirectory, followLinks: true, out var parent);
        using (parent)
        {
            node = null;
            return errno != 0 ? errno : Checked(Libc.OpenNode(parent!, Bytes(path.Leaf), out node), ref node);
        }
    }

    /// <summary>A descriptor of the folder at a path; every link is followed.</summary>
    public Errno TryOpenFolder(ContainerPath path, out SafeFileHandle? folder) =>
        Checked(Libc.OpenInRoot(root, Bytes(path.Inside), Libc.OpenPath | Libc.OpenDirectory, followLinks: true, out folder), ref folder);

    /// <summary>Refuses to write where the container may not.</summary>
    /// <exception cref="Domain.Primitives.ErrorException">403.</exception>
    public void DemandWritable(SafeFileHandle folder)
    {
        var onRoot = SameMount(Facts(folder), _facts);
        if ((Libc.FileSystemOf(folder, "a folder of a container").Flags & FileSystemFlags.ReadOnly) != 0 || (onRoot && isReadOnly))
        {
            throw onRoot ? FileErrors.ReadOnlyRoot() : FileErrors.ReadOnlyVolume();
        }
    }

    /// <summary>True for a folder of the root's own file system.</summary>
    public bool IsOnRoot(SafeFileHandle folder) => SameMount(Facts(folder), _facts);

    /// <summary>Whether a mount in the tree holds files of the container: not the kernel's faces, nor the engine's device folder.</summary>
    public bool Enters(SafeFileHandle folder, FileFacts facts)
    {
        if (KernelFileSystems.Holds(folder))
        {
            return false;
        }

        if (!ownDevices || Libc.OpenNode(root, "dev"u8, out var devices) != 0)
        {
            return true;
        }

        using (devices)
        {
            var dev = Facts(devices!);
            return !dev.IsMountRoot || (dev.FileSystem, dev.Inode) != (facts.FileSystem, facts.Inode);
        }
    }

    /// <summary>What the kernel shows of itself is no file of the container; only the folder it is mounted on is.</summary>
    private static Errno Checked(Errno errno, ref SafeFileHandle? node)
    {
        if (errno != 0 || !KernelFileSystems.Holds(node!) || Facts(node!).IsMountRoot)
        {
            return errno;
        }

        node!.Dispose();
        node = null;
        return Errno.ENOENT;
    }

    private static bool SameMount(FileFacts a, FileFacts b) => a.MountId != 0 ? a.MountId == b.MountId : a.FileSystem == b.FileSystem;

    private static FileFacts Facts(SafeFileHandle node) =>
        Libc.StatAt(node, [], out var facts) is not 0 and var errno ? throw Libc.Failure("stat", "a container's root"u8, errno) : facts;

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
