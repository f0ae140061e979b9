using System.Net;
using System.Security.Cryptography;
using System.Text;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>Addresses of a network about to be made: checks what was asked for, in Docker's words, and chooses the rest. Pure.</summary>
/// <param name="defaults">Pools to choose from, in this order.</param>
/// <param name="taken">Subnets of other networks.</param>
/// <param name="routes">Of the host.</param>
internal sealed class AddressPlan(IReadOnlyList<DefaultPool> defaults, IReadOnlyList<Subnet> taken, IReadOnlyList<HostRoute> routes)
{
    /// <summary>The pools of a network: what was asked for, each with subnet and gateway, and one more per family that has none.</summary>
    /// <param name="spec">What was asked for.</param>
    /// <param name="needsGateway">The network has a gateway.</param>
    /// <param name="ownLink">Link the network will use: its routes do not count.</param>
    /// <exception cref="ErrorException">400 or 403: something is wrong with it, or it is somebody else's.</exception>
    public IReadOnlyList<NetworkPool> Complete(NetworkSpec spec, bool needsGateway, string ownLink)
    {
        if (spec.IpamDriver == "null")
        {
            return spec.Pools.Count == 0 ? [] : throw NetworkErrors.Invalid("the ipam driver \"null\" takes no pools");
        }

        if (spec.IpamDriver is not ("default" or ""))
        {
            throw new ErrorException(ErrorKind.NotFound, "network.ipam", $"could not find plugin {spec.IpamDriver} in v1 plugin registry: plugin not found");
        }

        Check(spec);
        List<NetworkPool> pools = [];
        foreach (var pool in spec.Pools.Where(p => p.Subnet.Length > 0))
        {
            var subnet = Subnet.Parse(pool.Subnet);
            if (!IsEnabled(spec, subnet))
            {
                // As with Docker, a subnet does not turn its family on.
                continue;
            }

            var others = taken.Concat(pools.Select(p => Subnet.Parse(p.Subnet)));
            if (others.Any(subnet.Overlaps))
            {
                throw NetworkErrors.Overlap("");
            }

            if (HostRoutes.FindTaken(routes, subnet, ownLink) is { } route)
            {
                throw NetworkErrors.Overlap($": {route.Subnet} is the way to {route.Link}");
            }

            pools.Add(WithGateway(pool with { Subnet = subnet.ToString() }, subnet, needsGateway));
        }

        foreach (var isIPv6 in (bool[])[false, true])
        {
            if ((isIPv6 ? spec.EnableIPv6 : spec.EnableIPv4) && !pools.Exists(p => Subnet.Parse(p.Subnet).IsIPv6 == isIPv6))
            {
                var subnet = Choose(isIPv6, ownLink);
                pools.Add(WithGateway(new(subnet.ToString(), IsAutomatic: true), subnet, needsGateway));
            }
        }

        return pools;
    }

    /// <summary>A pool of IPv6 that no other host is likely to have (RFC 4193), the same for the same seed.</summary>
    public static DefaultPool Unique(string seed)
    {
        var bytes = new byte[16];
        bytes[0] = 0xfd;
        SHA256.HashData(Encoding.UTF8.GetBytes(seed)).AsSpan(0, 5).CopyTo(bytes.AsSpan(1));
        return new(new(new IPAddress(bytes), 48), 64);
    }

    private static bool IsEnabled(NetworkSpec spec, Subnet subnet) => subnet.IsIPv6 ? spec.EnableIPv6 : spec.EnableIPv4;

    /// <summary>Checks what was asked for, as far as that needs no other network.</summary>
    /// <exception cref="ErrorException">400: all that is wrong with it.</exception>
    public static void Check(NetworkSpec spec)
    {
        List<string> mistakes = [];
        foreach (var pool in spec.Pools)
        {
            if (!Subnet.TryParse(pool.Subnet, out var subnet, out var hasHostBits))
            {
                if (pool.Subnet.Length > 0 || pool.Gateway is not null || pool.Range is not null || pool.Auxiliary is { Count: > 0 })
                {
                    mistakes.Add($"invalid subnet {pool.Subnet}: invalid CIDR block notation");
                }

                continue;
            }

            if (hasHostBits)
            {
                mistakes.Add($"invalid subnet {pool.Subnet}: it should be {subnet}");
            }

            if (!IsEnabled(spec, subnet))
            {
                continue;
            }

            if (pool.Range is { Length: > 0 } range)
            {
                CheckRange(range, subnet, mistakes);
            }

            CheckAddress("gateway", pool.Gateway, subnet, mistakes);
            foreach (var (name, address) in pool.Auxiliary ?? new Dictionary<string, string>())
            {
                CheckAddress($"auxiliary address {name}:", address, subnet, mistakes);
            }
        }

        if (mistakes.Count > 0)
        {
            throw NetworkErrors.Invalid("invalid network config:\n" + string.Join('\n', mistakes));
        }

        foreach (var pool in spec.Pools.Where(p => p.Subnet.Length > 0))
        {
            CheckKept(pool);
        }
    }

