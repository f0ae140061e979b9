namespace Portal.Domain.Engine.Mapping;

/// <summary>Ports that follow each other, of one protocol.</summary>
/// <param name="First">The lowest.</param>
/// <param name="Last">The highest.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
public readonly record struct PortRange(int First, int Last, string Protocol)
{
    public bool Contains(int port, string protocol) => port >= First && port <= Last && protocol == Protocol;
}
