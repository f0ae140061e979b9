using System.Net;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>A network of this host.</summary>
/// <param name="Id">64 hexadecimal digits, stable over restarts.</param>
/// <param name="Name"><c>bridge</c>, <c>host</c>, <c>none</c>.</param>
/// <param name="Driver"><c>bridge</c>, <c>host</c>, <c>null</c>.</param>
/// <param name="Created">UTC.</param>
/// <param name="Subnet">CIDR; null for host and none.</param>
/// <param name="Gateway">Null for host and none.</param>
/// <param name="Endpoints">Attached containers.</param>
public sealed record NetworkSnapshot(string Id, string Name, string Driver, DateTimeOffset Created, string? Subnet, IPAddress? Gateway, IReadOnlyList<NetworkAttachment> Endpoints);

/// <summary>A port that is published now.</summary>
/// <param name="ContainerPort">Port inside.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="HostAddress">Address it is reached at, <c>0.0.0.0</c> for all.</param>
/// <param name="HostPort">Port it is reached at.</param>
public sealed record PublishedPort(int ContainerPort, string Protocol, IPAddress HostAddress, int HostPort);

/// <summary>A started container's place in a network. Stored in the container's record, so that a new agent finds it again.</summary>
/// <param name="Container">The container.</param>
/// <param name="NetworkId">The network.</param>
/// <param name="NetworkName">Its name.</param>
/// <param name="EndpointId">64 hexadecimal digits.</param>
/// <param name="NamespacePath">Bind-mounted network namespace handle; null for the host's own.</param>
/// <param name="HostLink">Name of the host's end of the veth pair; null where there is none.</param>
/// <param name="Address">IPv4 address; null for host and none.</param>
/// <param name="PrefixLength">Of the subnet.</param>
/// <param name="Gateway">Default route; null for host and none.</param>
/// <param name="MacAddress"><c>02:42:…</c>; null for host and none.</param>
/// <param name="Ports">Published ports.</param>
public sealed record NetworkAttachment(
    ContainerId Container, string NetworkId, string NetworkName, string EndpointId, string? NamespacePath, string? HostLink,
    IPAddress? Address, int PrefixLength, IPAddress? Gateway, string? MacAddress, IReadOnlyList<PublishedPort> Ports);

/// <param name="Container">The container.</param>
/// <param name="NetworkMode"><c>default</c>, <c>bridge</c>, <c>host</c>, <c>none</c> or a network's name or id.</param>
/// <param name="Ports">Ports to publish; exposed ones of PublishAllPorts are already in it with host port 0.</param>
/// <param name="Sysctls">Settings to write into the new namespace; other than <c>net.*</c> are skipped.</param>
/// <param name="ContainerName">Named in errors; null takes the abbreviated id.</param>
/// <param name="Namespace">An empty network namespace to take, which belongs to the container's user namespace; null for a new one.</param>
public sealed record AttachmentRequest(
    ContainerId Container, string NetworkMode, IReadOnlyList<PortBinding> Ports, IReadOnlyDictionary<string, string> Sysctls, string? ContainerName = null,
    SafeFileHandle? Namespace = null);

/// <summary>Networks of this host: namespaces, links, addresses, and published ports.</summary>
public interface INetworks
{
    /// <summary>Every network.</summary>
    IReadOnlyList<NetworkSnapshot> List();

    /// <summary>Finds by id, unique id prefix or name. 404 <c>network x not found</c>.</summary>
    NetworkSnapshot Resolve(string reference);

    /// <summary>
    /// Makes the namespace, the veth pair, the address, and the rules of published ports. On failure nothing is left.
    /// </summary>
    /// <exception cref="ErrorException">
    /// 404 unknown network; 500 <c>…port is already allocated</c> / <c>address already in use</c> (as Docker says it); 500 pool exhausted.
    /// </exception>
    Task<NetworkAttachment> AttachAsync(AttachmentRequest request, CancellationToken ct);

    /// <summary>Takes everything away again; absent is success.</summary>
    Task DetachAsync(ContainerId container, CancellationToken ct);

    /// <summary>
    /// At start: sets up the bridge and the rules, takes the given attachments as in force (addresses and ports stay
    /// theirs), and removes every link, namespace and rule of ours that belongs to none of them.
    /// </summary>
    Task RestoreAsync(IReadOnlyList<NetworkAttachment> live, CancellationToken ct);

    /// <summary>Takes the bridge and the rules away. Only when no container is attached (<c>portal down --all</c>).</summary>
    Task TearDownAsync(CancellationToken ct);
}
