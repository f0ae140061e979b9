using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Containers;

/// <summary>Which security options, devices, limits of processes and hints to the OCI runtime are legal, in Docker's words. Pure.</summary>
internal static class RuntimeOptionValidation
{
    // As in setrlimit(2), which is all that the OCI specification knows.
    private static readonly string[] s_limits =
        ["as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack"];

    // What runtimes take orders from: other programs and configuration files to use, filters, units of systemd.
    private static readonly string[] s_reserved = ["run.oci.", "org.systemd.property.", "org.criu.", "io.katacontainers.", "dev.gvisor.", "module.wasm.", "org.opencontainers.runtime."];

    // A name is a folder's; and every group in another costs each process in it.
    private const int MaximumStep = 255, MaximumDepth = 32;

    /// <summary>Checks a description.</summary>
    /// <exception cref="ErrorException">400: the first thing that is wrong.</exception>
    public static void Check(ContainerSpec spec)
    {
        DefaultCapabilities.Validate(spec.CapabilitiesAdded, spec.CapabilitiesDropped);
        if (SecurityOptions.Parse(spec.SecurityOptions).SeccompProfile is { } profile)
        {
            SeccompProfile.Parse(profile).Check();
        }

        Sysctls.Check(spec);
        CheckDevices(spec);
        CheckCgroupParent(spec.CgroupParent);
        foreach (var limit in spec.Ulimits)
        {
            CheckUlimit(limit);
        }

        foreach (var name in spec.Annotations.Keys)
        {
            CheckAnnotation(name);
        }

        foreach (var name in spec.StorageOptions.Keys)
        {
            throw Invalid("storage_option", name == "size" ? "--storage-opt is supported only for overlay over xfs with 'pquota' mount option" : $"Unknown option {name}");
        }
    }

    private static void CheckDevices(ContainerSpec spec)
    {
        foreach (var device in spec.Devices)
        {
            foreach (var path in (ReadOnlySpan<string>)[device.HostPath, device.ContainerPath])
            {
                if (!path.StartsWith('/') || path.Contains('\0', StringComparison.Ordinal))
                {
                    throw Invalid("device", $"{path} is not an absolute path");
                }
            }

            if (ContainerValidation.Target(device.ContainerPath) == "/")
            {
                throw Invalid("device", "invalid specification: destination can't be '/'");
            }

            if (!DeviceRule.IsAccess(device.Permissions))
            {
                throw Invalid("device", $"invalid device mode: {device.Permissions}");
            }
        }

        foreach (var rule in spec.DeviceCgroupRules)
        {
            _ = DeviceRule.Parse(rule);
        }
    }

    private static void CheckCgroupParent(string parent)
    {
        if (parent.Split('/', StringSplitOptions.RemoveEmptyEntries) is var steps && (steps.Length > MaximumDepth || steps.Any(step => step.Length > MaximumStep)))
        {
            throw Invalid("cgroup_parent", $"invalid cgroup parent: at most {MaximumDepth} groups in each other, of at most {MaximumStep} characters each, can be made");
        }

        if (parent.Split('/').Contains("..") || parent.Any(char.IsControl))
        {
            throw Invalid("cgroup_parent", $"invalid cgroup parent \"{parent}\": it has to be the path of a cgroup, without \"..\"");
        }
    }

    private static void CheckUlimit(UlimitSpec limit)
    {
        if (!s_limits.Contains(limit.Name))
        {
            throw Invalid("ulimit", $"invalid ulimit type: {limit.Name}");
        }

        if (limit.Soft < -1 || limit.Hard < -1)
        {
            throw Invalid(
                "ulimit", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"invalid ulimit {limit.Name}={limit.Soft}:{limit.Hard}: -1 is for no limit"));
        }

        if (limit.Hard != -1 && (limit.Soft > limit.Hard || limit.Soft == -1))
        {
            throw Invalid(
                "ulimit", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"ulimit soft limit must be less than or equal to hard limit: {limit.Soft} > {limit.Hard}"));
        }
    }

    private static void CheckAnnotation(string name)
    {
        if (name.Length == 0)
        {
            throw Invalid("annotation", "invalid Annotations: the empty string is not permitted as an annotation key");
        }

        if (Array.Exists(s_reserved, prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            throw Invalid("annotation", $"invalid Annotations: \"{name}\" would change how the OCI runtime works and is not permitted");
        }
    }

    private static ErrorException Invalid(string reason, string message) => new(ErrorKind.Invalid, "container.invalid_" + reason, message);
}
