using Portal.Domain.Primitives;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Volumes;

/// <summary>What a volume may be called, in Docker's words. Pure.</summary>
internal static class VolumeName
{
    /// <summary>Checks a name.</summary>
    /// <exception cref="ErrorException">400.</exception>
    public static void Check(string name)
    {
        if (name.Length == 1)
        {
            throw new ErrorException(ErrorKind.Invalid, "volume.invalid_name", $"create {name}: volume name is too short, names should be at least two alphanumeric characters");
        }

        ContainerValidation.CheckLength(name);
        if (!ContainerValidation.IsName(name))
        {
            throw new ErrorException(
                ErrorKind.Invalid, "volume.invalid_name",
                $"create {name}: \"{name}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path");
        }
    }
}
