using System.Text.Json;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Oci;

/// <summary>
/// Makes config.json (OCI runtime specification) from a container, with Docker's defaults. Pure: reads nothing, and the
/// same input gives the same bytes.
/// </summary>
public static class OciSpecBuilder
{
    /// <summary>Where <c>--init</c> puts its program. Below /dev, so that the image and its writable layer stay as they are.</summary>
    public const string InitTarget = "/dev/init";

    private const string DefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static readonly string[] s_maskedPaths =
    [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
        "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
    ];

    /// <summary>Protected in a container that says nothing of it.</summary>
    public static IReadOnlyList<string> DefaultReadOnlyPaths { get; } = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    /// <summary>Hidden in a container that says nothing of it.</summary>
    public static IReadOnlyList<string> DefaultMaskedPaths(OciHost host) => [.. s_maskedPaths, .. host.ThermalPaths];

    /// <summary>The bytes of config.json.</summary>
    /// <exception cref="ErrorException">400: the container asks for something that cannot be had; the message says what.</exception>
    public static byte[] Build(OciSpecInput input) => JsonSerializer.SerializeToUtf8Bytes(BuildSpec(input), OciJson.Default.OciSpec);

    /// <summary>The bytes of the process file of an exec.</summary>
    /// <inheritdoc cref="Build" path="/exception"/>
    public static byte[] BuildProcess(OciExecInput input)
    {
        var container = input.Container;
        var spec = input.Spec;
        var security = SecurityOptions.Parse(container.Spec.SecurityOptions);
        var process = new OciProcess
        {
            Terminal = spec.Tty,
            User = User(input.User),
            Args = spec.Command.Count > 0 ? spec.Command : throw Invalid("exec.no_command", "No exec command specified"),
            Env = Environment(container.Effective.Environment, spec.Environment, NetworkFiles.Hostname(container, input.Host.HostName), spec.Tty, input.User.Home),
            Cwd = WorkingDirectory(string.IsNullOrEmpty(spec.WorkingDirectory) ? container.Effective.WorkingDirectory : spec.WorkingDirectory),
            Capabilities = Capabilities(ResolveCapabilities(container.Spec, spec.Privileged, input.Host), input.User),
            Rlimits = Rlimits(container.Spec.Ulimits, input.Host),
            NoNewPrivileges = security.NoNewPrivileges,
            ApparmorProfile = input.AppArmorProfile,
            OomScoreAdj = OomScore(container.Spec.OomScoreAdjustment, input.Host),
        };
        return JsonSerializer.SerializeToUtf8Bytes(process, OciJson.Default.OciProcess);
    }

    internal static OciSpec BuildSpec(OciSpecInput input)
    {
        var container = input.Container;
        var spec = container.Spec;
        var host = input.Host;
        var security = SecurityOptions.Parse(spec.SecurityOptions);
        var capabilities = ResolveCapabilities(spec, privileged: false, host);
        Sysctls.Check(spec);
        return new OciSpec
        {
            Process = new OciProcess
            {
                Terminal = spec.Tty,
                User = User(input.User),
                Args = Arguments(input),
                Env = Environment(container.Effective.Environment, spec.SecretEnvironment, NetworkFiles.Hostname(container, host.HostName), spec.Tty, input.User.Home),
                Cwd = WorkingDirectory(container.Effective.WorkingDirectory),
                Capabilities = Capabilities(capabilities, input.User),
                Rlimits = Rlimits(spec.Ulimits, host),
                NoNewPrivileges = security.NoNewPrivileges,
                ApparmorProfile = input.AppArmorProfile,
                OomScoreAdj = OomScore(spec.OomScoreAdjustment, host),
            },
            Root = new(input.RootPath, spec.ReadOnlyRootFileSystem),
            Hostname = spec.UtsMode.Kind == NamespaceKind.Host ? null : NetworkFiles.Hostname(container, host.HostName),
            Mounts = OciMounts.Build(input, security),
            Annotations = spec.Annotations.Count == 0 ? null : spec.Annotations,
            Linux = new OciLinux
            {
                Namespaces = Namespaces(input),
                UidMappings = IdMappings(input, mappings => mappings.Users),
                GidMappings = IdMappings(input, mappings => mappings.Groups),
                Resources = OciLimits.OfNew(spec.Resources, host.Limits, input.BlockDevices) with { Devices = spec.Privileged ? input.Devices.Rules : [.. s_deviceRules, .. input.Devices.Rules] },
                CgroupsPath = CgroupPath(input.Options, spec, container.Id),
                Devices = input.Devices.Nodes.Count == 0 ? null : input.Devices.Nodes,
                Sysctl = Sysctls.OfRuntime(spec),
                Seccomp = Seccomp(spec, security, capabilities, host),
                RootfsPropagation = OciMounts.RootPropagation(container.Mounts),
                MaskedPaths = spec.Privileged || security.SystemPathsUnconfined ? null : spec.MaskedPaths ?? DefaultMaskedPaths(host),
                ReadonlyPaths = spec.Privileged || security.SystemPathsUnconfined ? null : spec.ReadOnlyPaths ?? DefaultReadOnlyPaths,
            },
        };
    }

