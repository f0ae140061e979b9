using System.Text;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Linux;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Mounts;

/// <summary>Paths of the host that containers get. For one creation or one start: it reads the mount table at most once.</summary>
internal sealed class BindSources(RuntimeOptions options)
{
    private const UnixFileMode Open = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private MountTable? _table;

    /// <summary>
    /// The propagation of a bind. One that shows the engine's own mounts must let them go when the engine does, or
    /// containers could not be removed while it runs.
    /// </summary>
    /// <exception cref="ErrorException">400: another one was asked for.</exception>
    public string Propagation(MountSpec mount)
    {
        if (!ShowsEngine(mount.Source))
        {
            return mount.Propagation.Length > 0 ? mount.Propagation : "rprivate";
        }

        return mount.Propagation switch
        {
            "" => "rslave",
            "rslave" or "rshared" => mount.Propagation,
            var other => throw new ErrorException(
                ErrorKind.Invalid, "container.invalid_mount",
                "invalid mount config: must use either propagation mode \"rslave\" or \"rshared\" when mount source is within the daemon root, "
                + $"daemon root: \"{options.DataRoot}\", bind mount source: \"{mount.Source}\", propagation: \"{other}\""),
        };
    }

    /// <summary>Checks a source before anything is made. One that a start makes may be missing.</summary>
    /// <exception cref="ErrorException">400.</exception>
    public static void Demand(MountSpec mount)
    {
        if (!mount.CreateSource && !Path.Exists(mount.Source))
        {
            throw Missing(mount.Source);
        }
    }

    /// <summary>What a start needs of a bind: its source is there, and may be shared if it is to be.</summary>
    /// <returns>The mounts to make: the bind itself, and what it does not bring along.</returns>
    /// <exception cref="ErrorException">400.</exception>
    public IEnumerable<ResolvedMount> Prepare(ResolvedMount mount, IdMappings? mappings, bool isCrun)
    {
        var isFolder = Directory.Exists(mount.Source);
        if (!isFolder && !Path.Exists(mount.Source))
        {
            if (!mount.CreateSource)
            {
                throw Missing(mount.Source);
            }

            Make(mount.Source, mappings);
            isFolder = true;
        }

        ProcTargets.Check(mount.Source, mount.Target, () => IsProc(mount.Source));
        mount = mount with { IsFile = !isFolder };
        if (mount.Propagation is "shared" or "rshared" or "slave" or "rslave")
        {
            mount = WithPropagation(mount);
        }

        return mappings is null ? [mount] : InUserNamespace(mount, mappings, isCrun);
    }

    private MountTable Table => _table ??= MountTable.Read();

    private ResolvedMount WithPropagation(ResolvedMount mount)
    {
        var on = Table.MountOf(RealPath(mount.Source));
        var shared = mount.Propagation is "shared" or "rshared";
        return on.Shared || (on.Slave && !shared) ? mount
            // Where the host shares nothing, there is nothing to let go of.
            : mount.Propagation == "rslave" && ShowsEngine(mount.Source) ? mount with { Propagation = "rprivate" }
            : throw new ErrorException(
                ErrorKind.Invalid, "container.not_shared", $"path {mount.Source} is mounted on {on.Target} but it is not a shared{(shared ? "" : " or slave")} mount");
    }

    /// <summary>
    /// In a user namespace flags of the source cannot be taken off, so they are asked for; and crun before 1.8.2 takes only the
    /// topmost mount of a source with it.
    /// </summary>
    private IEnumerable<ResolvedMount> InUserNamespace(ResolvedMount mount, IdMappings mappings, bool isCrun)
    {
        yield return mount with { LockedOptions = LockedOptions(mount.Source) };
        if (mount.NonRecursive || mount.IsFile || !isCrun)
        {
            yield break;
        }

        var source = RealPath(mount.Source);
        foreach (var below in Table.Below(source))
        {
            var target = mount.Target + below[(source == "/" ? 0 : source.Length)..];

            if (Path.Exists(below) && IsReached(source, below, mappings))
            {
                yield return mount with { Source = below, Target = target, NonRecursive = true, IsFile = !Directory.Exists(below), LockedOptions = LockedOptions(below) };
            }
        }
    }

