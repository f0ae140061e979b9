using System.Net;
using System.Net.Sockets;
using System.Text;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Names;

/// <summary>Text of a container's /etc/hosts. Pure.</summary>
internal static class HostsFile
{
    private const string Ipv4 = "127.0.0.1\tlocalhost\n";

    private const string Ipv6 =
        "::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n";

    /// <summary>The whole file of a container with a network of its own; in the host's, where names were added to it.</summary>
    /// <param name="extra">Names that were asked for, as <c>name:address</c>; <c>host-gateway</c> is an address too.</param>
    /// <param name="gateways">Addresses of the host, one of a family.</param>
    /// <param name="own">Lines of the container itself, as <see cref="OwnLines"/> has them.</param>
    /// <param name="hasIPv6">The container has not turned IPv6 off.</param>
    public static string Render(IEnumerable<string> extra, IReadOnlyList<IPAddress> gateways, IEnumerable<string> own, bool hasIPv6)
    {
        var text = new StringBuilder(Ipv4);
        if (hasIPv6)
        {
            text.Append(Ipv6);
        }

        foreach (var entry in extra)
        {
            var colon = entry.IndexOf(':', StringComparison.Ordinal);
            var (name, address) = (entry[..colon], entry[(colon + 1)..].Trim('[', ']'));
            IEnumerable<string> addresses = address == HostFileValidation.HostGateway ? gateways.Select(gateway => gateway.ToString()) : [address];
            foreach (var one in addresses.Where(one => hasIPv6 || !one.Contains(':', StringComparison.Ordinal)))
            {
                text.Append(one).Append('\t').Append(name).Append('\n');
            }
        }

        return text.AppendJoin("", own).ToString();
    }

    /// <summary>A line for every address of a container, under its full name and its first part.</summary>
    /// <param name="hostname">Its host name, which may be a full one.</param>
    /// <param name="domain">Its domain; empty for none.</param>
    /// <param name="addresses">Where it is.</param>
    /// <param name="hasIPv6">The container has not turned IPv6 off.</param>
    public static IReadOnlyList<string> OwnLines(string hostname, string? domain, IEnumerable<IPAddress> addresses, bool hasIPv6)
    {
        var name = string.IsNullOrEmpty(domain) ? hostname : $"{hostname}.{domain}";
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var names = dot > 0 ? $"{name} {name[..dot]}" : name;
        return [.. addresses.Where(address => hasIPv6 || address.AddressFamily == AddressFamily.InterNetwork).Select(address => $"{address}\t{names}\n")];
    }
}
