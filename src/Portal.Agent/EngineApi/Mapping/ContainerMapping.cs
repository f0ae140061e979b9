using System.Globalization;
using System.Net;
using Portal.Agent.EngineApi.Versioning;
using Portal.Domain.Containers;
using Portal.Domain.Engine.Models;
using Portal.Runtime;
using Portal.Runtime.Containers;
using Portal.Runtime.Logs;
using Portal.Runtime.Networks;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>A container as lists and inspect show it.</summary>
internal static class ContainerMapping
{
    private const string DefaultNetwork = "bridge";

    public static ContainerSummary Summarize(ContainerSnapshot container, string image, IReadOnlyList<NetworkSnapshot> networks, DateTimeOffset now) => new()
    {
        Id = container.Id.Value,
        Names = ["/" + container.Name],
        Image = image,
        ImageID = container.ImageId.ToString(),
        Command = CommandLine(container.Effective),
        Created = container.Created.ToUnixTimeSeconds(),
        Ports = PortItems(container),
        Labels = new(container.Effective.Labels),
        State = HumanDuration.Name(container.Status.State),
        Status = HumanDuration.Sentence(container.Status, now),
        HostConfig = new() { NetworkMode = NetworkName(container.Spec.NetworkMode) },
        NetworkSettings = new() { Networks = Endpoints(container, networks, ApiVersion.Highest) },
        Mounts = MountMapping.Show(container.Mounts),
    };

    public static ContainerInspect Inspect(ContainerSnapshot container, ContainerPlaces places, IReadOnlyList<NetworkSnapshot> networks, IRuntimeInfo runtime, ApiVersion version)
    {
        string[] process = [.. container.Effective.Entrypoint, .. container.Effective.Command];
        return new()
        {
            Id = container.Id.Value,
            Created = EngineTime.Format(container.Created),
            Path = process.FirstOrDefault() ?? "",
            Args = [.. process.Skip(1)],
            State = State(container.Status),
            Image = container.ImageId.ToString(),
            ResolvConfPath = places.ResolvConf,
            HostnamePath = places.Hostname,
            HostsPath = places.Hosts,
            LogPath = LogDrivers.DriverOf(container.Spec.Log) == LogDrivers.JsonFile ? container.LogPath : "",
            Name = "/" + container.Name,
            RestartCount = container.RestartCount,
            Driver = "overlay2",
            Platform = "linux",
            AppArmorProfile = places.AppArmorProfile,
            ExecIDs = null,
            HostConfig = HostConfigMapping.Show(container, runtime),
            GraphDriver = new() { Name = "overlay2", Data = Layers(places) },
            Mounts = MountMapping.Show(container.Mounts),
            Config = Config(container),
            NetworkSettings = Network(container, networks, version),
        };
    }

    private static Dictionary<string, string>? Layers(ContainerPlaces places) => places.Layers is not { } folders ? null : new()
    {
        ["LowerDir"] = string.Join(':', folders.Lower),
        ["MergedDir"] = folders.Merged,
        ["UpperDir"] = folders.Upper,
        ["WorkDir"] = folders.Work,
    };

    /// <summary>The name of the network that a mode means.</summary>
    public static string NetworkName(string mode) => mode is "default" or "" ? DefaultNetwork : mode;

    public static string CommandLine(EffectiveProcess process) => string.Join(' ', process.Entrypoint.Concat(process.Command)
        .Select((argument, index) => index > 0 && argument.Contains(' ') ? $"'{argument}'" : argument));

    private static ContainerInspectState State(ContainerStatus status) => new()
    {
        Status = HumanDuration.Name(status.State),
        Running = status.State is ContainerState.Running or ContainerState.Paused or ContainerState.Restarting,
        Paused = status.State is ContainerState.Paused,
        Restarting = status.State is ContainerState.Restarting,
        Dead = status.State is ContainerState.Dead,
        OOMKilled = status.OomKilled,
        Pid = status.Pid,
        ExitCode = status.ExitCode,
        Error = status.Error,
        StartedAt = EngineTime.Format(status.StartedAt),
        FinishedAt = EngineTime.Format(status.FinishedAt),
        Health = HealthMapping.Show(status.Health),
        LogBytesLost = status.LogBytesLost == 0 ? null : status.LogBytesLost,
    };