    /// <summary>A container's cgroup below the engine's own parent, below the root of each hierarchy.</summary>
    public static string CgroupPath(RuntimeOptions options, ContainerId id) => $"{options.CgroupParent.TrimEnd('/')}/{id}";

    /// <summary>A container's cgroup, below the root of each hierarchy.</summary>
    public static string CgroupPath(RuntimeOptions options, ContainerSpec spec, ContainerId id) =>
        spec.CgroupParent.Length == 0 ? CgroupPath(options, id) : $"/{spec.CgroupParent.Trim('/')}/{id}".Replace("//", "/", StringComparison.Ordinal);

    /// <summary>True when the first process of a container is the engine's init program.</summary>
    internal static bool HasInit(ContainerSpec spec) => spec is { Init: true, PidMode.Kind: NamespaceKind.Default or NamespaceKind.Private };

    /// <summary>
    /// The primary group is also among the supplementary ones: a program that is set-group-id would otherwise leave it behind,
    /// and with it what files deny to that group (CVE-2022-36109).
    /// </summary>
    private static OciUser User(ResolvedUser user) => new(user.Uid, user.Gid, [user.Gid, .. user.AdditionalGids.Where(gid => gid != user.Gid)]);

    private static IReadOnlyList<string> Arguments(OciSpecInput input)
    {
        var process = input.Container.Effective;
        if (process.Entrypoint.Count + process.Command.Count == 0)
        {
            throw Invalid("container.no_command", "no command specified");
        }

        // In somebody else's PID namespace there is an init already.
        if (!HasInit(input.Container.Spec))
        {
            return [.. process.Entrypoint, .. process.Command];
        }

        return input.Options.InitPath is null
            ? throw Invalid("container.no_init", "--init was asked for, but no init program is installed on this host.")
            : [InitTarget, "--", .. process.Entrypoint, .. process.Command];
    }

    private static List<string> Environment(IReadOnlyList<string> own, IReadOnlyList<string> over, string hostname, bool tty, string home)
    {
        List<string> environment = [DefaultPath, "HOSTNAME=" + hostname];
        if (tty)
        {
            environment.Add("TERM=xterm");
        }

        // HOME is a default like the others, but comes last where nothing sets it, as Docker's runtime does.
        Merge(environment, own);
        Merge(environment, over);
        if (!environment.Exists(variable => variable.StartsWith("HOME=", StringComparison.Ordinal)))
        {
            environment.Add("HOME=" + home);
        }

        return environment;
    }

    private static void Merge(List<string> environment, IReadOnlyList<string> variables)
    {
        foreach (var variable in variables)
        {
            var equals = variable.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? variable : variable[..equals];
            var index = environment.FindIndex(existing => existing.Length > name.Length && existing[name.Length] == '=' && existing.StartsWith(name, StringComparison.Ordinal));
            if (equals < 0)
            {
                if (index >= 0)
                {
                    environment.RemoveAt(index);
                }
            }
            else if (index >= 0)
            {
                environment[index] = variable;
            }
            else
            {
                environment.Add(variable);
            }
        }
    }

    private static string WorkingDirectory(string path)
    {
        if (string.IsNullOrEmpty(path))
        {
            return "/";
        }

        if (path[0] != '/' || path.Contains('\0', StringComparison.Ordinal))
        {
            throw Invalid("container.working_directory", $"the working directory '{path}' is invalid, it needs to be an absolute path");
        }

        // CVE-2024-21626: a descriptor or the root of a process, entered as working directory, can be a folder of the host.
        if (LeadsToProcess(path))
        {
            throw Invalid("container.working_directory", $"the working directory '{path}' is invalid: it leads out of the container");
        }

        return path;
    }

    /// <summary>True for paths below a process' folder in /proc, or of its descriptors in /dev, however they are spelled.</summary>
    internal static bool LeadsToProcess(string path)
    {
        var steps = new List<string>();
        foreach (var step in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (step == "..")
            {
                if (steps.Count > 0)
                {
                    steps.RemoveAt(steps.Count - 1);
                }
            }
            else if (step != ".")
            {
                steps.Add(step);
            }

            // Decided at every prefix: /proc/self/cwd/.. is not /proc/self.
            if (steps is ["dev", "fd", _, ..] || (steps is ["proc", var process, _, ..] && (process is "self" or "thread-self" || process.All(char.IsAsciiDigit))))
            {
                return true;
            }
        }

        return false;
    }

