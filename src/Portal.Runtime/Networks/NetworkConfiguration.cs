using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>Networks that no container is in: they hold settings for others. In Docker's words. Pure.</summary>
internal static class NetworkConfiguration
{
    /// <summary>What a network is to be, with the settings of the one it names.</summary>
    /// <param name="spec">What was asked for.</param>
    /// <param name="all">The networks there are.</param>
    /// <exception cref="ErrorException">403: it asks for what such a network, or one that depends on it, cannot have; 404: there is none of that name.</exception>
    public static NetworkSpec Apply(NetworkSpec spec, IReadOnlyList<NetworkRecord> all)
    {
        if (spec.ConfigOnly)
        {
            return spec.Internal || spec.Attachable
                ? throw Refused("configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.")
                : spec.ConfigFrom is not null
                ? throw Refused("a configuration network cannot depend on another configuration network")
                : spec with { Driver = NullDriver.DriverName };
        }

        if (spec.ConfigFrom is null)
        {
            return spec;
        }

        if (spec.IpamDriver != "default" || !spec.EnableIPv4 || spec.EnableIPv6 || spec.Labels.Count + spec.IpamOptions.Count + spec.Pools.Count > 0)
        {
            throw Refused("user specified configurations are not supported if the network depends on a configuration network");
        }

        if (spec.Options.Count > 0)
        {
            throw Refused("network driver options are not supported if the network depends on a configuration network");
        }

        var from = all.FirstOrDefault(n => n.Name == spec.ConfigFrom && n.Spec.ConfigOnly)?.Spec
            ?? throw new ErrorException(ErrorKind.NotFound, "network.not_found", $"configuration network \"{spec.ConfigFrom}\" does not exist");
        return spec with
        {
            Options = from.Options, Labels = from.Labels, EnableIPv4 = from.EnableIPv4, EnableIPv6 = from.EnableIPv6,
            IpamDriver = from.IpamDriver, IpamOptions = from.IpamOptions, Pools = from.Pools,
        };
    }

    private static ErrorException Refused(string why) => NetworkErrors.Forbidden("configuration", why);
}
