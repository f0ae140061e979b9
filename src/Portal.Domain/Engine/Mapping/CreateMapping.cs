using Portal.Domain.Containers;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using PortBinding = Portal.Domain.Containers.PortBinding;

namespace Portal.Domain.Engine.Mapping;

/// <summary>A create request, understood: what to make, and what of it does not have the effect somebody may expect.</summary>
public sealed record CreatePlan(ContainerSpec Spec, IReadOnlyList<string> Warnings);

/// <summary>
/// The body of POST /containers/create as a <see cref="ContainerSpec"/>. Every member is either taken over, known to be
/// without effect, or refused by name: what would change behaviour or loosen security is never dropped silently. Ranges and
/// combinations of values are checked by the runtime, for whoever asks it.
/// </summary>
public static class CreateMapping
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
        var (mode, endpoints) = Networks(request, host, version);
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
            NetworkMode = mode,
            Endpoints = endpoints,
            Links = host.Links ?? [],
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
        Refuse(!Is(host.Cgroup, ""), "sharing a cgroup (HostConfig.Cgroup) is");
        if (!Is(host.Isolation, "", "default"))
        {
            throw Invalid("isolation", $"invalid isolation \"{host.Isolation}\": only 'default' is supported on Linux");
        }

        Refuse(host.CpuCount != 0 || host.CpuPercent != 0 || host.IOMaximumIOps != 0 || host.IOMaximumBandwidth != 0, "Windows resource limits are");
        MountMapping.CheckDriver(host.VolumeDriver);
    }

    /// <summary>The networks: that of the mode, and all of those that are described.</summary>
    private static (string Mode, IReadOnlyList<EndpointSpec>? Endpoints) Networks(ContainerCreateRequest request, HostConfig host, ApiVersion version)
    {
        var mode = request.NetworkDisabled == true ? "none" : Blank(host.NetworkMode) ?? "default";
        var described = request.NetworkingConfig?.EndpointsConfig ?? [];
        if (described.Count > 1 && !version.AtLeast(44))
        {
            throw Invalid("network", "Container cannot be created with multiple network endpoints");
        }

        if (mode == "default" && described.Count > 0 && !described.Keys.Any(IsDefault))
        {
            // docker run --network x says it in both places; some clients only here.
            mode = described.Keys.First();
        }

        if (NetworkDonor.IsOne(mode))
        {
            return Is(request.MacAddress, "")
                ? (mode, described.Count == 0 || (described.Count == 1 && described.ContainsKey(mode)) ? null : [.. described.Select(d => EndpointMapping.Map(d.Key, d.Value))])
                : throw Invalid("network", "conflicting options: mac-address and the network mode");
        }

        List<EndpointSpec> endpoints = [.. described.Select(d => EndpointMapping.Map(d.Key, d.Value))];
        if (Blank(request.MacAddress) is { } mac)
        {
            if (mode == "host")
            {
                throw Invalid("network", "conflicting options: mac-address and the network mode");
            }

            var main = endpoints.FindIndex(e => e.Network == mode || (IsDefault(e.Network) && IsDefault(mode)));
            if (main >= 0 && endpoints[main].MacAddress is { } other && other != mac)
            {
                throw Invalid("network", "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty");
            }

            if (main < 0)
            {
                endpoints.Add(new() { Network = mode, MacAddress = mac });
            }
            else
            {
                endpoints[main] = endpoints[main] with { MacAddress = mac };
            }
        }

        return (mode, endpoints);

        static bool IsDefault(string network) => network is "default" or "bridge";
    }

    private static List<PortBinding> Ports(Dictionary<string, List<PortBindingItem>?>? bindings)
    {
        var ports = new List<PortBinding>();
        foreach (var (key, places) in bindings ?? [])
        {
            var inside = PortSyntax.ParseRange(key);
            foreach (var place in places ?? [])
            {
                var hostPort = place.HostPort ?? "";
                var (first, last) = PortSyntax.NumberOrRange(hostPort) ?? throw Invalid("port", $"invalid port specification: \"{hostPort}\"");
                var pairs = inside.Last > inside.First && first > 0;
                if (pairs && last - first != inside.Last - inside.First)
                {
                    throw Invalid("port", $"invalid ranges specified for container and host Ports: {key} and {hostPort}");
                }

                for (var port = inside.First; port <= inside.Last; port++)
                {
                    ports.Add(pairs
                        ? new(port, inside.Protocol, place.HostIp ?? "", first + port - inside.First)
                        : new(port, inside.Protocol, place.HostIp ?? "", first, last > first ? last : 0));
                }
            }
        }

        return ports;
    }

    private static List<string> Exposed(Dictionary<string, EmptyObject>? exposed, Dictionary<string, List<PortBindingItem>?>? bindings) =>
    [
        .. (exposed?.Keys ?? Enumerable.Empty<string>()).Concat(bindings?.Keys ?? Enumerable.Empty<string>())
            .Select(PortSyntax.ParseRange).SelectMany(r => Enumerable.Range(r.First, r.Last - r.First + 1).Select(port => PortSyntax.Format(port, r.Protocol))).Distinct(),
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