    private static CapabilitySet ResolveCapabilities(ContainerSpec spec, bool privileged, OciHost host) =>
        DefaultCapabilities.Resolve(spec.CapabilitiesAdded, spec.CapabilitiesDropped, privileged || spec.Privileged, host.Capabilities);

    // Other users get the bounding set only, as if they had called execve; inheritable and ambient stay empty (CVE-2022-24769).
    private static OciCapabilities Capabilities(CapabilitySet set, ResolvedUser user)
    {
        var names = set.ToNames();
        return user.Uid == 0 ? new(names, names, names, [], []) : new(names, [], [], [], []);
    }

    private static List<OciRlimit> Rlimits(IReadOnlyList<UlimitSpec> ulimits, OciHost host)
    {
        var limits = new List<OciRlimit>();
        if (!ulimits.Any(limit => limit.Name == "nofile"))
        {
            // Docker's own: a low soft limit, because programs exist that close every number below it at each fork.
            limits.Add(Rlimit("nofile", 1024, 524_288, host));
        }

        foreach (var limit in ulimits)
        {
            limits.Add(Rlimit(limit.Name, limit.Soft < 0 ? ulong.MaxValue : (ulong)limit.Soft, limit.Hard < 0 ? ulong.MaxValue : (ulong)limit.Hard, host));
        }

        return limits;
    }

    // Nobody without CAP_SYS_RESOURCE can raise a hard limit; asking would fail the start.
    private static OciRlimit Rlimit(string name, ulong soft, ulong hard, OciHost host)
    {
        if (!host.Capabilities.Contains("CAP_SYS_RESOURCE") && host.HardLimits.TryGetValue(name, out var ceiling))
        {
            hard = Math.Min(hard, ceiling);
        }

        return new("RLIMIT_" + name.ToUpperInvariant(), hard, Math.Min(soft, hard));
    }

    // Always written: the agent may run with a protective score of its own, which containers must not inherit.
    private static int OomScore(int asked, OciHost host) =>
        host.Capabilities.Contains("CAP_SYS_RESOURCE") ? asked : Math.Max(asked, host.OomScoreAdjustment);

    private static List<OciNamespace> Namespaces(OciSpecInput input)
    {
        var spec = input.Container.Spec;
        List<OciNamespace> namespaces = [];
        Add(spec.PidMode, "pid", input.PidPath);
        Add(spec.IpcMode, "ipc", input.IpcPath);
        Add(spec.UtsMode, "uts", null);
        namespaces.Add(new("mount"));
        Add(spec.CgroupNamespaceMode, "cgroup", null);
        if (input.Attachment is not { NamespacePath: null })
        {
            namespaces.Add(new("network", input.NetworkPath ?? input.Attachment?.NamespacePath));
        }

        if (input.UserPath is { } path)
        {
            namespaces.Add(new("user", path));
        }

        return namespaces;

        void Add(NamespaceMode mode, string type, string? path)
        {
            if (mode.Kind != NamespaceKind.Host)
            {
                namespaces.Add(new(type, path));
            }
        }
    }

    /// <summary>
    /// runc wants to be told the maps of a user namespace that it joins. crun reads them there; told them as well, it would
    /// give the host's /dev/null to the container's root when that is a standard stream.
    /// </summary>
    private static List<OciIdMapping>? IdMappings(OciSpecInput input, Func<UserNamespaces.IdMappings, IReadOnlyList<UserNamespaces.IdRange>> ranges) =>
        input.Container.Mappings is { } mappings && input.UserPath is not null && !input.IsCrun
            ? [.. ranges(mappings).Select(range => new OciIdMapping(range.Inside, range.Outside, range.Count))]
            : null;

    private static OciSeccomp? Seccomp(ContainerSpec spec, SecurityOptions security, CapabilitySet capabilities, OciHost host)
    {
        if (spec.Privileged || security.SeccompUnconfined || !host.Seccomp)
        {
            return null;
        }

        return security.SeccompProfile is { } profile
            ? SeccompProfile.Parse(profile).Resolve(capabilities, host.Architecture, host.KernelVersion)
            : DefaultSeccomp.Build(capabilities, host.Architecture);
    }

    // All may be made, few may be opened: null, zero, full, random, urandom, tty, console, ptmx, pseudo terminals.
    private static readonly OciDeviceRule[] s_deviceRules =
    [
        new(false, "rwm"),
        new(true, "m", "c"),
        new(true, "m", "b"),
        new(true, "rwm", "c", 1, 3),
        new(true, "rwm", "c", 1, 5),
        new(true, "rwm", "c", 1, 7),
        new(true, "rwm", "c", 1, 8),
        new(true, "rwm", "c", 1, 9),
        new(true, "rwm", "c", 5, 0),
        new(true, "rwm", "c", 5, 1),
        new(true, "rwm", "c", 5, 2),
        new(true, "rwm", "c", 136),
    ];

    private static ErrorException Invalid(string code, string message) => new(ErrorKind.Invalid, code, message);
}
