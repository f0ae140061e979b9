using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Containers;

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
            if (!mount.Target.StartsWith('/'))
            {
                throw Invalid("container.invalid_mount", $"invalid mount config for type \"{Word(mount.Kind)}\": invalid mount path: '{mount.Target}' mount path must be absolute");
            }

            var target = ContainerValidation.Target(mount.Target);
            if (target == "/")
            {
                throw Invalid("container.invalid_mount", "invalid specification: destination can't be '/'");
            }

            if (mount.Kind == MountKind.Bind && !mount.Source.StartsWith('/'))
            {
                throw Invalid("container.invalid_mount", $"invalid mount config for type \"bind\": invalid mount path: '{mount.Source}' mount path must be absolute");
            }

            if (mount.Kind == MountKind.Volume && mount.Source.Length > 0 && !ContainerValidation.IsName(mount.Source))
            {
                throw Invalid(
                    "volume.invalid_name",
                    $"create {mount.Source}: \"{mount.Source}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path");
            }

            if (!targets.Add(target))
            {
                throw Invalid("container.duplicate_mount", $"Duplicate mount point: {mount.Target}");
            }
        }
    }

    private static string Word(MountKind kind) => kind switch
    {
        MountKind.Bind => "bind",
        MountKind.Volume => "volume",
        MountKind.Tmpfs => "tmpfs",
        MountKind.Image => "image",
    };

    private static ErrorException Invalid(string code, string message) => new(ErrorKind.Invalid, code, message);
}
