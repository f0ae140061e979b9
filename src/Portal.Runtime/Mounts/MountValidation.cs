using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Mounts;

/// <summary>Which mounts are legal, in Docker's words. Pure.</summary>
internal static class MountValidation
{
    /// <summary>Checks mounts.</summary>
    /// <exception cref="ErrorException">400: the first thing that is wrong.</exception>
    public static void Check(IReadOnlyList<MountSpec> mounts)
    {
        var targets = new HashSet<string>(StringComparer.Ordinal);
        foreach (var mount in mounts)
        {
            if (mount.Target.Contains('\0', StringComparison.Ordinal) || mount.Source.Contains('\0', StringComparison.Ordinal) || mount.Subpath.Contains('\0', StringComparison.Ordinal))
            {
                throw Invalid(mount, "paths cannot contain null bytes (\\x00)");
            }

            if (!mount.Target.StartsWith('/'))
            {
                throw Invalid(mount, $"invalid mount path: '{mount.Target}' mount path must be absolute");
            }

            var target = ContainerValidation.Target(mount.Target);
            if (target == "/")
            {
                throw new ErrorException(ErrorKind.Invalid, "container.invalid_mount", "invalid specification: destination can't be '/'");
            }

            switch (mount.Kind)
            {
                case MountKind.Bind:
                    CheckBind(mount);
                    break;
                case MountKind.Volume:
                    CheckVolume(mount);
                    break;
                case MountKind.Tmpfs:
                    _ = TmpfsOptions.Of(mount);
                    break;
                case MountKind.Image when mount.Subpath.Length > 0 && !IsLocal(mount.Subpath):
                    throw Invalid(mount, "subpath must be a relative path within the volume");
            }

            if (!targets.Add(target))
            {
                throw new ErrorException(ErrorKind.Invalid, "container.duplicate_mount", $"Duplicate mount point: {mount.Target}");
            }
        }
    }

    /// <summary>
    /// True for a relative path that does not lead out of where it starts, as text. Where links lead is seen when it is mounted.
    /// </summary>
    internal static bool IsLocal(string path)
    {
        if (path.Length == 0 || path[0] == '/')
        {
            return false;
        }

        var depth = 0;
        foreach (var step in path.Split('/'))
        {
            depth += step switch { "" or "." => 0, ".." => -1, _ => 1 };
            if (depth < 0)
            {
                return false;
            }
        }

        return true;
    }

    private static void CheckBind(MountSpec mount)
    {
        if (!mount.Source.StartsWith('/'))
        {
            throw Invalid(mount, $"invalid mount path: '{mount.Source}' mount path must be absolute");
        }

        if (mount.ReadOnlyReach != ReadOnlyReach.BestEffort && !mount.ReadOnly)
        {
            throw Conflict($"!ReadOnly && BindOptions.{(mount.ReadOnlyReach == ReadOnlyReach.Forced ? "ReadOnlyForceRecursive" : "ReadOnlyNonRecursive")}");
        }

        // What is mounted later on the host would come in writable.
        if (mount is { ReadOnlyReach: ReadOnlyReach.Forced, Propagation: not ("" or "rprivate") })
        {
            throw Conflict($"BindOptions.ReadOnlyForceRecursive && BindOptions.Propagation={mount.Propagation}");
        }
    }

    private static void CheckVolume(MountSpec mount)
    {
        if (mount.Source.Length > 0)
        {
            VolumeName.Check(mount.Source);
        }

        if (mount.Subpath.Length > 0 && mount.Source.Length == 0)
        {
            throw Invalid(mount, "must not set Subpath when using anonymous volumes");
        }

        if (mount.Subpath.Length > 0 && !IsLocal(mount.Subpath))
        {
            throw Invalid(mount, "subpath must be a relative path within the volume");
        }
    }

    private static string Word(MountKind kind) => kind switch
    {
        MountKind.Bind => "bind",
        MountKind.Volume => "volume",
        MountKind.Tmpfs => "tmpfs",
        MountKind.Image => "image",
    };

    private static ErrorException Invalid(MountSpec mount, string reason) =>
        new(ErrorKind.Invalid, "container.invalid_mount", $"invalid mount config for type \"{Word(mount.Kind)}\": {reason}");

    private static ErrorException Conflict(string what) => new(ErrorKind.Invalid, "container.invalid_mount", "mount options conflict: " + what);
}
