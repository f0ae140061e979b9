using System.Net;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>A network of this host.</summary>
/// <param name="Id">64 hexadecimal digits, stable over restarts.</param>
/// <param name="Created">UTC.</param>
/// <param name="Spec">What it is.</param>
/// <param name="Members">Containers that are in it now.</param>
public sealed record NetworkSnapshot(string Id, DateTimeOffset Created, NetworkSpec Spec, IReadOnlyList<NetworkMember> Members)
{
    public string Name => Spec.Name;

    public string Driver => Spec.Driver;

    /// <summary>Made by the engine itself; cannot be removed.</summary>
    public bool IsPredefined => NetworkStore.IsPredefined(Name);

    /// <summary>Address of the host in it; null for none.</summary>
    public IPAddress? GatewayIPv4 => Spec.Pools.Select(p => p.Gateway).Select(g => IPAddress.TryParse(g, out var address) ? address : null)
        .FirstOrDefault(a => a?.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork);
}

/// <summary>A container in a network.</summary>
/// <param name="Container">The container.</param>
/// <param name="Endpoint">Its place.</param>
public sealed record NetworkMember(ContainerId Container, NetworkEndpoint Endpoint);

/// <summary>A port that is published now.</summary>
/// <param name="ContainerPort">Port inside.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="HostAddress">Address it is reached at, <c>0.0.0.0</c> or <c>::</c> for all of a family.</param>
/// <param name="HostPort">Port it is reached at; 0 when it is reached at the container's own address only.</param>
public sealed record PublishedPort(int ContainerPort, string Protocol, IPAddress HostAddress, int HostPort);

/// <summary>An address in a subnet.</summary>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">Of the subnet.</param>
/// <param name="Gateway">Who leads outside; null for nobody.</param>
public sealed record EndpointAddress(IPAddress Address, int PrefixLength, IPAddress? Gateway);

/// <summary>A container's place in one network.</summary>
/// <param name="NetworkId">The network.</param>
/// <param name="NetworkName">Its name.</param>
/// <param name="Driver">Its driver.</param>
/// <param name="EndpointId">64 hexadecimal digits.</param>
/// <param name="Link">Name of the link inside; null where there is none.</param>
/// <param name="HostLink">Name of the host's end of the veth pair; null where there is none.</param>
/// <param name="IPv4">Null for none.</param>
/// <param name="IPv6">Null for none.</param>
/// <param name="MacAddress"><c>02:42:…</c>; null where the network has none, or the kernel's choice is as good.</param>
/// <param name="Priority">The highest leads outside.</param>
/// <param name="IsInternal">Leads nowhere.</param>
/// <param name="Ports">Ports published by it.</param>
public sealed record NetworkEndpoint(
    string NetworkId, string NetworkName, string Driver, string EndpointId, string? Link, string? HostLink, EndpointAddress? IPv4, EndpointAddress? IPv6,
    string? MacAddress, int Priority, bool IsInternal, IReadOnlyList<PublishedPort> Ports)
{
    /// <summary>Names that others find it by are known in this network.</summary>
    public bool HasNames => Driver is not (HostDriver.DriverName or NullDriver.DriverName) && NetworkName != "bridge";
}

/// <summary>A started container's places in networks. Stored in the container's record, so that a new agent finds it again.</summary>
/// <param name="Container">The container.</param>
/// <param name="NamespacePath">Bind-mounted network namespace handle; null for the host's own.</param>
/// <param name="Endpoints">One per network, in the order in which it joined them.</param>
public sealed record NetworkAttachment(ContainerId Container, string? NamespacePath, IReadOnlyList<NetworkEndpoint> Endpoints)
{
    /// <summary>Every published port.</summary>
    public IEnumerable<PublishedPort> Ports => Endpoints.SelectMany(e => e.Ports);
}

/// <param name="Container">The container.</param>
/// <param name="Endpoints">The networks to join, by id or name, in this order; none for a namespace that leads nowhere.</param>
/// <param name="Ports">Ports to publish; exposed ones of PublishAllPorts are already in it with host port 0.</param>
/// <param name="Sysctls">Settings to write into the new namespace; other than <c>net.*</c> are skipped.</param>
/// <param name="Namespace">An empty network namespace to take, which belongs to the container's user namespace; null for a new one.</param>
public sealed record AttachmentRequest(
    ContainerId Container, IReadOnlyList<EndpointSpec> Endpoints, IReadOnlyList<PortBinding> Ports, IReadOnlyDictionary<string, string> Sysctls,
    SafeFileHandle? Namespace = null);

/// <summary>Networks of this host: namespaces, links, addresses, and published ports.</summary>
public interface INetworks
{
    /// <summary>Every network.</summary>
    IReadOnlyList<NetworkSnapshot> List();

    /// <summary>Finds by id, unique id prefix or name. 404 <c>network x not found</c>.</summary>
    NetworkSnapshot Resolve(string reference);

    /// <summary>Makes a network: all of it, or nothing.</summary>
    /// <exception cref="ErrorException">409 the name is taken; 403 it is the engine's own, or the addresses are somebody else's; 400 bad option; 404 no such driver.</exception>
    Task<NetworkSnapshot> CreateAsync(NetworkSpec spec, CancellationToken ct);

    /// <summary>Removes a network.</summary>
    /// <exception cref="ErrorException">404; 403 containers are in it, or it is the engine's own.</exception>
    Task RemoveAsync(string reference, CancellationToken ct);

    /// <summary>
    /// Makes the namespace, the links, the addresses, and the rules of published ports. On failure nothing is left.
    /// </summary>
    /// <exception cref="ErrorException">
    /// 404 unknown network; 500 <c>…port is already allocated</c> / <c>address already in use</c> (as Docker says it); 500 pool exhausted.
    /// </exception>
    Task<NetworkAttachment> AttachAsync(AttachmentRequest request, CancellationToken ct);

    /// <summary>Puts a container that runs into one more network.</summary>
    /// <param name="request">As for the start, with what it publishes altogether.</param>
    /// <param name="endpoint">The further place.</param>
    /// <param name="ct">Gives up before anything is done.</param>
    /// <returns>Where it is now. On failure it is where it was.</returns>
    Task<NetworkAttachment> ConnectAsync(AttachmentRequest request, EndpointSpec endpoint, CancellationToken ct);

    /// <summary>Takes a container that runs out of a network.</summary>
    /// <returns>Where it is now.</returns>
    Task<NetworkAttachment> DisconnectAsync(AttachmentRequest request, string networkId, CancellationToken ct);

    /// <summary>Takes everything away again; absent is success.</summary>
    Task DetachAsync(ContainerId container, CancellationToken ct);

    /// <summary>
    /// At start: sets up the networks and the rules, takes the given attachments as in force (addresses and ports stay
    /// theirs), and removes every link, namespace and rule of ours that belongs to none of them.
    /// </summary>
    Task RestoreAsync(IReadOnlyList<NetworkAttachment> live, CancellationToken ct);

    /// <summary>Takes the networks' links and the rules away. Only when no container is attached (<c>portal down --all</c>).</summary>
    Task TearDownAsync(CancellationToken ct);
}
