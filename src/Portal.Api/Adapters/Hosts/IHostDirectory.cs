using Microsoft.Extensions.Options;
using Portal.Domain.Primitives;

namespace Portal.Api.Adapters.Hosts;

/// <summary>A host the portal is to reach.</summary>
/// <param name="Id">Identity in the control plane.</param>
/// <param name="Socket">Path of its engine's unix socket.</param>
internal sealed record HostEntry(HostId Id, string Socket);

/// <summary>Which hosts there are.</summary>
internal interface IHostDirectory
{
    /// <summary>All of them.</summary>
    IReadOnlyList<HostEntry> List();

    /// <summary>One of them, or null.</summary>
    HostEntry? Find(HostId host);
}

/// <summary>Knows the one host that needs no enrolment: the machine the portal runs on, by its engine's socket.</summary>
internal sealed class LocalHostDirectory(IOptions<PortalOptions> options) : IHostDirectory
{
    private readonly HostEntry _local = new(new HostId("local"), options.Value.AgentSocket);

    public IReadOnlyList<HostEntry> List() => [_local];

    public HostEntry? Find(HostId host) => host == _local.Id ? _local : null;
}
