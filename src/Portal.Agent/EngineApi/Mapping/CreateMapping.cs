using System.Globalization;
using System.Net;
using Portal.Domain.Containers;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Agent.EngineApi.Versioning;
using PortBinding = Portal.Domain.Containers.PortBinding;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>A create request, understood: what to make, and what of it does not have the effect somebody may expect.</summary>
internal sealed record CreatePlan(ContainerSpec Spec, IReadOnlyList<string> Warnings);

/// <summary>
/// The body of POST /containers/create as a <see cref="ContainerSpec"/>. Every member is either taken over, known to be
/// without effect, or refused by name: what would change behaviour or loosen security is never dropped silently.
/// </summary>
internal static class CreateMapping
{
    private const long MinimumMemory = 6 * 1024 * 1024;

    public static CreatePlan Map(ContainerCreateRequest request, ApiVersion version, int processors)
    {
        var host = request.HostConfig ?? new HostConfig();
        var warnings = new List<string>();
        if (string.IsNullOrEmpty(request.Image))
        {
            throw Invalid("image", "no image specified");
        }

        RefuseUnsupported(request, host, warnings);
        var networkMode = NetworkMode(request, host, version);
        var spec = new ContainerSpec
        {
            Image = request.Image,
            Command = request.Cmd,
            Entrypoint = request.Entrypoint,
            Environment = Environment(request.Env),
            Labels = request.Labels ?? [],
            Hostname = Blank(request.Hostname),
            Domainname = Blank(request.Domainname),
            User = Blank(request.User),
            WorkingDirectory = WorkingDirectory(request.WorkingDir),
            Tty = request.Tty,
            OpenStdin = request.OpenStdin,
            StdinOnce = request.StdinOnce,
            AttachStdin = request.AttachStdin,
            AttachStdout = request.AttachStdout,
            AttachStderr = request.AttachStderr,
            StopSignal = Blank(request.StopSignal),
            StopTimeout = request.StopTimeout is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            NetworkMode = networkMode,
            Ports = Ports(host.PortBindings),
            ExposedPorts = Exposed(request.ExposedPorts, host.PortBindings),
            PublishAllPorts = host.PublishAllPorts,
            Mounts = Mounts(request.Volumes, host, warnings),
            Dns = Addresses(host.Dns),
            DnsSearch = host.DnsSearch ?? [],
            DnsOptions = host.DnsOptions ?? [],
            ExtraHosts = ExtraHosts(host.ExtraHosts),
            Resources = Resources(host, processors),
            RestartPolicy = RestartPolicy(host),
            AutoRemove = host.AutoRemove,
            Privileged = host.Privileged,
            ReadOnlyRootFileSystem = host.ReadonlyRootfs,
            Init = host.Init ?? false,
            CapabilitiesAdded = host.CapAdd ?? [],
            CapabilitiesDropped = host.CapDrop ?? [],
            SecurityOptions = SystemPathsUnconfined(host) ? [.. host.SecurityOpt ?? [], "systempaths=unconfined"] : host.SecurityOpt ?? [],
            GroupsAdded = host.GroupAdd ?? [],
            Sysctls = host.Sysctls ?? [],
            ShmSizeBytes = host.ShmSize >= 0 ? host.ShmSize : throw Invalid("shm_size", "SHM size can not be less than 0"),
            Ulimits = [.. (host.Ulimits ?? []).Select(Ulimit)],
            OomScoreAdjustment = host.OomScoreAdj is >= -1000 and <= 1000
                ? host.OomScoreAdj
                : throw Invalid("oom_score", $"Invalid value {host.OomScoreAdj}, range for oom score adj is [-1000, 1000]"),
        };
        return new(spec, warnings);
    }

