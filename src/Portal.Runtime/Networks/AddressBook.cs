using System.Net;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>Addresses of all networks, and who has which: none is ever given out twice. Safe for concurrent use. No I/O.</summary>
internal sealed class AddressBook
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<(AddressPool Pool, NetworkPool Spec)>> _networks = new(StringComparer.Ordinal);

    /// <summary>Takes a network up, with all its addresses free.</summary>
    public void Add(NetworkRecord network)
    {
        lock (_gate)
        {
            _networks[network.Id] =
            [
                .. network.Spec.Pools.Select(pool => (new AddressPool(
                    Subnet.Parse(pool.Subnet),
                    pool.Range is { Length: > 0 } range ? Subnet.Parse(range) : null,
                    [.. (pool.Auxiliary?.Values ?? []).Append(pool.Gateway).OfType<string>().Where(a => a.Length > 0).Select(IPAddress.Parse)]), pool)),
            ];
        }
    }

    /// <summary>Forgets a network.</summary>
    public void Remove(string network)
    {
        lock (_gate)
        {
            _networks.Remove(network);
        }
    }

    /// <summary>Takes an address of one family: the one that was asked for, or the next.</summary>
    /// <param name="network">Of which network.</param>
    /// <param name="asked">Null for any.</param>
    /// <param name="isIPv6">Which family.</param>
    /// <param name="leadsOutside">Its gateway is of use.</param>
    /// <returns>Null when the network has no addresses of the family.</returns>
    /// <exception cref="ErrorException">400 it is not of the network; 403 it is taken; 500 all are taken.</exception>
    public EndpointAddress? Take(NetworkRecord network, string? asked, bool isIPv6, bool leadsOutside)
    {
        lock (_gate)
        {
            var pools = _networks[network.Id].Where(p => p.Pool.Subnet.IsIPv6 == isIPv6).ToList();
            if (string.IsNullOrEmpty(asked))
            {
                return pools.Count == 0 ? null : Describe(pools[0], pools[0].Pool.Allocate(), leadsOutside);
            }

            var address = IPAddress.Parse(asked);
            foreach (var pool in pools.Where(p => p.Pool.Subnet.Contains(address)))
            {
                return pool.Pool.Reserve(address)
                    ? Describe(pool, address, leadsOutside)
                    : throw NetworkErrors.Forbidden("address_in_use", "Address already in use");
            }

            throw NetworkErrors.Invalid("invalid config for network " + network.Name + ": invalid endpoint settings:\nno configured subnet contains IP address " + asked);
        }
    }

    /// <summary>Takes addresses that are in force already; false when one of them is not to be had.</summary>
    public bool Reserve(NetworkEndpoint endpoint)
    {
        lock (_gate)
        {
            return Each(endpoint).All(pair => pair.Pool.Reserve(pair.Address));
        }
    }

    /// <summary>Gives an endpoint's addresses back.</summary>
    public void Release(NetworkEndpoint endpoint)
    {
        lock (_gate)
        {
            foreach (var (pool, address) in Each(endpoint).ToList())
            {
                pool.Release(address);
            }
        }
    }

    private IEnumerable<(AddressPool Pool, IPAddress Address)> Each(NetworkEndpoint endpoint)
    {
        foreach (var address in (EndpointAddress?[])[endpoint.IPv4, endpoint.IPv6])
        {
            if (address is not null && _networks.GetValueOrDefault(endpoint.NetworkId)?.Find(p => p.Pool.Subnet.Contains(address.Address)).Pool is { } pool)
            {
                yield return (pool, address.Address);
            }
        }
    }

    private static EndpointAddress Describe((AddressPool Pool, NetworkPool Spec) pool, IPAddress address, bool leadsOutside) => new(
        address, pool.Pool.Subnet.PrefixLength, leadsOutside && pool.Spec.Gateway is { Length: > 0 } gateway ? IPAddress.Parse(gateway) : null);
}
