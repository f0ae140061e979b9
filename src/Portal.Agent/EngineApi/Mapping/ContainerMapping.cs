using System.Globalization;
using System.Net;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Mapping;
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
        NetworkSettings = new() { Networks = EndpointAnswers.Show(container, networks, ApiVersion.Highest) },
        Mounts = MountAnswers.Show(container.Mounts),
    };

    public static ContainerInspect Inspect(ContainerSnapshot container, ContainerPlaces places, IReadOnlyList<NetworkSnapshot> networks, IRuntimeInfo runtime, ApiVersion version, Func<string, string?>? nameOf = null)
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
            HostConfig = HostConfigMapping.Show(container, runtime, nameOf ?? (_ => null)),
            GraphDriver = new() { Name = "overlay2", Data = Layers(places) },
            Mounts = MountAnswers.Show(container.Mounts),
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
        Health = HealthAnswers.Show(status.Health),
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
        var settings = new NetworkSettings { Networks = EndpointAnswers.Show(container, networks, version) };
        if (container.Attachment is not { } attachment)
        {
            return settings;
        }

        settings.SandboxID = attachment.Endpoints is [var first, ..] ? first.EndpointId : container.Id.Value;
        settings.SandboxKey = attachment.NamespacePath ?? "";
        settings.Ports = PortMap(container, attachment);
        if (attachment.Endpoints.FirstOrDefault(e => e.NetworkName == DefaultNetwork) is { } place)
        {
            settings.EndpointID = place.EndpointId;
            settings.Gateway = place.IPv4?.Gateway?.ToString() ?? "";
            settings.IPAddress = place.IPv4?.Address.ToString() ?? "";
            settings.IPPrefixLen = place.IPv4?.PrefixLength ?? 0;
            settings.MacAddress = place.MacAddress ?? "";
        }

        return settings;
    }

    private static Dictionary<string, List<PortBindingItem>?> PortMap(ContainerSnapshot container, NetworkAttachment attachment)
    {
        var map = new Dictionary<string, List<PortBindingItem>?>();
        if (!HasAddress(attachment))
        {
            return map;
        }

        foreach (var port in container.Effective.ExposedPorts)
        {
            map[port] = null;
        }

        foreach (var port in attachment.Ports)
        {
            var key = PortSyntax.Format(port.ContainerPort, port.Protocol);
            (map.GetValueOrDefault(key) ?? (map[key] = [])).Add(new() { HostIp = port.HostPort == 0 ? "" : port.HostAddress.ToString(), HostPort = port.HostPort == 0 ? "" : Text(port.HostPort) });
        }

        return map;
    }

    private static List<PortItem> PortItems(ContainerSnapshot container)
    {
        if (container.Attachment is not { } attachment || !HasAddress(attachment))
        {
            return [];
        }

        var ports = attachment.Ports.Where(p => p.HostPort > 0).ToList();
        var items = ports.Select(p => new PortItem { IP = p.HostAddress.ToString(), PrivatePort = p.ContainerPort, PublicPort = p.HostPort, Type = p.Protocol }).ToList();
        items.AddRange(container.Effective.ExposedPorts.Select(PortSyntax.Parse)
            .Where(e => !ports.Exists(p => p.ContainerPort == e.Port && p.Protocol == e.Protocol))
            .Select(e => new PortItem { PrivatePort = e.Port, Type = e.Protocol }));
        return items;
    }

    private static bool HasAddress(NetworkAttachment attachment) => attachment.Endpoints.Any(e => (e.IPv4 ?? e.IPv6) is not null);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
