using Portal.Runtime.Linux;

namespace Portal.Runtime.Volumes;

/// <summary>What mount(2) is told for the options of a volume. Pure.</summary>
/// <param name="Flags">Of the mount.</param>
/// <param name="Propagation">Set on it afterwards; none for what it is born with.</param>
/// <param name="Data">What is left for the file system. May hold a password.</param>
internal sealed record VolumeMountPlan(MountFlags Flags, MountFlags Propagation, string Data)
{
    private static readonly Dictionary<string, (bool Clear, MountFlags Flag)> s_flags = new(StringComparer.Ordinal)
    {
        ["defaults"] = (false, MountFlags.None),
        ["ro"] = (false, MountFlags.ReadOnly),
        ["rw"] = (true, MountFlags.ReadOnly),
        ["suid"] = (true, MountFlags.NoSuid),
        ["nosuid"] = (false, MountFlags.NoSuid),
        ["dev"] = (true, MountFlags.NoDev),
        ["nodev"] = (false, MountFlags.NoDev),
        ["exec"] = (true, MountFlags.NoExec),
        ["noexec"] = (false, MountFlags.NoExec),
        ["sync"] = (false, MountFlags.Synchronous),
        ["async"] = (true, MountFlags.Synchronous),
        ["dirsync"] = (false, MountFlags.SynchronousDirectories),
        ["mand"] = (false, MountFlags.MandatoryLocks),
        ["nomand"] = (true, MountFlags.MandatoryLocks),
        ["atime"] = (true, MountFlags.NoAccessTime),
        ["noatime"] = (false, MountFlags.NoAccessTime),
        ["diratime"] = (true, MountFlags.NoDirectoryAccessTime),
        ["nodiratime"] = (false, MountFlags.NoDirectoryAccessTime),
        ["relatime"] = (false, MountFlags.RelativeAccessTime),
        ["norelatime"] = (true, MountFlags.RelativeAccessTime),
        ["strictatime"] = (false, MountFlags.StrictAccessTime),
        ["nostrictatime"] = (true, MountFlags.StrictAccessTime),
        ["bind"] = (false, MountFlags.Bind),
        ["rbind"] = (false, MountFlags.Bind | MountFlags.Recursive),
    };

    private static readonly Dictionary<string, MountFlags> s_propagations = new(StringComparer.Ordinal)
    {
        ["unbindable"] = MountFlags.Unbindable,
        ["runbindable"] = MountFlags.Unbindable | MountFlags.Recursive,
        ["private"] = MountFlags.Private,
        ["rprivate"] = MountFlags.Private | MountFlags.Recursive,
        ["shared"] = MountFlags.Shared,
        ["rshared"] = MountFlags.Shared | MountFlags.Recursive,
        ["slave"] = MountFlags.Slave,
        ["rslave"] = MountFlags.Slave | MountFlags.Recursive,
    };

    /// <summary>What a bind is to be besides: the kernel makes it like its source first, whatever it is told. Null when that will do.</summary>
    public MountFlags? SecondStep => (Flags & MountFlags.Bind) != 0 && (Flags & ~(MountFlags.Bind | MountFlags.Recursive)) != 0
        ? (Flags & ~MountFlags.Recursive) | MountFlags.Remount : null;

    /// <summary>Sorts the options into flags, which later ones of their kind replace, and what is the file system's.</summary>
    public static VolumeMountPlan Of(IEnumerable<string> options)
    {
        var (flags, propagation) = (MountFlags.None, MountFlags.None);
        var data = new List<string>();
        foreach (var option in options)
        {
            if (s_flags.TryGetValue(option, out var flag))
            {
                flags = flag.Clear ? flags & ~flag.Flag : flags | flag.Flag;
            }
            else if (s_propagations.TryGetValue(option, out var kind))
            {
                propagation = kind;
            }
            else
            {
                data.Add(option);
            }
        }

        return new(flags, propagation, string.Join(',', data));
    }
}
