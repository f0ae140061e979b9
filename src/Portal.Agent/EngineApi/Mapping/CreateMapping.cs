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
/// without effect, or refused by name: what would change behaviour or loosen security is never dropped silently. Ranges and
/// combinations of values are checked by the runtime, for whoever asks it.
/// </summary>
internal static class CreateMapping
{
    public static CreatePlan Map(ContainerCreateRequest request, ApiVersion version)
    {
        var host = request.HostConfig ?? new HostConfig();
        var warnings = new List<string>();
        if (string.IsNullOrEmpty(request.Image))
        {
            throw Invalid("image", "no image specified");
        }

        RefuseUnsupported(request, host);
        if (host.KernelMemory is > 0)
        {
            warnings.Add("Kernel memory limits have no effect: kernels no longer know them.");
        }

        var spec = new ContainerSpec
        {
            Image = request.Image,
            Command = request.Cmd,
            Entrypoint = request.Entrypoint,
            Environment = request.Env ?? [],
            Labels = request.Labels ?? [],
            Hostname = Blank(request.Hostname),
            Domainname = Blank(request.Domainname),
            User = Blank(request.User),
            WorkingDirectory = Blank(request.WorkingDir),
            Tty = request.Tty,
            OpenStdin = request.OpenStdin,
            StdinOnce = request.StdinOnce,
            AttachStdin = request.AttachStdin,
            AttachStdout = request.AttachStdout,
            AttachStderr = request.AttachStderr,
            StopSignal = Blank(request.StopSignal),
            StopTimeout = request.StopTimeout is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            HealthCheck = HealthMapping.Map(request.Healthcheck),
            NetworkMode = NetworkMode(request, host, version),
            Ports = Ports(host.PortBindings),
            ExposedPorts = Exposed(request.ExposedPorts, host.PortBindings),
            PublishAllPorts = host.PublishAllPorts,
            Mounts = MountMapping.Map(request.Volumes, host, version),
            VolumesFrom = host.VolumesFrom ?? [],
            Dns = host.Dns ?? [],
            DnsSearch = host.DnsSearch ?? [],
            DnsOptions = host.DnsOptions ?? [],
            ExtraHosts = host.ExtraHosts ?? [],
            Resources = ResourceMapping.Map(host),
            RestartPolicy = RestartPolicy(host.RestartPolicy),
            AutoRemove = host.AutoRemove,
            Privileged = host.Privileged,
            ReadOnlyRootFileSystem = host.ReadonlyRootfs,
            Init = host.Init ?? false,
            CapabilitiesAdded = host.CapAdd ?? [],
            CapabilitiesDropped = host.CapDrop ?? [],
            SecurityOptions = host.SecurityOpt ?? [],
            MaskedPaths = host.MaskedPaths,
            ReadOnlyPaths = host.ReadonlyPaths,
            GroupsAdded = host.GroupAdd ?? [],
            Sysctls = host.Sysctls ?? [],
            ShmSizeBytes = host.ShmSize,
            Ulimits = [.. (host.Ulimits ?? []).Select(u => new UlimitSpec(u.Name ?? "", u.Soft, u.Hard))],
            OomScoreAdjustment = host.OomScoreAdj,
            PidMode = NamespaceMapping.Pid(host),
            IpcMode = NamespaceMapping.Ipc(host),
            UtsMode = NamespaceMapping.Uts(host),
            UserNamespaceMode = NamespaceMapping.User(host),
            CgroupNamespaceMode = NamespaceMapping.Cgroup(host),
            CgroupParent = host.CgroupParent ?? "",
            Devices = DeviceRequestMapping.Devices(host.Devices),
            DeviceCgroupRules = host.DeviceCgroupRules ?? [],
            DeviceRequests = DeviceRequestMapping.Requests(host.DeviceRequests),
            Log = new(host.LogConfig?.Type ?? "", host.LogConfig?.Config ?? []),
            Annotations = host.Annotations ?? [],
            Runtime = host.Runtime ?? "",
            StorageOptions = host.StorageOpt ?? [],
        };
        return new(spec, warnings);
    }

    /// <summary>A restart policy; its numbers are checked by the runtime.</summary>
    public static RestartPolicySpec RestartPolicy(RestartPolicyConfig? policy) => new(
        policy?.Name switch
        {
            null or "" or "no" => RestartPolicyKind.No,
            "always" => RestartPolicyKind.Always,
            "unless-stopped" => RestartPolicyKind.UnlessStopped,
            "on-failure" => RestartPolicyKind.OnFailure,
            var name => throw Invalid("restart_policy", $"invalid restart policy: unknown policy '{name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"),
        },
        policy?.MaximumRetryCount ?? 0);

    private static void RefuseUnsupported(ContainerCreateRequest request, HostConfig host)
    {
        Refuse(host.Links is { Count: > 0 }, "links (HostConfig.Links) are");
        Refuse(!Is(host.Cgroup, ""), "sharing a cgroup (HostConfig.Cgroup) is");
        if (!Is(host.Isolation, "", "default"))
        {
            throw Invalid("isolation", $"invalid isolation \"{host.Isolation}\": only 'default' is supported on Linux");
        }

        Refuse(host.CpuCount != 0 || host.CpuPercent != 0 || host.IOMaximumIOps != 0 || host.IOMaximumBandwidth != 0, "Windows resource limits are");
        Refuse(!Is(request.MacAddress, ""), "a chosen MAC address (MacAddress) is");
        MountMapping.CheckDriver(host.VolumeDriver);
    }

    private static string NetworkMode(ContainerCreateRequest request, HostConfig host, ApiVersion version)
    {
        var mode = request.NetworkDisabled == true ? "none" : Blank(host.NetworkMode) ?? "default";
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

    private static List<PortBinding> Ports(Dictionary<string, List<PortBindingItem>?>? bindings)
    {
        var ports = new List<PortBinding>();
        foreach (var (key, places) in bindings ?? [])
        {
            var (port, protocol) = PortSyntax.Parse(key);
            foreach (var place in places ?? [])
            {
                var hostPort = place.HostPort ?? "";
                Refuse(PortSyntax.IsRange(hostPort), $"a range of host ports (\"{hostPort}\" in HostConfig.PortBindings) is");
                ports.Add(new(port, protocol, place.HostIp ?? "", PortSyntax.Number(hostPort) ?? throw Invalid("port", $"invalid port specification: \"{hostPort}\"")));
            }
        }

        return ports;
    }

    private static List<string> Exposed(Dictionary<string, EmptyObject>? exposed, Dictionary<string, List<PortBindingItem>?>? bindings) =>
    [
        .. (exposed?.Keys ?? Enumerable.Empty<string>()).Concat(bindings?.Keys ?? Enumerable.Empty<string>())
            .Select(PortSyntax.Parse).Select(p => PortSyntax.Format(p.Port, p.Protocol)).Distinct(),
    ];

    private static bool Is(string? value, params ReadOnlySpan<string> values) => values.Contains(value ?? "");

    private static string? Blank(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static void Refuse(bool condition, string what)
    {
        if (condition)
        {
            throw EngineErrors.NotSupported(what);
        }
    }

    private static ErrorException Invalid(string reason, string message) => EngineErrors.Invalid("container." + reason, message);
}
