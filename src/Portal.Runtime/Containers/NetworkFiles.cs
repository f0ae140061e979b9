using System.Net;
using System.Text;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
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

        if (attachment?.Address is { } own)
        {
            var hostname = Hostname(id, spec);
            text.Append(own).Append('\t');
            if (!string.IsNullOrEmpty(spec.Domainname))
            {
                text.Append(hostname).Append('.').Append(spec.Domainname).Append(' ');
            }

            text.Append(hostname).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>
    /// /etc/resolv.conf: what was asked, else the host's. A resolver on the host's loopback cannot be reached from another
    /// network namespace and is left out.
    /// </summary>
    public static string ResolvConf(ContainerSpec spec, string host, bool hostNetwork)
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

        servers = spec.Dns.Count > 0 ? [.. spec.Dns] : servers;
        search = spec.DnsSearch is ["."] ? [] : spec.DnsSearch.Count > 0 ? [.. spec.DnsSearch] : search;
        options = spec.DnsOptions.Count > 0 ? [.. spec.DnsOptions] : options;

        var text = new StringBuilder();
        foreach (var server in servers)
        {
            text.Append("nameserver ").Append(server).Append('\n');
        }

        Append(text, "search", search);
        Append(text, "options", options);
        return text.ToString();
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
