using System.Globalization;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Oci;

/// <summary>The mounts of a container, in the order they are made.</summary>
internal static class OciMounts
{
    private const long DefaultShmSize = 64 << 20;

    private static readonly Version s_recursiveReadOnly = new(5, 12);

    public static IReadOnlyList<OciMount> Build(OciSpecInput input, SecurityOptions security)
    {
        var container = input.Container;
        var spec = container.Spec;
        var user = container.Mounts
            .Select(mount => Convert(mount, input.Host))
            .OrderBy(mount => mount.Destination.Count(c => c == '/'))
            .ThenBy(mount => mount.Destination, StringComparer.Ordinal)
            .ToList();

        var mounts = new List<OciMount>();
        foreach (var mount in Defaults(input, security))
        {
            // A user's mount replaces the default in its place; a user's /dev replaces all of ours below it.
            if (!user.Exists(own => own.Destination == mount.Destination
                || (own.Destination == "/dev" && mount.Destination.StartsWith("/dev/", StringComparison.Ordinal))))
            {
                mounts.Add(mount);
            }
        }

        if (OciSpecBuilder.HasInit(spec) && input.Options.InitPath is { } init)
        {
            mounts.Add(new(OciSpecBuilder.InitTarget, "bind", init, ["bind", "ro"]));
        }

        // The files after the user's mounts: one at /etc must not hide them.
        mounts.AddRange(user);
        AddFile("/etc/resolv.conf", input.ResolvConfPath);
        AddFile("/etc/hostname", input.HostnamePath);
        AddFile("/etc/hosts", input.HostsPath);
        return mounts;

        void AddFile(string target, string? source)
        {
            if (source is not null && !user.Exists(own => own.Destination == target))
            {
                mounts.Add(new(target, "bind", source, ["rbind", "rprivate", spec.ReadOnlyRootFileSystem ? "ro" : "rw"]));
            }
        }
    }

    /// <summary>A mount that shares with the host needs a root that does not cut it off; null for the usual private one.</summary>
    public static string? RootPropagation(IReadOnlyList<ResolvedMount> mounts) =>
        mounts.Any(mount => mount.Propagation is "shared" or "rshared") ? "shared"
        : mounts.Any(mount => mount.Propagation is "slave" or "rslave") ? "rslave"
        : null;

    private static IEnumerable<OciMount> Defaults(OciSpecInput input, SecurityOptions security)
    {
        var spec = input.Container.Spec;
        string[] fixedFlags = ["nosuid", "noexec", "nodev"];
        yield return new("/proc", "proc", "proc", fixedFlags);
        yield return new("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]);
        yield return new("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]);
        yield return new("/sys", "sysfs", "sysfs", spec.Privileged ? fixedFlags : [.. fixedFlags, "ro"]);
        yield return new("/sys/fs/cgroup", "cgroup", "cgroup", spec.Privileged || security.WritableCgroups ? fixedFlags : [.. fixedFlags, "ro"]);
        if (input.UserPath is null || spec.IpcMode.Kind != NamespaceKind.Host)
        {
            // The host's queues are not a user namespace's to mount.
            yield return new("/dev/mqueue", "mqueue", "mqueue", fixedFlags);
        }

        if (input.SharedMemoryPath is { } shared)
        {
            yield return new("/dev/shm", "bind", shared, ["rbind", "rprivate", .. fixedFlags]);
        }
        else if (spec.IpcMode.Kind != NamespaceKind.None)
        {
            var size = spec.ShmSizeBytes > 0 ? spec.ShmSizeBytes : DefaultShmSize;
            yield return new("/dev/shm", "tmpfs", "shm", [.. fixedFlags, "mode=1777", "size=" + size.ToString(CultureInfo.InvariantCulture)]);
        }
    }

    private static OciMount Convert(ResolvedMount mount, OciHost host)
    {
        var target = mount.Target.Length > 1 ? mount.Target.TrimEnd('/') : mount.Target;
        if (mount.Kind == MountKind.Tmpfs)
        {
            var flags = mount.TmpfsOptions.Split(',', StringSplitOptions.RemoveEmptyEntries);
            return new(target, "tmpfs", "tmpfs", mount.ReadOnly && !flags.Contains("ro") ? [.. flags.Where(flag => flag != "rw"), "ro"] : flags);
        }

        var propagation = mount.Propagation.Length > 0 ? mount.Propagation : "rprivate";

        // One mount needs no recursive propagation, and crun 1.8 would make the bind itself recursive for it.
        propagation = mount.NonRecursive ? propagation.TrimStart('r') : propagation;
        var readOnly = mount.ReadOnly || mount.LockedOptions.Contains("ro");
        var options = new List<string> { mount.NonRecursive ? "bind" : "rbind", readOnly ? "ro" : "rw", propagation };
        options.AddRange(mount.LockedOptions.Where(option => option != "ro"));

        // ro alone leaves what is mounted below the source writable. Nothing can be below a file, and crun 1.8 takes only folders.
        if (mount.ReadOnly && !mount.IsFile && mount.ReadOnlyReach != ReadOnlyReach.TopOnly)
        {
            if (host.KernelVersion >= s_recursiveReadOnly)
            {
                options.Add("rro");
            }
            else if (mount.ReadOnlyReach == ReadOnlyReach.Forced)
            {
                throw new ErrorException(
                    ErrorKind.Invalid, "container.recursive_read_only", $"rro is not supported: this kernel ({host.KernelVersion}) is older than {s_recursiveReadOnly}");
            }
        }

        return new(target, "bind", mount.Source, options);
    }
}
