using System.Globalization;
using Portal.Domain.Containers;
using Portal.Domain.Engine.Mapping;
using Portal.Domain.Engine.Models;
using Portal.Runtime;
using Portal.Runtime.Containers;
using Portal.Runtime.Logs;
using PortBinding = Portal.Domain.Containers.PortBinding;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>The HostConfig that inspect shows: what was asked, with the engine's defaults filled in.</summary>
internal static class HostConfigMapping
{
    private const long DefaultShmSize = 64 * 1024 * 1024;

    /// <param name="container">The container.</param>
    /// <param name="runtime">Defaults of the engine.</param>
    /// <param name="nameOf">The name of another container, by its id; null for one that is gone.</param>
    public static HostConfig Show(ContainerSnapshot container, IRuntimeInfo runtime, Func<string, string?> nameOf)
    {
        var spec = container.Spec;
        var host = new HostConfig
        {
            ContainerIDFile = "",
            LogConfig = new() { Type = LogDrivers.DriverOf(spec.Log), Config = new(spec.Log.Options) },
            NetworkMode = ContainerMapping.NetworkName(spec.NetworkMode),
            PortBindings = spec.Ports.GroupBy(p => PortSyntax.Format(p.ContainerPort, p.Protocol))
                .ToDictionary(g => g.Key, g => (List<PortBindingItem>?)[.. g.Select(p => new PortBindingItem { HostIp = p.HostAddress, HostPort = Text(p) })]),
            RestartPolicy = new() { Name = Name(spec.RestartPolicy.Kind), MaximumRetryCount = spec.RestartPolicy.MaximumRetryCount },
            AutoRemove = spec.AutoRemove,
            VolumeDriver = "",
            VolumesFrom = OrNull(spec.VolumesFrom),
            ConsoleSize = [0, 0],
            Annotations = spec.Annotations.Count == 0 ? null : new(spec.Annotations),
            CapAdd = OrNull(spec.CapabilitiesAdded),
            CapDrop = OrNull(spec.CapabilitiesDropped),
            Dns = [.. spec.Dns],
            DnsOptions = [.. spec.DnsOptions],
            DnsSearch = [.. spec.DnsSearch],
            ExtraHosts = OrNull(spec.ExtraHosts),
            GroupAdd = OrNull(spec.GroupsAdded),
            Cgroup = "",
            Links = spec.Links.Count == 0 ? null : [.. spec.Links.Select(l => Link(container, l, nameOf))],
            OomScoreAdj = spec.OomScoreAdjustment,
            Privileged = spec.Privileged,
            PublishAllPorts = spec.PublishAllPorts,
            ReadonlyRootfs = spec.ReadOnlyRootFileSystem,
            SecurityOpt = OrNull(spec.SecurityOptions),
            StorageOpt = spec.StorageOptions.Count == 0 ? null : new(spec.StorageOptions),
            ShmSize = spec.ShmSizeBytes == 0 ? DefaultShmSize : spec.ShmSizeBytes,
            Sysctls = spec.Sysctls.Count == 0 ? null : new(spec.Sysctls),
            Runtime = spec.Runtime.Length == 0 ? runtime.DefaultRuntime : spec.Runtime,
            Isolation = "",
            CgroupParent = spec.CgroupParent,
            Ulimits = [.. spec.Ulimits.Select(u => new UlimitItem { Name = u.Name, Soft = u.Soft, Hard = u.Hard })],
            MaskedPaths = Paths(spec, spec.MaskedPaths, runtime.DefaultPaths.Masked),
            ReadonlyPaths = Paths(spec, spec.ReadOnlyPaths, runtime.DefaultPaths.ReadOnly),
            Init = spec.Init ? true : null,
        };
        ResourceMapping.Show(spec.Resources, host);
        NamespaceMapping.Show(spec, host);
        DeviceRequestMapping.Show(spec, host);
        MountMapping.Show(spec, host);
        return host;
    }

    private static string Text(PortBinding port) => port switch
    {
        { HostPort: 0 } => "",
        { LastHostPort: > 0 } => string.Create(CultureInfo.InvariantCulture, $"{port.HostPort}-{port.LastHostPort}"),
        _ => port.HostPort.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>As old engines listed them, and clients still read them: <c>/db:/web/alias</c>.</summary>
    private static string Link(ContainerSnapshot container, string link, Func<string, string?> nameOf)
    {
        var colon = link.IndexOf(':');
        return $"/{nameOf(link[..colon]) ?? link[..colon]}:/{container.Name}/{link[(colon + 1)..]}";
    }

    /// <summary>Null for a privileged container, whose paths are as the kernel makes them.</summary>
    private static List<string>? Paths(ContainerSpec spec, IReadOnlyList<string>? own, IReadOnlyList<string> defaults) =>
        spec.Privileged ? null : spec.SecurityOptions.Any(o => o is "systempaths=unconfined" or "systempaths:unconfined") ? [] : [.. own ?? defaults];

    private static string Name(RestartPolicyKind kind) => kind switch
    {
        RestartPolicyKind.No => "no",
        RestartPolicyKind.Always => "always",
        RestartPolicyKind.UnlessStopped => "unless-stopped",
        RestartPolicyKind.OnFailure => "on-failure",
    };

    private static List<string>? OrNull(IReadOnlyList<string> items) => items.Count == 0 ? null : [.. items];
}