    /// <summary>
    /// The container's root gets from one folder to another below it. Where it does not, it sees nothing of what is mounted
    /// there, and the OCI runtime, being no more than that, could not mount it.
    /// </summary>
    private static bool IsReached(string from, string to, IdMappings mappings)
    {
        for (var at = Path.GetDirectoryName(to); at is not null && IsInside(at, from); at = Path.GetDirectoryName(at))
        {
            const uint OtherExecute = 1;
            if (Libc.Stat(at, out var facts) != 0
                || ((facts.Mode & OtherExecute) == 0 && (!mappings.MapsUser(facts.UserId) || !mappings.MapsGroup(facts.GroupId))))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What a mount is besides being there, as options.</summary>
    internal static IReadOnlyList<string> LockedOptions(string source)
    {
        var bytes = Encoding.UTF8.GetBytes(source);
        if (Libc.Open(bytes, Libc.OpenPath, 0, out var handle) is not 0 and var errno)
        {
            throw Libc.Failure("open", bytes, errno);
        }

        using (handle)
        {
            var (flags, _) = Libc.FileSystemOf(handle!, source);
            return
            [
                .. ((ReadOnlySpan<(FileSystemFlags Flag, string Option)>)
                [
                    (FileSystemFlags.ReadOnly, "ro"), (FileSystemFlags.NoSuid, "nosuid"), (FileSystemFlags.NoDev, "nodev"), (FileSystemFlags.NoExec, "noexec"),
                    (FileSystemFlags.NoAccessTime, "noatime"), (FileSystemFlags.NoDirectoryAccessTime, "nodiratime"), (FileSystemFlags.RelativeAccessTime, "relatime"),
                ]).ToArray().Where(pair => (flags & pair.Flag) != 0).Select(pair => pair.Option),
            ];
        }
    }

    /// <summary>Makes a folder; it, and what had to be made above it, belongs to the container's root.</summary>
    private static void Make(string path, IdMappings? mappings)
    {
        var missing = new Stack<string>();
        var there = path;
        for (; !Path.Exists(there); there = Path.GetDirectoryName(there)!)
        {
            missing.Push(there);
        }

        if (!Directory.Exists(there))
        {
            throw CannotMake(path, $"mkdir {there}: not a directory", null);
        }

        try
        {
            foreach (var folder in missing)
            {
                Directory.CreateDirectory(folder);
                File.SetUnixFileMode(folder, Open);
                if (mappings is not null)
                {
                    _ = Libc.Check(() => Libc.Chown(folder, mappings.RootUser, mappings.RootGroup), "chown", folder);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotMake(path, e.Message, e);
        }
    }

    private static ErrorException CannotMake(string path, string reason, Exception? cause) =>
        new(ErrorKind.Invalid, "container.missing_source", $"error while creating mount source path '{path}': {reason}", cause);

    private static bool IsProc(string source)
    {
        if (Libc.Open(Encoding.UTF8.GetBytes(source), Libc.OpenPath, 0, out var handle) != 0)
        {
            return false;
        }

        using (handle)
        {
            return Libc.FileSystemOf(handle!, source).IsProc;
        }
    }

    /// <summary>Without links, as the mount table speaks.</summary>
    private static string RealPath(string path)
    {
        if (Libc.Open(Encoding.UTF8.GetBytes(path), Libc.OpenPath, 0, out var handle) != 0)
        {
            return path;
        }

        using (handle)
        {
            return new FileInfo($"/proc/self/fd/{handle!.DangerousGetHandle()}").LinkTarget ?? path;
        }
    }

    private bool ShowsEngine(string source) => Shows(source, options.DataRoot) || Shows(source, options.RunRoot);

    /// <summary>One of the two is inside of the other.</summary>
    private static bool Shows(string source, string root) => IsInside(source, root) || IsInside(root, source);

    private static bool IsInside(string path, string folder) =>
        folder == "/" || (path.StartsWith(folder, StringComparison.Ordinal) && (path.Length == folder.Length || path[folder.Length] == '/'));

    private static ErrorException Missing(string source) =>
        new(ErrorKind.Invalid, "container.missing_source", $"invalid mount config for type \"bind\": bind source path does not exist: {source}");
}
