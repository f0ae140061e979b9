using System.Globalization;
using Portal.Api.Containers;
using Portal.Api.Networks;
using Portal.Domain.Containers;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>What endpoints take about containers, in the Engine API's form. Says what it was told and decides nothing: the desk and the engine read it as they read Docker's own clients.</summary>
internal static class ContainerBodies
{
    private const double Nanoseconds = 1e9;

    /// <summary>The body of a create.</summary>
    public static ContainerCreateRequest Of(NewContainer request) => new()
    {
        Image = request.Image,
        Cmd = request.Command,
        Entrypoint = request.Entrypoint,
        Env = List(request.Environment),
        Labels = Map(request.Labels),
        Hostname = request.Hostname,
        Domainname = request.Domainname,
        User = request.User,
        WorkingDir = request.WorkingDirectory,
        Tty = request.Tty,
        OpenStdin = request.OpenStdin,
        ExposedPorts = Exposed(request),
        OnBuild = null,
        StopSignal = request.StopSignal,
        StopTimeout = request.StopTimeoutSeconds,
        Healthcheck = request.HealthCheck is { } check ? Of(check) : null,
        HostConfig = Host(request),
        NetworkingConfig = request.Networks is { Count: > 0 } networks ? new() { EndpointsConfig = Endpoints(networks) } : null,
    };

    /// <summary>The body of an update.</summary>
    public static HostConfig Of(ContainerUpdate request) => Limits(request.Resources, new() { RestartPolicy = Policy(request.RestartPolicy) });

    /// <summary>A place in a network.</summary>
    public static EndpointSettings Of(NetworkPlace place) => new()
    {
        Aliases = List(place.Aliases),
        Links = List(place.Links),
        DNSNames = null,
        MacAddress = place.MacAddress,
        DriverOpts = Map(place.DriverOptions),
        GwPriority = place.GatewayPriority,
        IPAMConfig = place is { Ipv4Address: null, Ipv6Address: null, LinkLocalAddresses: null }
            ? null
            : new() { IPv4Address = place.Ipv4Address, IPv6Address = place.Ipv6Address, LinkLocalIPs = List(place.LinkLocalAddresses) },
    };

    private static HostConfig Host(NewContainer request) => Limits(request.Resources, new()
    {
        NetworkMode = request.NetworkMode ?? (request.Networks is [var first, ..] ? first.Network : null),
        PortBindings = Ports(request.Ports),
        PublishAllPorts = request.PublishAllPorts,
        Mounts = request.Mounts?.Select(Of).ToList(),
        VolumesFrom = List(request.VolumesFrom),
        Links = List(request.Links),
        Dns = List(request.Dns),
        DnsSearch = List(request.DnsSearch),
        DnsOptions = List(request.DnsOptions),
        ExtraHosts = List(request.ExtraHosts),
        RestartPolicy = Policy(request.RestartPolicy),
        AutoRemove = request.AutoRemove,
        ShmSize = request.SharedMemoryBytes ?? 0,
        Ulimits = request.ProcessLimits?.Select(limit => new UlimitItem { Name = limit.Name, Soft = limit.Soft, Hard = limit.Hard }).ToList(),
        OomScoreAdj = request.OomScoreAdjustment,
        Privileged = request.Privileged,
        ReadonlyRootfs = request.ReadOnly,
        Init = request.Init,
        CapAdd = List(request.CapabilitiesAdded),
        CapDrop = List(request.CapabilitiesDropped),
        SecurityOpt = List(request.SecurityOptions),
        MaskedPaths = List(request.MaskedPaths),
        ReadonlyPaths = List(request.ReadOnlyPaths),
        GroupAdd = List(request.Groups),
        Sysctls = Map(request.Sysctls),
        Devices = request.Devices?.Select(device => new DeviceMapping
        {
            PathOnHost = device.HostPath, PathInContainer = device.ContainerPath ?? device.HostPath, CgroupPermissions = device.Permissions,
        }).ToList(),
        DeviceCgroupRules = List(request.DeviceRules),
        DeviceRequests = request.DeviceRequests?.Select(wanted => new DeviceRequest
        {
            Driver = wanted.Driver, Count = wanted.Count, DeviceIDs = List(wanted.Ids), Capabilities = wanted.Capabilities?.Select(all => all.ToList()).ToList(), Options = Map(wanted.Options),
        }).ToList(),
        PidMode = request.Namespaces?.Pid,
        IpcMode = request.Namespaces?.Ipc,
        UTSMode = request.Namespaces?.Uts,
        UsernsMode = request.Namespaces?.User,
        CgroupnsMode = request.Namespaces?.Cgroup,
        CgroupParent = request.CgroupParent,
        Runtime = request.Runtime,
        StorageOpt = Map(request.StorageOptions),
        Annotations = Map(request.Annotations),
        LogConfig = request.Log is { } log ? new() { Type = log.Driver ?? "", Config = Map(log.Options) } : null,
    });

