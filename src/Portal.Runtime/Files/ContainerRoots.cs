using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Mounts;
using Portal.Runtime.UserNamespaces;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Files;

/// <summary>Opens the roots of containers.</summary>
internal sealed class ContainerRoots(ContainerStore store, ILayerStore layers, LocalVolumes volumes, RuntimeOptions options)
{
    private const uint FolderMode = 0x1ED; // 0755

    private static readonly string[] s_networkFiles = ["hosts", "hostname", "resolv.conf"];

    /// <summary>
    /// Opens a container's root. Its gate is held only while that is done: work on its files may take as long as a client
    /// likes, and start, stop and remove do not wait for it.
    /// </summary>
    /// <exception cref="ErrorException">409: it is being removed.</exception>
    public ContainerRoot Open(Container container, CancellationToken ct) => UnderGate(
        container,
        look =>
        {
            var snapshot = container.Snapshot;
            var ownDevices = !snapshot.Mounts.Any(mount => mount.Target == "/dev");
            if (container.Run?.Init is { } init && TryOpenRunning(init, look.Root) is { } running)
            {
                return new ContainerRoot(running, look, null, snapshot.Spec.ReadOnlyRootFileSystem, ownDevices);
            }

            var (root, mounts) = OpenStopped(snapshot, look.Root);
            return new(root, look, mounts, snapshot.Spec.ReadOnlyRootFileSystem, ownDevices);
        },
        ct);

    /// <summary>Has a container's own files mounted, without what else its processes see.</summary>
    /// <exception cref="ErrorException">409: it is being removed.</exception>
    public LayerLook Look(Container container, CancellationToken ct) => UnderGate(container, look => look, ct);

    private T UnderGate<T>(Container container, Func<LayerLook, T> open, CancellationToken ct)
    {
        container.Gate.Wait(ct);
        try
        {
            if (container.Record.Removing || container.Snapshot.Status.State is ContainerState.Removing or ContainerState.Dead)
            {
                throw new ErrorException(ErrorKind.Conflict, "container.removing", $"container {container.Snapshot.Name} is marked for removal");
            }

            var look = layers.Look(container.Id);
            try
            {
                return open(look);
            }
            catch
            {
                look.Dispose();
                throw;
            }
        }
        finally
        {
            container.Gate.Release();
        }
    }

    /// <summary>
    /// What the first process has as its root, with everything mounted there. Null when that is not the container's root: the
    /// process has just ended, or it has moved to another root or another namespace, which may be the host's.
    /// </summary>
    private static SafeFileHandle? TryOpenRunning(PidFd init, string merged)
    {
        if (Libc.Open(Encoding.ASCII.GetBytes($"/proc/{init.Pid}/root"), Libc.OpenPath | Libc.OpenDirectory, 0, out var root) != 0)
        {
            return null;
        }

        // Asked after the open: if it is the same process now, it was then.
        if (init.Signal(0) && Libc.StatAt(root!, [], out var facts) == 0 && Libc.Stat(merged, out var own) == 0
            && (facts.FileSystem, facts.Inode) == (own.FileSystem, own.Inode))
        {
            return root;
        }

        root!.Dispose();
        return null;
    }

    /// <summary>
    /// The layer with the container's volumes and folders of the host mounted on it, in a mount namespace that nobody else sees
    /// and that ends with its handle, or with this process.
    /// </summary>
    private (SafeFileHandle Root, SafeFileHandle Mounts) OpenStopped(ContainerSnapshot container, string merged)
    {
        (SafeFileHandle, SafeFileHandle)? opened = null;
        Exception? failure = null;

        // The view has mounts of its own of what is there now.
        using var used = volumes.Use(container);

        // Not a pool thread: it never comes back from its namespace and must end with this work.
        var thread = new Thread(() =>
        {
            try
            {
                opened = Assemble(container, merged);
            }
            catch (Exception ex)
            {
                failure = ex;
            }
        }, maxStackSize: 256 * 1024)
        { IsBackground = true, Name = "files" };
        thread.Start();
        thread.Join();
        return opened ?? throw new IOException($"The files of container {container.Name} cannot be opened: {failure!.Message}", failure);
    }

    private (SafeFileHandle Root, SafeFileHandle Mounts) Assemble(ContainerSnapshot container, string merged)
    {
        Libc.EnterNewMountNamespace();
        var root = SafeSubpath.OpenFolder(merged);
        List<(string Target, SafeFileHandle Tree)> trees = [];
        try
        {
            Gather(container, trees);
            if (container.Mappings is { } mappings)
            {
                // What has to be made to mount on belongs to the container's root.
                Libc.ActAs(mappings.RootUser, mappings.RootGroup);
            }

            foreach (var (target, tree) in trees.OrderBy(mount => mount.Target.Count(c => c == '/')).ThenBy(mount => mount.Target, StringComparer.Ordinal))
            {
                try
                {
                    using var place = Place(root, target, SafeSubpath.IsFolder(tree, target));
                    Libc.AttachTree(tree, place, target);
                }
                catch (LinuxException) when (IsNetworkFile(target))
                {
                    // An image may have in /etc what nothing can be mounted on. Its container will not start, but its own files are there.
                }
            }

            var mounts = Libc.OpenOwnMountNamespace(merged);
            try
            {
                Libc.SwitchRoot(root, merged);
                return (root, mounts);
            }
            catch
            {
                mounts.Dispose();
                throw;
            }
        }
        catch
        {
            root.Dispose();
            throw;
        }
        finally
        {
            trees.ForEach(mount => mount.Tree.Dispose());
        }
    }