    private static void RefuseUnsupported(ContainerCreateRequest request, HostConfig host, List<string> warnings)
    {
        Refuse(host.Devices is { Count: > 0 }, "devices (HostConfig.Devices) are");
        Refuse(host.DeviceCgroupRules is { Count: > 0 }, "device cgroup rules (HostConfig.DeviceCgroupRules) are");
        Refuse(host.DeviceRequests is { Count: > 0 }, "device requests (HostConfig.DeviceRequests) are");
        Refuse(host.Links is { Count: > 0 }, "links (HostConfig.Links) are");
        Refuse(host.VolumesFrom is { Count: > 0 }, "volumes of other containers (HostConfig.VolumesFrom) are");
        Refuse(!Is(host.PidMode, "", "private"), $"the PID mode \"{host.PidMode}\" (HostConfig.PidMode) is");
        Refuse(!Is(host.IpcMode, "", "private", "shareable"), $"the IPC mode \"{host.IpcMode}\" (HostConfig.IpcMode) is");
        Refuse(!Is(host.UTSMode, ""), $"the UTS mode \"{host.UTSMode}\" (HostConfig.UTSMode) is");
        Refuse(!Is(host.UsernsMode, "", "host"), $"the user namespace mode \"{host.UsernsMode}\" (HostConfig.UsernsMode) is");
        Refuse(!Is(host.CgroupnsMode, "", "private"), $"the cgroup namespace mode \"{host.CgroupnsMode}\" (HostConfig.CgroupnsMode) is");
        Refuse(!Is(host.Cgroup, ""), "sharing a cgroup (HostConfig.Cgroup) is");
        Refuse(!Is(host.CgroupParent, ""), "a cgroup parent (HostConfig.CgroupParent) is");
        Refuse(!Is(host.Isolation, "", "default"), $"the isolation \"{host.Isolation}\" (HostConfig.Isolation) is");
        Refuse(host.StorageOpt is { Count: > 0 }, "storage options (HostConfig.StorageOpt) are");
        Refuse(host.MaskedPaths is not null && !SystemPathsUnconfined(host), "other masked paths than the default (HostConfig.MaskedPaths) are");
        Refuse(host.ReadonlyPaths is not null && !SystemPathsUnconfined(host), "other read-only paths than the default (HostConfig.ReadonlyPaths) are");
        Refuse(host.BlkioWeightDevice is { Count: > 0 }, "block I/O weights of devices (HostConfig.BlkioWeightDevice) are");
        Refuse(
            host.BlkioDeviceReadBps is { Count: > 0 } || host.BlkioDeviceWriteBps is { Count: > 0 }
            || host.BlkioDeviceReadIOps is { Count: > 0 } || host.BlkioDeviceWriteIOps is { Count: > 0 },
            "block I/O limits of devices (HostConfig.BlkioDevice…) are");
        Refuse(host.CpuRealtimePeriod != 0 || host.CpuRealtimeRuntime != 0, "real-time scheduling (HostConfig.CpuRealtime…) is");
        Refuse(host.CpuCount != 0 || host.CpuPercent != 0 || host.IOMaximumIOps != 0 || host.IOMaximumBandwidth != 0, "Windows resource limits are");
        Refuse(!Is(request.MacAddress, ""), "a chosen MAC address (MacAddress) is");
        Refuse(request.Healthcheck?.Test is [not "NONE", ..], "health checks (Healthcheck) are");
        if (!Is(host.Runtime, "", "crun", "runc", "io.containerd.runc.v2"))
        {
            throw Invalid("runtime", $"unknown or invalid runtime name: {host.Runtime}");
        }

        if (!Is(host.VolumeDriver, "", "local"))
        {
            throw NoVolumeDriver(host.VolumeDriver!);
        }

        var log = host.LogConfig;
        if (!Is(log?.Type, "", "json-file", "local"))
        {
            throw Invalid("log_driver", $"logger: no log driver named '{log!.Type}' is registered");
        }

        if (log?.Config is { Count: > 0 })
        {
            warnings.Add("Log options have no effect: this engine keeps logs by rules of its own.");
        }

        if (host.OomKillDisable == true)
        {
            warnings.Add("OomKillDisable has no effect: the kernel's out-of-memory killer stays on.");
        }

        if (host.MemorySwappiness is not (null or -1))
        {
            warnings.Add("MemorySwappiness has no effect.");
        }

        if (host.Annotations is { Count: > 0 })
        {
            warnings.Add("Annotations have no effect.");
        }
    }

    /// <summary>How clients send <c>--security-opt systempaths=unconfined</c>: both lists there, and empty.</summary>
    private static bool SystemPathsUnconfined(HostConfig host) => host is { MaskedPaths: [], ReadonlyPaths: [] };

