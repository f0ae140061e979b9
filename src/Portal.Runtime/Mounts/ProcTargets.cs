using Portal.Domain.Primitives;

namespace Portal.Runtime.Mounts;

/// <summary>
/// What may be mounted on /proc. The OCI runtime confines a container through files in it, so what is there must be what the
/// kernel put there (CVE-2019-16884). runc decides so, crun does not. Pure.
/// </summary>
internal static class ProcTargets
{
    /// <summary>Files that only tell of the machine; lxcfs replaces them.</summary>
    private static readonly string[] s_harmless =
    [
        "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/loadavg", "/proc/slabinfo", "/proc/net/dev",
        "/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled",
    ];

    /// <summary>Checks a target.</summary>
    /// <param name="source">As errors name it.</param>
    /// <param name="target">Without needless parts.</param>
    /// <param name="isProc">What is mounted is a proc file system itself.</param>
    /// <exception cref="ErrorException">400.</exception>
    public static void Check(string source, string target, Func<bool> isProc)
    {
        if (target != "/proc" && !target.StartsWith("/proc/", StringComparison.Ordinal))
        {
            return;
        }

        if (target == "/proc" ? !isProc() : !s_harmless.Contains(target))
        {
            var reason = target == "/proc" ? "it is not of type proc" : "it is inside /proc";
            throw new ErrorException(ErrorKind.Invalid, "container.invalid_mount", $"error mounting \"{source}\" to rootfs at \"{target}\": \"{target}\" cannot be mounted because {reason}");
        }
    }
}
