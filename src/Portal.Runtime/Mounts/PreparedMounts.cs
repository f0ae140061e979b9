using System.Globalization;
using System.Text;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Oci;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Mounts;

/// <summary>
/// What the OCI runtime is to mount but could not find safely, or not at all, by a path: parts of volumes, images, and volumes
/// whose owners are mapped. It is mounted at <c>mounts/&lt;container id&gt;/&lt;n&gt;</c> in the run root for the length of a run, n
/// being the place in the container's list. Most containers have none of it.
/// </summary>
internal sealed class PreparedMounts(RuntimeOptions options, ILayerStore layers) : IPreparedMounts
{
    private const string RootName = "root", DevicesName = "devices", ImageSuffix = ".image";

    // Passing through is for everybody, or a mapped root could not reach its own root file system; looking around for nobody.
    private const UnixFileMode Passage = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute;

    private string Base { get; } = options.RunRoot + "/mounts";

    /// <summary>Where one of a container's mounts is prepared.</summary>
    public string PathOf(ContainerId id, int index) => $"{Base}/{id}/{index}";

    /// <summary>Prepares a start.</summary>
    /// <param name="container">The container.</param>
    /// <param name="root">Its mounted root.</param>
    /// <param name="isCrun">crun is going to run it.</param>
    /// <returns>The root and the mounts as the OCI runtime is to be told.</returns>
    /// <exception cref="ErrorException">Something cannot be mounted; <see cref="TearDown(ContainerId)"/> takes back what was.</exception>
    public (string Root, IReadOnlyList<ResolvedMount> Mounts) Prepare(ContainerSnapshot container, string root, bool isCrun)
    {
        var mounts = new List<ResolvedMount>(container.Mounts.Count);
        var sources = new BindSources(options);
        for (var i = 0; i < container.Mounts.Count; i++)
        {
            var mount = container.Mounts[i];
            switch (mount.Kind)
            {
                case MountKind.Bind:
                    mounts.AddRange(sources.Prepare(mount, container.Mappings, isCrun));
                    break;
                case MountKind.Tmpfs:
                    ProcTargets.Check("tmpfs", mount.Target, () => false);
                    mounts.Add(WithModeOf(root, mount));
                    break;
                case MountKind.Image:
                    ProcTargets.Check(mount.ImageName ?? "", mount.Target, () => false);
                    mounts.Add(PrepareImage(container, i, mount));
                    break;
                case MountKind.Volume:
                default:
                    ProcTargets.Check(mount.Source, mount.Target, () => false);
                    mount = AsMounted(mount);
                    mounts.Add(mount.Subpath.Length > 0 || container.Mappings is not null ? PrepareVolume(container, i, mount) : mount);
                    break;
            }
        }

        return (container.Mappings is null ? root : PrepareRoot(container, root), mounts);
    }

    /// <summary>
    /// Makes device nodes for a container whose user namespace may make none. They are its own, with owners as inside: were
    /// they the host's, only their mode for others would count, and a change of it would be everybody's.
    /// </summary>
    /// <param name="container">A container whose ids are mapped.</param>
    /// <param name="devices">As a container without user namespace would get them.</param>
    /// <returns>Mounts in their place.</returns>
    internal IReadOnlyList<OciMount> MakeDevices(ContainerSnapshot container, IReadOnlyList<OciDevice> devices)
    {
        var mappings = container.Mappings!;
        var folder = MakeTarget(container, DevicesName, isFolder: true);
        if (Libc.MakeTmpfs(out var root) is not 0 and var errno)
        {
            throw new LinuxException("fsmount", folder, errno);
        }

        using (root)
        {
            var mounts = new List<OciMount>(devices.Count);
            foreach (var device in devices)
            {
                var name = mounts.Count.ToString(CultureInfo.InvariantCulture);
                var node = Encoding.ASCII.GetBytes(name);
                var kind = device.Type switch { "b" => FileKind.BlockDevice, "p" => FileKind.Fifo, _ => FileKind.CharacterDevice };
                Check(Libc.MakeNodeAt(root!, node, kind, 0, (uint)device.Major, (uint)device.Minor), "mknod", device.Path);
                Check(Libc.ChangeOwnerAt(root!, node, mappings.UserOutside(device.Uid), mappings.GroupOutside(device.Gid)), "chown", device.Path);
                Check(Libc.ChangeModeAt(root!, node, (uint)(device.FileMode ?? 0x1B6) & 0xFFF), "chmod", device.Path);
                mounts.Add(new(device.Path, "bind", $"{folder}/{name}", ["bind", "rw", "rprivate", "nosuid", "noexec"]));
            }

            Libc.AttachTree(root!, folder);
            return mounts;
        }

        static void Check(Errno errno, string call, string subject)
        {
            if (errno != 0)
            {
                throw new LinuxException(call, subject, errno);
            }
        }
    }

    /// <summary>Takes a container's prepared mounts away. None is success.</summary>
    /// <exception cref="LinuxException">One could not be unmounted.</exception>
    public void TearDown(ContainerId id) => TearDown($"{Base}/{id}");

