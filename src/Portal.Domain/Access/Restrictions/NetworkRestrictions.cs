using System.Collections.Immutable;

namespace Portal.Domain.Access.Restrictions;

/// <summary>A network to create, or to put a container into.</summary>
/// <param name="Driver">Its driver; empty for the engine's default.</param>
/// <param name="Options">Options of the driver.</param>
public sealed record UsedNetwork(string Driver, IReadOnlyDictionary<string, string> Options) : IRestricted
{
    /// <summary>What stays within the network. All other options reach the host's links, addresses or firewall, or are not known.</summary>
    private static readonly string[] s_harmless =
    [
        "com.docker.network.driver.mtu", "com.docker.network.bridge.enable_icc", "com.docker.network.bridge.enable_ip_masquerade", "com.docker.network.container_iface_prefix",
        "com.docker.network.enable_ipv4", "com.docker.network.enable_ipv6",
    ];

    /// <summary>Driver of the addresses; empty for the engine's default.</summary>
    public string AddressDriver { get; init; } = "";

    /// <summary>A network of a swarm.</summary>
    public bool OfSwarm { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<Violation> Against(HostRestrictions allowed)
    {
        if (Driver == "host")
        {
            return allowed.AllowHostNamespaces ? [] : [new("hostNamespaces", "the host's network")];
        }

        return allowed.AllowHostLinks ? [] : [.. Reached().Select(what => new Violation("hostLinks", what))];
    }

    private IEnumerable<string> Reached()
    {
        if (Driver is not ("" or "bridge" or "default" or "null"))
        {
            yield return $"a network of the driver {Driver}";
        }

        if (AddressDriver is not ("" or "default"))
        {
            yield return $"addresses of the driver {AddressDriver}";
        }

        if (OfSwarm)
        {
            yield return "a network of a swarm";
        }

        foreach (var option in Options.Keys.Where(option => !s_harmless.Contains(option)).Order(StringComparer.Ordinal))
        {
            yield return $"the network option {option}";
        }
    }
}

/// <summary>Options of a container's place in a network.</summary>
/// <param name="Options">As given.</param>
public sealed record UsedEndpoint(IReadOnlyDictionary<string, string> Options) : IRestricted
{
    private const string SysctlOption = "com.docker.network.endpoint.sysctls", NameOption = "com.docker.network.endpoint.ifname";

    /// <summary>No options.</summary>
    public static UsedEndpoint None { get; } = new(ImmutableDictionary<string, string>.Empty);

    /// <inheritdoc/>
    public IReadOnlyList<Violation> Against(HostRestrictions allowed)
    {
        List<Violation> found = [];
        foreach (var (option, value) in Options)
        {
            if (option == SysctlOption)
            {
                found.AddRange(value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(setting => setting.Split('=')[0].Trim())
                    .Where(key => !SpecRestrictions.IsOpen(key, allowed)).Select(key => new Violation("sysctls", $"the kernel parameter {key}")));
            }
            else if (option != NameOption && !allowed.AllowHostLinks)
            {
                found.Add(new("hostLinks", $"the network option {option}"));
            }
        }

        return found;
    }
}