    private static ContainerConfig Config(ContainerSnapshot container)
    {
        var (spec, effective) = (container.Spec, container.Effective);
        return new()
        {
            Hostname = spec.Hostname ?? (spec.NetworkMode == "host" ? Dns.GetHostName() : container.JoinedHostname ?? container.Id.Abbreviated),
            Domainname = spec.Domainname ?? "",
            User = effective.User,
            AttachStdin = spec.AttachStdin,
            AttachStdout = spec.AttachStdout,
            AttachStderr = spec.AttachStderr,
            ExposedPorts = effective.ExposedPorts.Count == 0 ? null : effective.ExposedPorts.ToDictionary(p => p, _ => new EmptyObject()),
            Tty = spec.Tty,
            OpenStdin = spec.OpenStdin,
            StdinOnce = spec.StdinOnce,
            Env = [.. effective.Environment],
            Cmd = effective.Command.Count == 0 ? null : effective.Command,
            Image = spec.Image,
            Volumes = effective.Volumes?.ToDictionary(target => target, _ => new EmptyObject()),
            WorkingDir = effective.WorkingDirectory,
            Entrypoint = effective.Entrypoint.Count == 0 ? null : effective.Entrypoint,
            OnBuild = null,
            Labels = new(effective.Labels),
            StopSignal = spec.StopSignal,
            StopTimeout = spec.StopTimeout is { } timeout ? (int)timeout.TotalSeconds : null,
            Healthcheck = HealthMapping.Show(effective.HealthCheck),
            Shell = effective.Shell,
        };
    }

    private static NetworkSettings Network(ContainerSnapshot container, IReadOnlyList<NetworkSnapshot> networks, ApiVersion version)
    {
        var settings = new NetworkSettings { Networks = Endpoints(container, networks, version) };
        if (container.Attachment is not { } place)
        {
            return settings;
        }

        settings.SandboxID = place.EndpointId;
        settings.SandboxKey = place.NamespacePath ?? "";
        settings.Ports = PortMap(container, place);
        if (place.NetworkName == DefaultNetwork)
        {
            settings.EndpointID = place.EndpointId;
            settings.Gateway = place.Gateway?.ToString() ?? "";
            settings.IPAddress = place.Address?.ToString() ?? "";
            settings.IPPrefixLen = place.Address is null ? 0 : place.PrefixLength;
            settings.MacAddress = place.MacAddress ?? "";
        }

        return settings;
    }

    private static Dictionary<string, EndpointSettings> Endpoints(ContainerSnapshot container, IReadOnlyList<NetworkSnapshot> networks, ApiVersion version)
    {
        if (NetworkDonor.IsOne(container.Spec.NetworkMode))
        {
            return [];
        }

        var place = container.Attachment;
        var name = place?.NetworkName ?? NetworkName(container.Spec.NetworkMode);
        var network = networks.FirstOrDefault(n => n.Name == name || n.Id == name);
        return new()
        {
            [network?.Name ?? name] = new()
            {
                Links = null,
                Aliases = null,
                MacAddress = place?.MacAddress ?? "",
                NetworkID = place?.NetworkId ?? network?.Id ?? "",
                EndpointID = place?.EndpointId ?? "",
                Gateway = place?.Gateway?.ToString() ?? "",
                IPAddress = place?.Address?.ToString() ?? "",
                IPPrefixLen = place?.Address is null ? 0 : place.PrefixLength,
                IPv6Gateway = "",
                GlobalIPv6Address = "",
                DNSNames = version.AtLeast(44) && place?.Address is not null && name != DefaultNetwork ? [container.Name, container.Id.Abbreviated] : null,
            },
        };
    }

    private static Dictionary<string, List<PortBindingItem>?> PortMap(ContainerSnapshot container, NetworkAttachment place)
    {
        var map = new Dictionary<string, List<PortBindingItem>?>();
        if (place.Address is null)
        {
            return map;
        }

        foreach (var port in container.Effective.ExposedPorts)
        {
            map[port] = null;
        }

        foreach (var port in place.Ports)
        {
            var key = PortSyntax.Format(port.ContainerPort, port.Protocol);
            (map.GetValueOrDefault(key) ?? (map[key] = [])).Add(new() { HostIp = port.HostAddress.ToString(), HostPort = Text(port.HostPort) });
        }

        return map;
    }

    private static List<PortItem> PortItems(ContainerSnapshot container)
    {
        if (container.Attachment is not { Address: not null } place)
        {
            return [];
        }

        var items = place.Ports.Select(p => new PortItem { IP = p.HostAddress.ToString(), PrivatePort = p.ContainerPort, PublicPort = p.HostPort, Type = p.Protocol }).ToList();
        items.AddRange(container.Effective.ExposedPorts.Select(PortSyntax.Parse)
            .Where(e => !place.Ports.Any(p => p.ContainerPort == e.Port && p.Protocol == e.Protocol))
            .Select(e => new PortItem { PrivatePort = e.Port, Type = e.Protocol }));
        return items;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
