using System.Net;
using System.Text;
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

    /// <summary>/etc/hosts.</summary>
    public static string Hosts(ContainerId id, ContainerSpec spec, NetworkAttachment? attachment, IPAddress? gateway)
    {
        var text = new StringBuilder(
            "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n");
        foreach (var entry in spec.ExtraHosts)
        {
            var colon = entry.IndexOf(':', StringComparison.Ordinal);
            var (name, address) = (entry[..colon], entry[(colon + 1)..]);
            address = address == HostFileValidation.HostGateway ? gateway?.ToString() ?? "" : address.Trim('[', ']');
            if (address.Length > 0)
            {
                text.Append(address).Append('\t').Append(name).Append('\n');
            }
        }

        return text.Append(string.Concat(OwnLines(id, spec, attachment))).ToString();
    }

    /// <summary>A container's own addresses in /etc/hosts.</summary>
    public static IReadOnlyList<string> OwnLines(ContainerId id, ContainerSpec spec, NetworkAttachment? attachment)
    {
        var hostname = Hostname(id, spec);
        var names = string.IsNullOrEmpty(spec.Domainname) ? hostname : $"{hostname}.{spec.Domainname} {hostname}";
        return
        [
            .. (attachment?.Endpoints ?? []).SelectMany(e => (EndpointAddress?[])[e.IPv4, e.IPv6]).OfType<EndpointAddress>().Select(a => $"{a.Address}\t{names}\n"),
        ];
    }

    /// <summary>
    /// /etc/resolv.conf: what was asked, else the host's. A resolver on the host's loopback cannot be reached from another
    /// network namespace and is left out.
    /// </summary>
    /// <param name="spec">What was asked.</param>
    /// <param name="host">The host's file.</param>
    /// <param name="hostNetwork">It is in the host's network.</param>
    /// <param name="hasServer">It has a name server of its own, which asks the others.</param>
    public static string ResolvConf(ContainerSpec spec, string host, bool hostNetwork, bool hasServer = false)
    {
        var (servers, search, options) = Read(spec, host, hostNetwork);
        if (hasServer)
        {
            servers = [INameServers.Address.ToString()];
            if (!options.Exists(IsNdots))
            {
                options.Add("ndots:0");
            }
        }

        var text = new StringBuilder();
        foreach (var server in servers)
        {
            text.Append("nameserver ").Append(server).Append('\n');
        }

        Append(text, "search", search);
        Append(text, "options", options);
        return text.ToString();
    }

    /// <summary>Whom a container's own name server asks, and whether somebody chose its <c>ndots</c>.</summary>
    public static (IReadOnlyList<UpstreamServer> Servers, bool HasNdots) Upstreams(ContainerSpec spec, string host)
    {
        var (servers, _, options) = Read(spec, host, hostNetwork: true);
        return (
            [.. servers.Select(s => IPAddress.TryParse(s, out var address) ? address : null).OfType<IPAddress>().Select(a => new UpstreamServer(a, IsAskedFromHost: spec.Dns.Count == 0))],
            options.Exists(IsNdots));
    }

    private static bool IsNdots(string option) => option.StartsWith("ndots:", StringComparison.Ordinal);

    private static (List<string> Servers, List<string> Search, List<string> Options) Read(ContainerSpec spec, string host, bool hostNetwork)
    {
        List<string> servers = [], search = [], options = [];
        foreach (var line in host.AsSpan().EnumerateLines())
        {
            var fields = line.ToString().Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            switch (fields)
            {
                case ["nameserver", var server, ..] when hostNetwork || !(IPAddress.TryParse(server, out var address) && IPAddress.IsLoopback(address)):
                    servers.Add(server);
                    break;
                case ["search" or "domain", ..]:
                    search = [.. fields[1..]];
                    break;
                case ["options", ..]:
                    options.AddRange(fields[1..]);
                    break;
                default:
                    break;
            }
        }

        return (
            spec.Dns.Count > 0 ? [.. spec.Dns] : servers,
            spec.DnsSearch is ["."] ? [] : spec.DnsSearch.Count > 0 ? [.. spec.DnsSearch] : search,
            spec.DnsOptions.Count > 0 ? [.. spec.DnsOptions] : options);
    }

    private static void Append(StringBuilder text, string keyword, List<string> values)
    {
        if (values.Count > 0)
        {
            text.Append(keyword).Append(' ').AppendJoin(' ', values).Append('\n');
        }
    }
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
