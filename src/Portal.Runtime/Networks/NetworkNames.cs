using System.Net;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Names;

namespace Portal.Runtime.Networks;

/// <summary>Names of containers in the networks they are in, out of memory. Safe for concurrent use.</summary>
internal sealed class NetworkNames(HostNetworks networks, IContainerNames containers) : INameDirectory
{
    public IReadOnlyList<IPAddress> Resolve(ContainerId asker, string name)
    {
        if (networks.AttachmentOf(asker) is not { } own)
        {
            return [];
        }

        foreach (var endpoint in own.Endpoints.Where(e => e.HasNames))
        {
            var suffix = "." + endpoint.NetworkName;
            var bare = name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase) ? name[..^suffix.Length] : name;
            var found = ResolveIn(asker, endpoint, name);
            if (found.Count == 0 && bare.Length != name.Length)
            {
                found = ResolveIn(asker, endpoint, bare);
            }

            if (found.Count > 0)
            {
                return found;
            }
        }

        return [];
    }

    public string? NameOf(ContainerId asker, IPAddress address)
    {
        foreach (var endpoint in networks.AttachmentOf(asker)?.Endpoints.Where(e => e.HasNames) ?? [])
        {
            foreach (var (container, place) in Members(endpoint.NetworkId))
            {
                if ((address.Equals(place.IPv4?.Address) || address.Equals(place.IPv6?.Address)) && containers.Describe(container) is var (name, _))
                {
                    return $"{name}.{endpoint.NetworkName}";
                }
            }
        }

        return null;
    }

    /// <summary>Names of a container in one of its networks, the first being its own.</summary>
    public static IReadOnlyList<string> NamesOf(ContainerId id, string name, ContainerSpec spec, EndpointSpec? place)
    {
        List<string> names = [name, .. place?.Aliases ?? [], id.Abbreviated];
        if (!string.IsNullOrEmpty(spec.Hostname))
        {
            names.Add(spec.Hostname);
        }

        return [.. names.Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>What a container was to be in a network.</summary>
    public static EndpointSpec? PlaceOf(ContainerSpec spec, NetworkEndpoint endpoint) =>
        spec.Endpoints?.FirstOrDefault(e => e.NetworkId == endpoint.NetworkId) ?? spec.Endpoints?.FirstOrDefault(e => e.Network == endpoint.NetworkName);

    private List<IPAddress> ResolveIn(ContainerId asker, NetworkEndpoint network, string name)
    {
        // Names that the asker alone has for somebody go before everybody's.
        var links = containers.Describe(asker) is var (_, asking) ? PlaceOf(asking, network)?.Links ?? [] : [];
        var wanted = links.Select(LinkName.TryParse).OfType<LinkName>().Where(l => Same(l.Alias, name)).Select(l => l.Container).FirstOrDefault() ?? name;
        List<IPAddress> found = [];
        foreach (var (container, place) in Members(network.NetworkId))
        {
            if (containers.Describe(container) is var (own, spec)
                && (NamesOf(container, own, spec, PlaceOf(spec, place)).Any(n => Same(n, wanted)) || Same(container.Value, wanted)))
            {
                found.AddRange(((EndpointAddress?[])[place.IPv4, place.IPv6]).OfType<EndpointAddress>().Select(a => a.Address));
            }
        }

        return found;
    }

    private IEnumerable<(ContainerId Container, NetworkEndpoint Place)> Members(string network) =>
        networks.Attachments.SelectMany(a => a.Endpoints.Where(e => e.NetworkId == network).Select(e => (a.Container, e)));

    private static bool Same(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);
}