    private static string NetworkMode(ContainerCreateRequest request, HostConfig host, ApiVersion version)
    {
        var mode = request.NetworkDisabled == true ? "none" : Blank(host.NetworkMode) ?? "default";
        Refuse(mode.StartsWith("container:", StringComparison.Ordinal), "another container's network (HostConfig.NetworkMode) is");
        var endpoints = request.NetworkingConfig?.EndpointsConfig ?? [];
        if (endpoints.Count > 1)
        {
            throw version.AtLeast(44)
                ? EngineErrors.NotSupported("more than one network at creation (NetworkingConfig.EndpointsConfig) is")
                : Invalid("network", "Container cannot be created with multiple network endpoints");
        }

        foreach (var (network, endpoint) in endpoints)
        {
            if (mode == "default" && network is not ("default" or "bridge"))
            {
                // docker run --network x says it in both places; some clients only here.
                mode = network;
            }
            else if (network != mode && !(Is(network, "default", "bridge") && Is(mode, "default", "bridge")))
            {
                throw EngineErrors.NotSupported($"the network \"{network}\" beside \"{mode}\" at creation (NetworkingConfig.EndpointsConfig) is");
            }

            if (endpoint is null)
            {
                continue;
            }

            Refuse(
                endpoint.IPAMConfig is { } ipam && (!Is(ipam.IPv4Address, "") || !Is(ipam.IPv6Address, "") || ipam.LinkLocalIPs is { Count: > 0 }),
                "a chosen address (EndpointsConfig.IPAMConfig) is");
            Refuse(!Is(endpoint.MacAddress, ""), "a chosen MAC address (EndpointsConfig.MacAddress) is");
            Refuse(endpoint.Links is { Count: > 0 }, "links (EndpointsConfig.Links) are");
            Refuse(endpoint.DriverOpts is { Count: > 0 }, "driver options (EndpointsConfig.DriverOpts) are");
            if (endpoint.Aliases is { Count: > 0 })
            {
                throw Invalid("network", "network-scoped alias is supported only for containers in user defined networks");
            }
        }

        return mode;
    }

    private static List<string> Environment(List<string>? environment)
    {
        foreach (var variable in environment ?? [])
        {
            if (variable.Length == 0 || variable[0] == '=')
            {
                throw Invalid("environment", $"invalid environment variable: {variable}");
            }
        }

        return environment ?? [];
    }

    private static string? WorkingDirectory(string? path) =>
        string.IsNullOrEmpty(path) ? null
        : path[0] == '/' ? path
        : throw Invalid("working_directory", $"the working directory '{path}' is invalid, it needs to be an absolute path");

    private static List<PortBinding> Ports(Dictionary<string, List<PortBindingItem>?>? bindings)
    {
        var ports = new List<PortBinding>();
        foreach (var (key, places) in bindings ?? [])
        {
            var (port, protocol) = PortSyntax.Parse(key);
            foreach (var place in places ?? [])
            {
                var address = place.HostIp ?? "";
                if (address.Length > 0 && !IPAddress.TryParse(address, out _))
                {
                    throw Invalid("port", $"invalid IP address: {address}");
                }

                var hostPort = place.HostPort ?? "";
                Refuse(hostPort.Contains('-'), $"a range of host ports (\"{hostPort}\" in HostConfig.PortBindings) is");
                ports.Add(new(port, protocol, address, PortSyntax.Number(hostPort) ?? throw Invalid("port", $"invalid port specification: \"{hostPort}\"")));
            }
        }

        return ports;
    }

    private static List<string> Exposed(Dictionary<string, EmptyObject>? exposed, Dictionary<string, List<PortBindingItem>?>? bindings) =>
    [
        .. (exposed?.Keys ?? Enumerable.Empty<string>()).Concat(bindings?.Keys ?? Enumerable.Empty<string>())
            .Select(PortSyntax.Parse).Select(p => PortSyntax.Format(p.Port, p.Protocol)).Distinct(),
    ];

    private static List<MountSpec> Mounts(Dictionary<string, EmptyObject>? anonymous, HostConfig host, List<string> warnings)
    {
        var mounts = new List<MountSpec>();
        mounts.AddRange((host.Binds ?? []).Select(BindSyntax.Parse));
        mounts.AddRange((host.Mounts ?? []).Select(item => Mount(item, warnings)));
        foreach (var (target, options) in host.Tmpfs ?? [])
        {
            mounts.Add(new(MountKind.Tmpfs, "", BindSyntax.Target(target, target), ReadOnly: false) { TmpfsOptions = options ?? "" });
        }

        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var mount in mounts)
        {
            if (!taken.Add(mount.Target))
            {
                throw Invalid("mount", $"Duplicate mount point: {mount.Target}");
            }
        }