    private static bool IsNetworkFile(string target) => Array.Exists(s_networkFiles, name => target == "/etc/" + name);

    /// <summary>What is mounted in the container, attached nowhere yet. A tmpfs is empty while it does not run and is not made.</summary>
    private void Gather(ContainerSnapshot container, List<(string Target, SafeFileHandle Tree)> trees)
    {
        foreach (var mount in container.Mounts.Where(mount => mount.Kind is MountKind.Bind or MountKind.Volume))
        {
            // A folder of the host may be gone. The container will not start either, but its own files are there.
            if (Path.Exists(mount.Source))
            {
                using var source = mount.Kind == MountKind.Bind ? OpenSource(mount.Source)
                    : mount.Subpath.Length > 0 ? SafeSubpath.OpenInVolume(mount.Source, mount.Subpath)
                    : SafeSubpath.OpenFolder(mount.Source);
                var mapped = mount.Kind == MountKind.Volume && container.Mappings is not null;
                var tree = Libc.CloneTree(source, recursive: !mapped && !mount.NonRecursive, mount.Source);
                trees.Add((mount.Target, tree));
                if (mapped)
                {
                    Libc.MapOwners(tree, UserNamespace.For(container.Mappings!), mount.Source);
                }

                if (mount.ReadOnly)
                {
                    Libc.MakeReadOnly(tree, mount.Source);
                }
            }
        }

        foreach (var name in s_networkFiles)
        {
            var path = $"{store.Folder(container.Id)}/{name}";
            if (File.Exists(path) && !container.Mounts.Any(mount => mount.Target == "/etc/" + name))
            {
                using var source = OpenSource(path);
                var tree = Libc.CloneTree(source, recursive: false, path);
                trees.Add(("/etc/" + name, tree));
                if (container.Spec.ReadOnlyRootFileSystem)
                {
                    Libc.MakeReadOnly(tree, path);
                }
            }
        }

        GatherImages(container, trees);
    }

    /// <summary>Images have to be mounted at a path first: below a folder that here, and only here, is in memory.</summary>
    private void GatherImages(ContainerSnapshot container, List<(string Target, SafeFileHandle Tree)> trees)
    {
        var images = container.Mounts.Where(mount => mount.Kind == MountKind.Image).ToArray();
        if (images.Length == 0)
        {
            return;
        }

        Libc.Mount("tmpfs", options.RunRoot, "tmpfs", MountFlags.NoSuid | MountFlags.NoDev, null);
        foreach (var mount in images)
        {
            var folder = Directory.CreateDirectory($"{options.RunRoot}/{mount.ImageIndex}-{trees.Count}").FullName;
            layers.MountImage(container.Id, mount.ImageIndex, folder);
            using var source = mount.Subpath.Length > 0 ? SafeSubpath.OpenInImage(folder, mount.Subpath) : SafeSubpath.OpenFolder(folder);
            trees.Add((mount.Target, Libc.CloneTree(source, recursive: false, folder)));
        }
    }

    private static SafeFileHandle OpenSource(string path)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        var errno = Libc.Open(bytes, Libc.OpenPath, 0, out var handle);
        return errno == 0 ? handle! : throw Libc.Failure("open", bytes, errno);
    }

    /// <summary>The file or folder that is mounted on; made where the container was never started.</summary>
    private static SafeFileHandle Place(SafeFileHandle root, string target, bool isFolder)
    {
        var path = ContainerPath.Parse(target);
        var bytes = Encoding.UTF8.GetBytes(path.Inside);
        var errno = Libc.OpenInRoot(root, bytes, Libc.OpenPath, followLinks: true, out var place);
        if (errno != Errno.ENOENT)
        {
            return errno == 0 ? place! : throw Libc.Failure("open", bytes, errno);
        }

        for (var slash = path.Inside.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.Inside.IndexOf('/', slash + 1))
        {
            Make(root, path.Inside[..slash], isFolder: true);
        }

        Make(root, path.Inside, isFolder);
        errno = Libc.OpenInRoot(root, bytes, Libc.OpenPath, followLinks: true, out place);
        return errno == 0 ? place! : throw Libc.Failure("open", bytes, errno);
    }

    private static void Make(SafeFileHandle root, string inside, bool isFolder)
    {
        var path = ContainerPath.Parse(inside);
        var parentPath = Encoding.UTF8.GetBytes(path.Parent.Length == 0 ? "." : path.Parent);
        var leaf = Encoding.UTF8.GetBytes(path.Leaf);
        var errno = Libc.OpenInRoot(root, parentPath, Libc.OpenPath | Libc.OpenDirectory, followLinks: true, out var parent);
        using (parent)
        {
            if (errno == 0 && isFolder)
            {
                errno = Libc.MakeDirectoryAt(parent!, leaf, FolderMode);
            }
            else if (errno == 0)
            {
                errno = Libc.OpenAt(parent!, leaf, Libc.OpenWriteOnly | Libc.OpenCreate | Libc.OpenNoFollow, 0x1A4, out var file);
                file?.Dispose();
            }

            if (errno is not (0 or Errno.EEXIST))
            {
                throw Libc.Failure("mkdir", Encoding.UTF8.GetBytes(inside), errno);
            }
        }
    }
}
