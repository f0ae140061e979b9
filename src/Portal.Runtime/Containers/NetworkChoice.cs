using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Containers;

/// <summary>Which networks a container is to be in. Pure but for looking networks up.</summary>
internal static class NetworkChoice
{
    /// <summary>The networks of a container, also of one whose record does not name them.</summary>
    public static IReadOnlyList<EndpointSpec> Of(ContainerSpec spec) =>
        spec.Endpoints ?? (NetworkDonor.IsOne(spec.NetworkMode) ? [] : [new() { Network = NameOf(spec.NetworkMode) }]);

    /// <summary>The name of the network that a mode means.</summary>
    public static string NameOf(string mode) => mode is "" or "default" ? "bridge" : mode;

    /// <summary>Looks up and checks the networks of a container about to be made: that of its mode first.</summary>
    /// <param name="spec">What was asked.</param>
    /// <param name="find">Finds a network by name or id.</param>
    /// <exception cref="ErrorException">400: what was asked cannot be.</exception>
    public static ContainerSpec Settle(ContainerSpec spec, Func<string, NetworkSnapshot> find)
    {
        if (NetworkDonor.IsOne(spec.NetworkMode))
        {
            return spec.Endpoints is null or { Count: 0 }
                ? spec with { Endpoints = [] }
                : throw Conflict("container sharing network namespace with another container or host cannot be connected to any other network");
        }

        var main = Find(NameOf(spec.NetworkMode));
        List<EndpointSpec> endpoints = [];
        foreach (var asked in spec.Endpoints ?? [])
        {
            var network = Find(asked.Network is "default" ? "bridge" : asked.Network);
            if (!endpoints.Exists(e => e.NetworkId == network.Id))
            {
                endpoints.Add(asked with { Network = network.Name, NetworkId = network.Id });
            }
        }

        if (!endpoints.Exists(e => e.NetworkId == main.Id))
        {
            endpoints.Add(new() { Network = main.Name, NetworkId = main.Id });
        }

        // That of the mode is the first link, and the others follow as Docker sorts them.
        endpoints = [.. endpoints.OrderBy(e => e.NetworkId != main.Id).ThenBy(e => e.Network, StringComparer.Ordinal)];
        if (spec.Links.Count > 0 && !main.IsPredefined)
        {
            // Where there are names, links are names too.
            endpoints[0] = endpoints[0] with { Links = [.. endpoints[0].Links, .. spec.Links] };
        }

        foreach (var endpoint in endpoints)
        {
            CheckCompany(endpoint.Network, endpoints.Count);
            EndpointValidation.Check(endpoint, find(endpoint.NetworkId!).Spec);
        }

        return spec with { Endpoints = endpoints };

        NetworkSnapshot Find(string reference)
        {
            try
            {
                return find(reference);
            }
            catch (ErrorException unknown) when (unknown.Error.Kind == ErrorKind.NotFound)
            {
                // Not an absent object here: a client takes a 404 of create for a missing image and goes to pull it.
                throw new ErrorException(unknown.Error with { Kind = ErrorKind.Invalid }, unknown);
            }
        }
    }

    /// <summary>Whether a container can be in one more network.</summary>
    /// <exception cref="ErrorException">400: what it is in goes with no other, or the other way round.</exception>
    public static void CheckFurther(ContainerSpec spec, string network)
    {
        if (NetworkDonor.IsOne(spec.NetworkMode))
        {
            throw Conflict("container sharing network namespace with another container or host cannot be connected to any other network");
        }

        var others = Of(spec);
        CheckCompany(network, others.Count + 1);
        foreach (var other in others)
        {
            CheckCompany(other.Network, others.Count + 1);
        }

        if (network == "host" || spec.NetworkMode == "host")
        {
            throw HostConflict();
        }
    }

    /// <summary>The host's network is never left.</summary>
    public static ErrorException HostConflict() => Conflict("container cannot be disconnected from host network or connected to host network");

    private static void CheckCompany(string network, int count)
    {
        if (count < 2)
        {
            return;
        }

        if (network == "host")
        {
            throw HostConflict();
        }

        if (network == "none")
        {
            throw Conflict("container cannot be connected to multiple networks with one of the networks in private (none) mode");
        }
    }

    private static ErrorException Conflict(string message) => new(ErrorKind.Invalid, "network.conflict", message);
}