    private static HostConfig Limits(ContainerLimits? limits, HostConfig host)
    {
        host.Memory = limits?.MemoryBytes ?? 0;
        host.MemoryReservation = limits?.MemoryReservationBytes ?? 0;
        host.MemorySwap = limits?.MemorySwapBytes ?? 0;
        host.MemorySwappiness = limits?.MemorySwappiness;
        host.OomKillDisable = limits?.OomKillDisabled;
        host.NanoCpus = (long)Math.Round((limits?.Cpus ?? 0) * Nanoseconds);
        host.CpuShares = limits?.CpuShares ?? 0;
        host.CpuPeriod = limits?.CpuPeriod ?? 0;
        host.CpuQuota = limits?.CpuQuota ?? 0;
        host.CpuRealtimePeriod = limits?.CpuRealtimePeriod ?? 0;
        host.CpuRealtimeRuntime = limits?.CpuRealtimeRuntime ?? 0;
        host.CpusetCpus = limits?.CpuSet;
        host.CpusetMems = limits?.MemoryNodes;
        host.PidsLimit = limits?.PidsLimit;
        host.BlkioWeight = limits?.BlockWeight ?? 0;
        return host;
    }

    /// <summary>Options of another sort of mount are sent too: whoever gave them is told that they do not go together.</summary>
    private static MountItem Of(NewMount mount) => new()
    {
        Type = mount.Type.ToString().ToLowerInvariant(),
        Source = mount.Source,
        Target = mount.Target,
        ReadOnly = mount.ReadOnly,
        BindOptions = mount is { Propagation: null, CreateSource: false, NonRecursive: false }
            ? null
            : new() { Propagation = mount.Propagation, CreateMountpoint = mount.CreateSource, NonRecursive = mount.NonRecursive },
        VolumeOptions = mount is { NoCopy: false, Driver: null, DriverOptions: null, Labels: null } && (mount.Subpath is null || mount.Type == MountKind.Image)
            ? null
            : new()
            {
                NoCopy = mount.NoCopy,
                Subpath = mount.Type == MountKind.Image ? null : mount.Subpath,
                Labels = Map(mount.Labels),
                DriverConfig = mount is { Driver: null, DriverOptions: null } ? null : new() { Name = mount.Driver, Options = Map(mount.DriverOptions) },
            },
        TmpfsOptions = mount is { SizeBytes: null, Mode: null } ? null : new() { SizeBytes = mount.SizeBytes ?? 0, Mode = mount.Mode is { } digits ? Convert.ToInt32(digits, 8) : 0 },
        ImageOptions = mount is { Type: MountKind.Image, Subpath: { } part } ? new() { Subpath = part } : null,
    };

    private static HealthcheckConfig Of(NewHealthCheck check) => new()
    {
        Test = List(check.Test),
        Interval = (long)(check.IntervalSeconds * Nanoseconds),
        Timeout = (long)(check.TimeoutSeconds * Nanoseconds),
        StartPeriod = (long)(check.StartPeriodSeconds * Nanoseconds),
        StartInterval = (long)(check.StartIntervalSeconds * Nanoseconds),
        Retries = check.Retries,
    };

    private static RestartPolicyConfig? Policy(string? text) => text?.Split(':') is { } parts
        ? new() { Name = parts[0], MaximumRetryCount = parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0 }
        : null;

    private static Dictionary<string, EmptyObject>? Exposed(NewContainer request)
    {
        var ports = (request.ExposedPorts ?? []).Concat((request.Ports ?? []).Select(Key)).Distinct(StringComparer.Ordinal).ToDictionary(port => port, _ => new EmptyObject());
        return ports.Count > 0 ? ports : null;
    }

    private static Dictionary<string, List<PortBindingItem>?>? Ports(IReadOnlyList<NewPort>? ports) => ports?.GroupBy(Key).ToDictionary(
        port => port.Key,
        port => (List<PortBindingItem>?)[.. port.Select(place => new PortBindingItem { HostIp = place.HostAddress ?? "", HostPort = place.HostPort?.ToString(CultureInfo.InvariantCulture) ?? "" })]);

    private static string Key(NewPort port) => string.Create(CultureInfo.InvariantCulture, $"{port.ContainerPort}/{port.Protocol}");

    private static Dictionary<string, EndpointSettings?> Endpoints(IReadOnlyList<ContainerNetwork> networks)
    {
        Dictionary<string, EndpointSettings?> endpoints = new(StringComparer.Ordinal);
        foreach (var place in networks)
        {
            if (!endpoints.TryAdd(place.Network, Of(place)))
            {
                throw new ErrorException(ErrorKind.Invalid, "container.network", $"networks: {Printable(place.Network)} is there twice.");
            }
        }

        return endpoints;
    }

    private static string Printable(string text) => Http.Printable.Of(text, 64);

    private static List<string>? List(IReadOnlyList<string>? items) => items is null ? null : [.. items];

    private static Dictionary<string, string>? Map(IReadOnlyDictionary<string, string>? items) => items is null ? null : new(items);
}