    /// <summary>Takes away what belongs to none of these containers.</summary>
    public void Sweep(IReadOnlySet<ContainerId> live)
    {
        if (!Directory.Exists(Base))
        {
            return;
        }

        foreach (var folder in Directory.GetDirectories(Base))
        {
            if (!ContainerId.TryParse(Path.GetFileName(folder), null, out var id) || !live.Contains(id))
            {
                TearDown(folder);
            }
        }
    }

    /// <inheritdoc/>
    public void TearDown()
    {
        Sweep(new HashSet<ContainerId>());
        if (Directory.Exists(Base))
        {
            Directory.Delete(Base);
        }
    }

    private static void TearDown(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        foreach (var entry in Directory.GetFileSystemEntries(folder))
        {
            Libc.Unmount(entry);
            if (Directory.Exists(entry))
            {
                // Never into what could not be unmounted.
                Directory.Delete(entry);
            }
            else
            {
                File.Delete(entry);
            }
        }

        Directory.Delete(folder);
    }

    /// <summary>What a volume's own mount may not do (<c>o=ro,nosuid</c>), the container's may not either; the OCI runtime would take it off.</summary>
    private static ResolvedMount AsMounted(ResolvedMount mount) =>
        Libc.Stat(mount.Source, out var facts) == 0 && facts.IsMountRoot ? mount with { LockedOptions = BindSources.LockedOptions(mount.Source) } : mount;

    private ResolvedMount PrepareVolume(ContainerSnapshot container, int index, ResolvedMount mount)
    {
        using var source = mount.Subpath.Length > 0 ? SafeSubpath.OpenInVolume(mount.Source, mount.Subpath) : SafeSubpath.OpenFolder(mount.Source);
        var isFolder = SafeSubpath.IsFolder(source, mount.Source);
        var target = MakeTarget(container, index.ToString(CultureInfo.InvariantCulture), isFolder);
        using var tree = Libc.CloneTree(source, recursive: container.Mappings is null, mount.Source);
        if (container.Mappings is { } mappings)
        {
            // The files of a volume belong to the same ids for every container, mapped or not.
            Libc.MapOwners(tree, UserNamespace.For(mappings), mount.Source);
        }

        Libc.AttachTree(tree, target);
        return mount with { Source = target, IsFile = !isFolder };
    }

    private ResolvedMount PrepareImage(ContainerSnapshot container, int index, ResolvedMount mount)
    {
        var name = index.ToString(CultureInfo.InvariantCulture);
        if (mount.Subpath.Length == 0)
        {
            var whole = MakeTarget(container, name, isFolder: true);
            layers.MountImage(container.Id, mount.ImageIndex, whole);
            return mount with { Source = whole };
        }

        var image = MakeTarget(container, name + ImageSuffix, isFolder: true);
        layers.MountImage(container.Id, mount.ImageIndex, image);
        using var source = SafeSubpath.OpenInImage(image, mount.Subpath);
        var isFolder = SafeSubpath.IsFolder(source, mount.Subpath);
        var target = MakeTarget(container, name, isFolder);
        using var tree = Libc.CloneTree(source, recursive: false, mount.Subpath);
        Libc.AttachTree(tree, target);
        return mount with { Source = target, IsFile = !isFolder };
    }

    /// <summary>The data root is closed to everybody, and to the container's root, who is no root on the host.</summary>
    private string PrepareRoot(ContainerSnapshot container, string root)
    {
        var target = MakeTarget(container, RootName, isFolder: true);
        using var source = SafeSubpath.OpenFolder(root);
        using var tree = Libc.CloneTree(source, recursive: false, root);
        Libc.AttachTree(tree, target);
        return target;
    }

    private string MakeTarget(ContainerSnapshot container, string name, bool isFolder)
    {
        var folder = $"{Base}/{container.Id}";
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(Base);
            File.SetUnixFileMode(Base, Passage);
            Directory.CreateDirectory(folder, Private);
            if (container.Mappings is { } mappings)
            {
                _ = Libc.Check(() => Libc.Chown(folder, 0, mappings.RootGroup), "chown", folder);
                File.SetUnixFileMode(options.RunRoot, File.GetUnixFileMode(options.RunRoot) | UnixFileMode.OtherExecute);
            }
        }

        var target = $"{folder}/{name}";
        if (isFolder)
        {
            Directory.CreateDirectory(target);
        }
        else
        {
            using (File.Create(target))
            {
            }
        }

        return target;
    }

    /// <summary>A tmpfs looks like the folder it covers, unless it says otherwise; runc sees to that itself, crun does not.</summary>
    private static ResolvedMount WithModeOf(string root, ResolvedMount mount)
    {
        if (mount.TmpfsOptions.Contains("mode=", StringComparison.Ordinal))
        {
            return mount;
        }

        using var folder = SafeSubpath.OpenFolder(root);
        if (Libc.OpenInRoot(folder, Encoding.UTF8.GetBytes(mount.Target), Libc.OpenPath | Libc.OpenDirectory, followLinks: true, out var covered) != 0)
        {
            return mount;
        }

        using (covered)
        {
            return Libc.StatAt(covered!, [], out var facts) == 0
                ? mount with { TmpfsOptions = $"{mount.TmpfsOptions},mode={Convert.ToString((int)facts.Mode, 8)}" }
                : mount;
        }
    }
}
