using System.Buffers;
using System.Net;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Containers;

/// <summary>What can be known to be wrong before anything is made, in Docker's words. Pure.</summary>
internal static class ContainerValidation
{
    private const long MinimumMemory = 6 << 20;

    private static readonly SearchValues<char> s_nameStart = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    private static readonly SearchValues<char> s_nameRest = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    /// <summary>A container's name as it is stored: without a leading slash.</summary>
    /// <exception cref="ErrorException">400.</exception>
    public static string Name(string name)
    {
        var bare = name.StartsWith('/') ? name[1..] : name;
        return IsName(bare) ? bare : throw Invalid("container.invalid_name", $"Invalid container name ({bare}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
    }

    /// <summary>The rule of names of containers and volumes.</summary>
    public static bool IsName(ReadOnlySpan<char> name) => name.Length >= 2 && s_nameStart.Contains(name[0]) && !name[1..].ContainsAnyExcept(s_nameRest);

    /// <summary>Checks a description.</summary>
    /// <param name="spec">What was asked.</param>
    /// <param name="processors">Processors of this host.</param>
    /// <exception cref="ErrorException">400: the first thing that is wrong.</exception>
    public static void Check(ContainerSpec spec, int processors)
    {
        CheckResources(spec.Resources, processors);
        if (spec.AutoRemove && spec.RestartPolicy.Kind != RestartPolicyKind.No)
        {
            throw Invalid("container.invalid_restart", "can't create 'AutoRemove' container with restart policy");
        }

        if (spec.RestartPolicy.MaximumRetryCount < 0)
        {
            throw Invalid("container.invalid_restart", "invalid restart policy: maximum retry count cannot be negative");
        }

        if (spec.RestartPolicy is { MaximumRetryCount: > 0, Kind: not RestartPolicyKind.OnFailure })
        {
            throw Invalid("container.invalid_restart", "invalid restart policy: maximum retry count can only be used with 'on-failure'");
        }

        if (!string.IsNullOrEmpty(spec.WorkingDirectory) && !spec.WorkingDirectory.StartsWith('/'))
        {
            throw Invalid("container.invalid_directory", $"the working directory '{spec.WorkingDirectory}' is invalid, it needs to be an absolute path");
        }

        foreach (var entry in spec.Environment)
        {
            if (entry.Length == 0 || entry[0] == '=')
            {
                throw Invalid("container.invalid_environment", $"invalid environment variable: {entry}");
            }

            if (entry.Contains('\0', StringComparison.Ordinal))
            {
                throw Invalid("container.invalid_environment", "environment variables cannot contain null bytes (\\x00)");
            }
        }

        foreach (var port in spec.Ports)
        {
            CheckPort(port);
        }

        foreach (var host in spec.ExtraHosts)
        {
            if (host.IndexOf(':', StringComparison.Ordinal) < 1)
            {
                throw Invalid("container.invalid_host", $"bad format for add-host: \"{host}\"");
            }
        }

        if (!string.IsNullOrEmpty(spec.Hostname) && (spec.Hostname.Length > 64 || spec.Hostname.AsSpan().ContainsAny("\n\0/ ")))
        {
            throw Invalid("container.invalid_hostname", $"invalid hostname format: {spec.Hostname}");
        }

        if (spec.OomScoreAdjustment is < -1000 or > 1000)
        {
            throw Invalid("container.invalid_oom_score", $"Invalid value {spec.OomScoreAdjustment}, range for oom score adj is [-1000, 1000]");
        }

        if (spec.ShmSizeBytes < 0)
        {
            throw Invalid("container.invalid_shm", "SHM size can not be less than 0");
        }

        CheckMounts(spec.Mounts);
    }

    private static void CheckResources(ContainerResources resources, int processors)
    {
        if (resources.MemoryBytes is not 0 and < MinimumMemory)
        {
            throw Invalid("container.invalid_memory", "Minimum memory limit allowed is 6MB");
        }

        if (resources is { MemoryBytes: 0, MemorySwapBytes: > 0 })
        {
            throw Invalid("container.invalid_memory", "You should always set the Memory limit when using Memoryswap limit, see usage");
        }

        if (resources.MemorySwapBytes > 0 && resources.MemorySwapBytes < resources.MemoryBytes)
        {
            throw Invalid("container.invalid_memory", "Minimum memoryswap limit should be larger than memory limit, see usage");
        }

        if (resources.MemoryReservationBytes is not 0 and < MinimumMemory)
        {
            throw Invalid("container.invalid_memory", "Minimum memory reservation allowed is 6MB");
        }

        if (resources.MemoryBytes > 0 && resources.MemoryReservationBytes > resources.MemoryBytes)
        {
            throw Invalid("container.invalid_memory", "Minimum memory limit can not be less than memory reservation limit, see usage");
        }

        if (resources.NanoCpus < 0 || resources.NanoCpus > processors * 1_000_000_000L)
        {
            throw Invalid("container.invalid_cpu", $"range of CPUs is from 0.01 to {processors}.00, as there are only {processors} CPUs available");
        }

        if (resources is { NanoCpus: > 0, CpuPeriod: > 0 })
        {
            throw Invalid("container.invalid_cpu", "Conflicting options: Nano CPUs and CPU Period cannot both be set");
        }

        if (resources is { NanoCpus: > 0, CpuQuota: > 0 })
        {
            throw Invalid("container.invalid_cpu", "Conflicting options: Nano CPUs and CPU Quota cannot both be set");
        }

        if (resources.CpuPeriod is not 0 and (< 1000 or > 1_000_000))
        {
            throw Invalid("container.invalid_cpu", "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
        }

        if (resources.CpuQuota is > 0 and < 1000)
        {
            throw Invalid("container.invalid_cpu", "CPU cfs quota can not be less than 1ms (i.e. 1000)");
        }

        if (resources.BlkioWeight is not 0 and (< 10 or > 1000))
        {
            throw Invalid("container.invalid_blkio", "Range of blkio weight is from 10 to 1000");
        }
    }

    private static void CheckPort(PortBinding port)
    {
        if (port.ContainerPort is < 1 or > 65535)
        {
            throw Invalid("container.invalid_port", $"invalid port specification: \"{port.ContainerPort}/{port.Protocol}\"");
        }

        if (port.HostPort is < 0 or > 65535)
        {
            throw Invalid("container.invalid_port", $"invalid port specification: \"{port.HostPort}\"");
        }

        if (port.Protocol is not ("tcp" or "udp" or "sctp"))
        {
            throw Invalid("container.invalid_port", $"invalid proto: {port.Protocol}");
        }

        if (port.HostAddress.Length > 0 && !IPAddress.TryParse(port.HostAddress, out _))
        {
            throw Invalid("container.invalid_port", $"invalid IP address: {port.HostAddress}");
        }
    }

    private static void CheckMounts(IReadOnlyList<MountSpec> mounts)
    {
        var targets = new HashSet<string>(StringComparer.Ordinal);
        foreach (var mount in mounts)
        {
            if (!mount.Target.StartsWith('/'))
            {
                throw Invalid("container.invalid_mount", $"invalid mount config for type \"{Word(mount.Kind)}\": invalid mount path: '{mount.Target}' mount path must be absolute");
            }

            var target = Target(mount.Target);
            if (target == "/")
            {
                throw Invalid("container.invalid_mount", "invalid specification: destination can't be '/'");
            }

            if (mount.Kind == MountKind.Bind && !mount.Source.StartsWith('/'))
            {
                throw Invalid("container.invalid_mount", $"invalid mount config for type \"bind\": invalid mount path: '{mount.Source}' mount path must be absolute");
            }

            if (mount.Kind == MountKind.Volume && mount.Source.Length > 0 && !IsName(mount.Source))
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

    /// <summary>A target without needless parts.</summary>
    internal static string Target(string target) => Path.GetFullPath(target).TrimEnd('/') is { Length: > 0 } path ? path : "/";

    private static string Word(MountKind kind) => kind switch
    {
        MountKind.Bind => "bind",
        MountKind.Volume => "volume",
        MountKind.Tmpfs => "tmpfs",
    };

    private static ErrorException Invalid(string code, string message) => new(ErrorKind.Invalid, code, message);
}
