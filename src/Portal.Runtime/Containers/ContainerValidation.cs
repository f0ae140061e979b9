using System.Buffers;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Mounts;

namespace Portal.Runtime.Containers;

/// <summary>What can be known to be wrong before anything is made, in Docker's words. Pure.</summary>
internal static class ContainerValidation
{
    private static readonly SearchValues<char> s_nameStart = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    private static readonly SearchValues<char> s_nameRest = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    private const int MaximumName = 255;

    /// <summary>A container's name as it is stored: without a leading slash.</summary>
    /// <exception cref="ErrorException">400.</exception>
    public static string Name(string name)
    {
        var bare = name.StartsWith('/') ? name[1..] : name;
        CheckLength(bare);
        return IsName(bare) ? bare : throw Invalid("container.invalid_name", $"Invalid container name ({bare}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
    }

    /// <summary>Refuses a name that is longer than the file system's.</summary>
    /// <exception cref="ErrorException">400.</exception>
    public static void CheckLength(string name)
    {
        if (name.Length > MaximumName)
        {
            throw Invalid("container.invalid_name", $"Invalid name ({name[..32]}…): it is longer than {MaximumName} characters");
        }
    }

    /// <summary>The rule of names of containers and volumes.</summary>
    public static bool IsName(ReadOnlySpan<char> name) => name.Length >= 2 && s_nameStart.Contains(name[0]) && !name[1..].ContainsAnyExcept(s_nameRest);

    /// <summary>Checks a description.</summary>
    /// <param name="spec">What was asked.</param>
    /// <param name="processors">Processors of this host.</param>
    /// <exception cref="ErrorException">400: the first thing that is wrong.</exception>
    public static void Check(ContainerSpec spec, int processors)
    {
        ResourceValidation.Check(spec.Resources, processors);
        CheckRestartPolicy(spec.RestartPolicy, spec.AutoRemove);
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

        if (spec.OomScoreAdjustment is < -1000 or > 1000)
        {
            throw Invalid("container.invalid_oom_score", $"Invalid value {spec.OomScoreAdjustment}, range for oom score adj is [-1000, 1000]");
        }

        if (spec.ShmSizeBytes < 0)
        {
            throw Invalid("container.invalid_shm", "SHM size can not be less than 0");
        }

        HostFileValidation.Check(spec);
        NamespaceValidation.Check(spec);
        RuntimeOptionValidation.Check(spec);
        MountValidation.Check(spec.Mounts);
    }

    /// <summary>Checks a restart policy.</summary>
    /// <param name="policy">What was asked.</param>
    /// <param name="autoRemove">The container removes itself when it ends.</param>
    /// <exception cref="ErrorException">400.</exception>
    public static void CheckRestartPolicy(RestartPolicySpec policy, bool autoRemove)
    {
        if (autoRemove && policy.Kind != RestartPolicyKind.No)
        {
            throw Invalid("container.invalid_restart", "can't create 'AutoRemove' container with restart policy");
        }

        if (policy.MaximumRetryCount < 0)
        {
            throw Invalid("container.invalid_restart", "invalid restart policy: maximum retry count cannot be negative");
        }

        if (policy is { MaximumRetryCount: > 0, Kind: not RestartPolicyKind.OnFailure })
        {
            throw Invalid("container.invalid_restart", "invalid restart policy: maximum retry count can only be used with 'on-failure'");
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

        if (port.HostAddress.Length > 0 && !HostFileValidation.IsAddress(port.HostAddress))
        {
            throw Invalid("container.invalid_port", $"invalid IP address: {port.HostAddress}");
        }
    }

    /// <summary>A target without needless parts.</summary>
    internal static string Target(string target) => Path.GetFullPath(target).TrimEnd('/') is { Length: > 0 } path ? path : "/";

    private static ErrorException Invalid(string code, string message) => new(ErrorKind.Invalid, code, message);
}
