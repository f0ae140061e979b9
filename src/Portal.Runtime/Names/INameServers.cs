using System.Net;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Names;

/// <summary>
/// The name servers of containers in networks of the user's own: one for each, at <see cref="Address"/> inside its network
/// namespace. Calls for one container must not overlap.
/// </summary>
public interface INameServers
{
    /// <summary>Where a container finds its name server.</summary>
    static readonly IPAddress Address = new([127, 0, 0, 11]);

    /// <summary>
    /// Lets a container ask. To be called once its namespace is there with the loopback link up and before its first process
    /// runs; again whenever what is in the request changes, and for every running container after a start of the agent: of a
    /// server that is there only the settings change, rules of an earlier agent are replaced.
    /// </summary>
    /// <exception cref="IOException">It cannot be had; nothing is left.</exception>
    Task StartAsync(NameServerRequest request, CancellationToken ct);

    /// <summary>
    /// Takes a container's server away; absent is success. Its sockets keep the namespace, so this belongs to every detaching; what else it
    /// has in there goes with the namespace or, where that stays, now.
    /// </summary>
    void Stop(ContainerId container);
}

/// <summary>What a name server has to know.</summary>
/// <param name="Container">Whose server it is: it answers what this one may know.</param>
/// <param name="NamespacePath">Handle of its network namespace.</param>
/// <param name="Upstreams">Who is asked about anything else, in this order. None: such questions fail.</param>
/// <param name="IsOutsideReachable">
/// It is in a network that leads outside. Without, servers of the host are not asked for it: what is cut off must not get a
/// message out by way of names.
/// </param>
/// <param name="HasNdots">
/// Its resolv.conf has an <c>ndots</c> that the user or the host chose. An unknown name without a dot is then not passed on: the
/// container's resolver comes again with a search domain.
/// </param>
public sealed record NameServerRequest(
    ContainerId Container, string NamespacePath, IReadOnlyList<UpstreamServer> Upstreams, bool IsOutsideReachable, bool HasNdots);

/// <summary>A name server outside.</summary>
/// <param name="Address">Where; port 53.</param>
/// <param name="IsAskedFromHost">
/// From the host's network, as those of the host's own resolv.conf, which may be on its loopback. Otherwise from the container's,
/// as those of <c>--dns</c>.
/// </param>
public readonly record struct UpstreamServer(IPAddress Address, bool IsAskedFromHost)
{
    /// <summary>As it stands in a resolv.conf's comments.</summary>
    public override string ToString() => IsAskedFromHost ? $"host({Address})" : Address.ToString();
}
