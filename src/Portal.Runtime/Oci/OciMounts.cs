using System.Globalization;
using Portal.Domain.Containers;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Oci;

/// <summary>The mounts of a container, in the order they are made.</summary>
internal static class OciMounts
{
    private const long DefaultShmSize = 64 << 20;

    private static readonly Version s_recursiveReadOnly = new(5, 12);

    /// <summary>Flags of which the later one wins.</summary>
    private static readonly (string On, string Off)[] s_opposites =
        [("rw", "ro"), ("exec", "noexec"), ("suid", "nosuid"), ("dev", "nodev"), ("atime", "noatime"), ("diratime", "nodiratime"), ("relatime", "norelatime"), ("async", "sync")];

    public static IReadOnlyList<OciMount> Build(OciSpecInput input, SecurityOptions security)
    {
        var container = input.Container;
        var spec = container.Spec;
        var user = container.Mounts
            .Select(mount => Convert(mount, spec, input.Host))
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
        yield return new("/dev/mqueue", "mqueue", "mqueue", fixedFlags);
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

    private static OciMount Convert(ResolvedMount mount, ContainerSpec spec, OciHost host)
    {
        var target = mount.Target.Length > 1 ? mount.Target.TrimEnd('/') : mount.Target;
        if (mount.Kind == MountKind.Tmpfs)
        {
            var asked = spec.Mounts.FirstOrDefault(m => m.Kind == MountKind.Tmpfs && m.Target.TrimEnd('/') == target);
            return new(target, "tmpfs", "tmpfs", Tmpfs(asked, mount.ReadOnly));
        }

        var propagation = mount.Propagation.Length > 0 ? mount.Propagation : "rprivate";
        var options = new List<string> { propagation[0] == 'r' ? "rbind" : "bind", mount.ReadOnly ? "ro" : "rw", propagation };

        // ro alone leaves what is mounted below the source writable.
        if (mount.ReadOnly && propagation == "rprivate" && host.KernelVersion >= s_recursiveReadOnly)
        {
            options.Add("rro");
        }

        return new(target, "bind", mount.Source, options);
    }

    private static List<string> Tmpfs(MountSpec? asked, bool readOnly)
    {
        var options = new List<string> { "noexec", "nosuid", "nodev" };
        if (readOnly)
        {
            Set(options, "ro");
        }

        if (asked is { TmpfsSizeBytes: > 0 })
        {
            Set(options, "size=" + asked.TmpfsSizeBytes.ToString(CultureInfo.InvariantCulture));
        }

        if (asked is { TmpfsMode: > 0 })
        {
            Set(options, "mode=" + System.Convert.ToString(asked.TmpfsMode, 8));
        }

        foreach (var option in (asked?.TmpfsOptions ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            Set(options, option);
        }

        return options;
    }

    private static void Set(List<string> options, string option)
    {
        var equals = option.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0)
        {
            _ = options.RemoveAll(existing => existing.StartsWith(option[..(equals + 1)], StringComparison.Ordinal));
        }

        foreach (var (on, off) in s_opposites)
        {
            if (option == on || option == off)
            {
                _ = options.RemoveAll(existing => existing == on || existing == off);
            }
        }

        options.Add(option);
    }
}
