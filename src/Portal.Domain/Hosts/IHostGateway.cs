using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Domain.Hosts;

/// <summary>Reads engines. One gateway, whatever connection leads to the host. Handlers call it after the access check.</summary>
public interface IHostGateway
{
    /// <summary>Everything known of one container.</summary>
    Task<Result<ContainerDetails>> InspectAsync(HostId host, ContainerId container, CancellationToken ct);

    /// <summary>
    /// Lines of a container's log, in order, in batches of at most 512. With <see cref="LogRequest.Follow"/> the stream
    /// ends when the container does.
    /// </summary>
    IAsyncEnumerable<IReadOnlyList<LogLine>> LogsAsync(HostId host, ContainerId container, LogRequest request, CancellationToken ct);
}