        mounts.AddRange((anonymous?.Keys ?? Enumerable.Empty<string>())
            .Select(target => BindSyntax.Target(target, target))
            .Where(taken.Add)
            .Select(target => new MountSpec(MountKind.Volume, "", target, ReadOnly: false)));
        return mounts;
    }

    private static MountSpec Mount(MountItem item, List<string> warnings)
    {
        var target = item.Target ?? "";
        if (target.Length == 0 || target[0] != '/')
        {
            throw Invalid("mount", $"invalid mount config for type \"{item.Type}\": invalid mount path: '{target}' mount path must be absolute");
        }

        target = BindSyntax.Target(target, target);
        var source = item.Source ?? "";
        switch (item.Type)
        {
            case "bind":
                if (source.Length == 0 || source[0] != '/')
                {
                    throw Invalid("mount", $"invalid mount config for type \"bind\": invalid mount path: '{source}' mount path must be absolute");
                }

                var bind = item.BindOptions;
                Refuse(bind is { NonRecursive: true }, "a non-recursive bind (BindOptions.NonRecursive) is");
                Refuse(bind is { ReadOnlyNonRecursive: true }, "a non-recursive read-only bind (BindOptions.ReadOnlyNonRecursive) is");
                Refuse(bind is { ReadOnlyForceRecursive: true }, "a recursive read-only bind (BindOptions.ReadOnlyForceRecursive) is");
                return new(MountKind.Bind, source, target, item.ReadOnly) { CreateSource = bind?.CreateMountpoint ?? false, Propagation = bind?.Propagation ?? "" };
            case "volume":
                var volume = item.VolumeOptions;
                Refuse(!Is(volume?.Subpath, ""), "a part of a volume (VolumeOptions.Subpath) is");
                Refuse(volume?.DriverConfig?.Options is { Count: > 0 }, "options of a volume driver (VolumeOptions.DriverConfig) are");
                if (!Is(volume?.DriverConfig?.Name, "", "local"))
                {
                    throw NoVolumeDriver(volume!.DriverConfig!.Name!);
                }

                if (volume?.Labels is { Count: > 0 })
                {
                    warnings.Add($"The labels of the volume at {target} have no effect.");
                }

                return new(MountKind.Volume, source, target, item.ReadOnly) { NoCopy = volume?.NoCopy ?? false };
            case "tmpfs":
                if (source.Length > 0)
                {
                    throw Invalid("mount", "invalid mount config for type \"tmpfs\": field Source must not be specified");
                }

                return new(MountKind.Tmpfs, "", target, item.ReadOnly) { TmpfsSizeBytes = item.TmpfsOptions?.SizeBytes ?? 0, TmpfsMode = item.TmpfsOptions?.Mode ?? 0 };
            case "image" or "npipe" or "cluster":
                throw EngineErrors.NotSupported($"mounts of type \"{item.Type}\" are");
            default:
                throw Invalid("mount", $"invalid mount config: mount type unknown: \"{item.Type}\"");
        }
    }

    private static List<string> Addresses(List<string>? servers)
    {
        foreach (var server in servers ?? [])
        {
            if (!IPAddress.TryParse(server, out _))
            {
                throw Invalid("dns", $"bad nameserver address {server}: ParseAddr(\"{server}\"): unable to parse IP");
            }
        }

        return servers ?? [];
    }

    private static List<string> ExtraHosts(List<string>? hosts)
    {
        foreach (var host in hosts ?? [])
        {
            if (host.IndexOfAny([':', '=']) <= 0)
            {
                throw Invalid("extra_hosts", $"bad format for add-host: \"{host}\"");
            }
        }

        return hosts ?? [];
    }

    private static ContainerResources Resources(HostConfig host, int processors)
    {
        if (host.Memory is not 0 and < MinimumMemory)
        {
            throw Invalid("memory", "Minimum memory limit allowed is 6MB");
        }

        if (host.MemorySwap > 0 && host.Memory == 0)
        {
            throw Invalid("memory_swap", "You should always set the Memory limit when using Memoryswap limit, see usage");
        }

        if (host.MemorySwap > 0 && host.MemorySwap < host.Memory)
        {
            throw Invalid("memory_swap", "Minimum memoryswap limit should be larger than memory limit, see usage");
        }

        if (host.MemorySwap < -1)
        {
            throw Invalid("memory_swap", $"invalid value for MemorySwap: {host.MemorySwap}");
        }

        if (host.MemoryReservation is < 0 or (> 0 and < MinimumMemory))
        {
            throw Invalid("memory_reservation", "Minimum memory reservation allowed is 6MB");
        }

        if (host.Memory > 0 && host.MemoryReservation > host.Memory)
        {
            throw Invalid("memory_reservation", "Minimum memory limit can not be less than memory reservation limit, see usage");
        }

        if (host.NanoCpus != 0 && (host.CpuPeriod != 0 || host.CpuQuota != 0))
        {
            throw Invalid("cpus", $"Conflicting options: Nano CPUs and CPU {(host.CpuPeriod != 0 ? "Period" : "Quota")} cannot both be set.");
        }

        if (host.NanoCpus < 0 || host.NanoCpus > processors * 1_000_000_000L)
        {
            throw Invalid("cpus", string.Create(CultureInfo.InvariantCulture, $"range of CPUs is from 0.01 to {processors}.00, as there are only {processors} CPUs available"));
        }

        if (host.CpuPeriod is not 0 and (< 1000 or > 1_000_000))
        {
            throw Invalid("cpu_period", "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
        }

        if (host.CpuQuota is > 0 and < 1000)
        {
            throw Invalid("cpu_quota", "CPU cfs quota can not be less than 1ms (i.e. 1000)");
        }

        if (host.CpuShares < 0)
        {
            throw Invalid("cpu_shares", $"invalid CPU shares ({host.CpuShares}): value must be a positive integer");
        }

        if (host.BlkioWeight is not 0 and (< 10 or > 1000))
        {
            throw Invalid("blkio_weight", "Range of blkio weight is from 10 to 1000");
        }

        return new()
        {
            MemoryBytes = host.Memory,
            MemoryReservationBytes = host.MemoryReservation,
            MemorySwapBytes = host.MemorySwap,
            NanoCpus = host.NanoCpus,
            CpuShares = host.CpuShares,
            CpuPeriod = host.CpuPeriod,
            CpuQuota = host.CpuQuota,
            CpusetCpus = host.CpusetCpus ?? "",
            CpusetMems = host.CpusetMems ?? "",

            // The CLI sends 0 for "not said".
            PidsLimit = host.PidsLimit is 0 ? null : host.PidsLimit,
            BlkioWeight = host.BlkioWeight,
        };
    }

    private static RestartPolicySpec RestartPolicy(HostConfig host)
    {
        var policy = host.RestartPolicy ?? new();
        var kind = policy.Name switch
        {
            null or "" or "no" => RestartPolicyKind.No,
            "always" => RestartPolicyKind.Always,
            "unless-stopped" => RestartPolicyKind.UnlessStopped,
            "on-failure" => RestartPolicyKind.OnFailure,
            _ => throw Invalid("restart_policy", $"invalid restart policy: unknown policy '{policy.Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"),
        };
        if (policy.MaximumRetryCount < 0)
        {
            throw Invalid("restart_policy", "invalid restart policy: maximum retry count cannot be negative");
        }

        if (policy.MaximumRetryCount > 0 && kind != RestartPolicyKind.OnFailure)
        {
            throw Invalid("restart_policy", "invalid restart policy: maximum retry count can only be used with 'on-failure'");
        }

        if (host.AutoRemove && kind != RestartPolicyKind.No)
        {
            throw Invalid("restart_policy", "can't create 'AutoRemove' container with restart policy");
        }

        return new(kind, policy.MaximumRetryCount);
    }

    private static UlimitSpec Ulimit(UlimitItem item) => string.IsNullOrEmpty(item.Name)
        ? throw Invalid("ulimit", "invalid ulimit: it has no name")
        : item.Hard != -1 && (item.Soft > item.Hard || item.Soft == -1)
            ? throw Invalid("ulimit", string.Create(CultureInfo.InvariantCulture, $"ulimit soft limit must be less than or equal to hard limit: {item.Soft} > {item.Hard}"))
            : new(item.Name, item.Soft, item.Hard);

    private static bool Is(string? value, params ReadOnlySpan<string> values) => values.Contains(value ?? "");

    private static string? Blank(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static void Refuse(bool condition, string what)
    {
        if (condition)
        {
            throw EngineErrors.NotSupported(what);
        }
    }

    private static ErrorException NoVolumeDriver(string name) => Invalid("volume_driver", $"error looking up volume plugin {name}: plugin \"{name}\" not found");

    private static ErrorException Invalid(string reason, string message) => EngineErrors.Invalid("container." + reason, message);
}
