using System.Net;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Names;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Containers;

/// <summary>Text of the files a container gets for its name and for finding others. Pure.</summary>
internal static class NetworkFiles
{
    /// <summary>Host name of a container on a network of its own.</summary>
    public static string Hostname(ContainerId id, ContainerSpec spec) => string.IsNullOrEmpty(spec.Hostname) ? id.Abbreviated : spec.Hostname;

    /// <summary>Host name that a container has, or that whoever joins its network takes over.</summary>
    public static string Hostname(ContainerSnapshot container, string host) =>
        !string.IsNullOrEmpty(container.Spec.Hostname) ? container.Spec.Hostname
        : container.Spec.NetworkMode is "host" || container.Spec.UtsMode.Kind == NamespaceKind.Host ? host
        : container.JoinedHostname ?? container.Id.Abbreviated;

    /// <summary>/etc/hosts of a container in networks; without links.</summary>
    /// <param name="id">The container.</param>
    /// <param name="spec">What it is.</param>
    /// <param name="attachment">Where it is; null while that is not known.</param>
    /// <param name="gateway">Address of the host on the default bridge, for those who ask for it; null for none.</param>
    public static string Hosts(ContainerId id, ContainerSpec spec, NetworkAttachment? attachment, IPAddress? gateway)
    {
        // The default bridge has no IPv6: there the host is found where the container's own way out begins.
        var gatewayIPv6 = attachment is not null && GatewayChoice.Of(attachment.Endpoints, isIPv6: true) is { Driver: BridgeDriver.DriverName, IPv6: { } place } ? place.Gateway : null;
        return HostsFile.Render(spec.ExtraHosts, [.. ((IPAddress?[])[gateway, gatewayIPv6]).OfType<IPAddress>()], OwnLines(id, spec, attachment), HasIPv6(spec));
    }

    /// <summary>A container's own addresses in /etc/hosts.</summary>
    public static IReadOnlyList<string> OwnLines(ContainerId id, ContainerSpec spec, NetworkAttachment? attachment) => HostsFile.OwnLines(
        Hostname(id, spec), spec.Domainname,
        (attachment?.Endpoints ?? []).SelectMany(e => (EndpointAddress?[])[e.IPv4, e.IPv6]).OfType<EndpointAddress>().Select(a => a.Address), HasIPv6(spec));

    // Until it is turned off: every container has the loopback's.
    private static bool HasIPv6(ContainerSpec spec) =>
        !((string[])["all", "lo"]).Any(link => spec.Sysctls.TryGetValue($"net.ipv6.conf.{link}.disable_ipv6", out var value) && value == "1");
}

/// <summary>The files of a container's place in the network.</summary>
/// <param name="Folder">Of the container whose place it is.</param>
/// <param name="Spec">Of that container.</param>
internal readonly record struct NetworkFilePaths(string Folder, ContainerSpec Spec)
{
    public string ResolvConf => Folder + "/resolv.conf";

    public string Hosts => Folder + "/hosts";

    public string OwnHostname => Folder + "/hostname";

    /// <summary>In the host's network the host's own, unless it has a name.</summary>
    public string Hostname => Spec.NetworkMode == "host" && string.IsNullOrEmpty(Spec.Hostname) ? "/etc/hostname" : OwnHostname;
}
