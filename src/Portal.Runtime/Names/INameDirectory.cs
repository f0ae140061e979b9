using System.Net;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Names;

/// <summary>
/// What containers may find each other by. Implemented by the networks, asked by the name servers once for every question about
/// a name, so it has to answer from memory. Called from several threads at once.
/// </summary>
public interface INameDirectory
{
    /// <summary>
    /// Addresses behind a name, of both families, as <paramref name="asker"/> may know them: names, aliases, abbreviated ids and
    /// links in the networks it is in, alone (<c>web</c>) or with the network (<c>web.shop</c>). Empty for a name that is unknown
    /// there: such a question is passed on to the servers outside.
    /// </summary>
    /// <param name="asker">Who asks.</param>
    /// <param name="name">Without a dot at the end, in lower case: names are compared without regard to it.</param>
    IReadOnlyList<IPAddress> Resolve(ContainerId asker, string name);

    /// <summary>
    /// The name behind an address, with its network (<c>web.shop</c>); null for an address in none of the asker's networks.
    /// </summary>
    /// <param name="asker">Who asks.</param>
    /// <param name="address">Of either family.</param>
    string? NameOf(ContainerId asker, IPAddress address);

    /// <summary>Who offers a service; empty for a name that is unknown. None on a host of its own.</summary>
    /// <param name="asker">Who asks.</param>
    /// <param name="name">As in <see cref="Resolve"/>, for instance <c>_http._tcp.web</c>.</param>
    IReadOnlyList<ServiceInstance> Services(ContainerId asker, string name) => [];
}

/// <summary>One that offers a service.</summary>
/// <param name="Target">Its name.</param>
/// <param name="Port">Where it offers it.</param>
/// <param name="Address">Of the target.</param>
public sealed record ServiceInstance(string Target, ushort Port, IPAddress Address);