    /// <summary>Whether addresses that are never given out can be had, each by one.</summary>
    private static void CheckKept(NetworkPool pool)
    {
        var addresses = new AddressPool(Subnet.Parse(pool.Subnet), null, []);
        if (pool.Gateway is { Length: > 0 } gateway && !addresses.Reserve(IPAddress.Parse(gateway)))
        {
            throw NetworkErrors.Forbidden("address_in_use", $"failed to allocate gateway ({gateway}): Address already in use");
        }

        foreach (var (name, address) in pool.Auxiliary ?? new Dictionary<string, string>())
        {
            if (address.Length > 0 && !addresses.Reserve(IPAddress.Parse(address)))
            {
                throw NetworkErrors.Forbidden("address_in_use", $"failed to allocate secondary ip address ({name}:{address}): Address already in use");
            }
        }
    }

    private static void CheckRange(string text, Subnet subnet, List<string> mistakes)
    {
        if (!Subnet.TryParse(text, out var range, out var hasHostBits))
        {
            mistakes.Add($"invalid ip-range {text}: invalid CIDR block notation");
        }
        else if (hasHostBits)
        {
            mistakes.Add($"invalid ip-range {text}: it should be {range}");
        }
        else if (range.IsIPv6 != subnet.IsIPv6)
        {
            mistakes.Add($"invalid ip-range {text}: parent subnet is an {(subnet.IsIPv6 ? "IPv6" : "IPv4")} block");
        }
        else if (!subnet.Contains(range))
        {
            mistakes.Add(range.PrefixLength < subnet.PrefixLength
                ? $"invalid ip-range {text}: CIDR block is bigger than its parent subnet {subnet}"
                : $"invalid ip-range {text}: parent subnet {subnet} doesn't contain ip-range");
        }
    }

    private static void CheckAddress(string what, string? text, Subnet subnet, List<string> mistakes)
    {
        if (string.IsNullOrEmpty(text))
        {
            return;
        }

        if (!Subnet.TryParseAddress(text, out var address))
        {
            mistakes.Add($"invalid {what} {text}: invalid address");
        }
        else if (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 != subnet.IsIPv6)
        {
            mistakes.Add($"invalid {what} {text}: parent subnet is an {(subnet.IsIPv6 ? "IPv6" : "IPv4")} block");
        }
        else if (!subnet.Contains(address))
        {
            mistakes.Add($"invalid {what} {text}: parent subnet {subnet} doesn't contain this address");
        }
    }

    private static NetworkPool WithGateway(NetworkPool pool, Subnet subnet, bool needsGateway)
    {
        if (!needsGateway || !string.IsNullOrEmpty(pool.Gateway))
        {
            return pool with { Gateway = needsGateway ? pool.Gateway : null };
        }

        var addresses = new AddressPool(subnet, pool.Range is { Length: > 0 } range ? Subnet.Parse(range) : null, (pool.Auxiliary?.Values ?? []).Select(IPAddress.Parse));
        return pool with { Gateway = addresses.Allocate().ToString() };
    }

    private Subnet Choose(bool isIPv6, string ownLink)
    {
        foreach (var pool in defaults.Where(p => p.Base.IsIPv6 == isIPv6))
        {
            for (UInt128 index = 0; pool.Base.Part(index, pool.PrefixLength) is { } subnet; index++)
            {
                if (!taken.Any(subnet.Overlaps) && HostRoutes.FindOverlap(routes, subnet, ownLink) is null)
                {
                    return subnet;
                }
            }
        }

        throw new ErrorException(ErrorKind.Invalid, "network.pools_exhausted", "all predefined address pools have been fully subnetted");
    }
}

/// <summary>Addresses that subnets of new networks are taken from.</summary>
/// <param name="Base">Where they are taken from.</param>
/// <param name="PrefixLength">Of each.</param>
internal sealed record DefaultPool(Subnet Base, int PrefixLength)
{
    /// <summary>As Docker's.</summary>
    public static IReadOnlyList<DefaultPool> Docker { get; } =
    [
        new(Subnet.Parse("172.17.0.0/16"), 16), new(Subnet.Parse("172.18.0.0/16"), 16), new(Subnet.Parse("172.19.0.0/16"), 16),
        new(Subnet.Parse("172.20.0.0/14"), 16), new(Subnet.Parse("172.24.0.0/14"), 16), new(Subnet.Parse("172.28.0.0/14"), 16), new(Subnet.Parse("192.168.0.0/16"), 20),
    ];

    /// <summary>Reads <c>base=10.10.0.0/16,size=24</c>; null when it is none.</summary>
    public static DefaultPool? TryParse(string text)
    {
        Subnet? from = null;
        var size = -1;
        foreach (var part in text.Split(','))
        {
            switch (part.Trim().Split('=', 2))
            {
                case ["base", var cidr] when Subnet.TryParse(cidr, out var subnet, out var hasHostBits) && !hasHostBits:
                    from = subnet;
                    break;
                case ["size", var number] when int.TryParse(number, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var length):
                    size = length;
                    break;
                default:
                    return null;
            }
        }

        return from is { } known && size >= known.PrefixLength && size <= known.Bits - 2 ? new(known, size) : null;
    }
}
