using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Domain.Hosts;

/// <summary>Commands the engines. One gateway, whatever connection leads to the host. Handlers call it after the access check.</summary>
public interface IHostGateway
{
    /// <summary>Starts a container; starting a running one succeeds.</summary>
    Task<Result> StartAsync(HostId host, ContainerId container, CancellationToken ct);

    /// <summary>Stops a container with its own stop signal and timeout; stopping a stopped one succeeds.</summary>
    Task<Result> StopAsync(HostId host, ContainerId container, CancellationToken ct);

    /// <summary>Stops and starts a container.</summary>
    Task<Result> RestartAsync(HostId host, ContainerId container, CancellationToken ct);

    /// <summary>Sends SIGKILL.</summary>
    Task<Result> KillAsync(HostId host, ContainerId container, CancellationToken ct);

    /// <summary>Removes a container.</summary>
    Task<Result> RemoveAsync(HostId host, ContainerId container, bool force, bool removeVolumes, CancellationToken ct);

    /// <summary>Everything known of one container.</summary>
    Task<Result<ContainerDetails>> InspectAsync(HostId host, ContainerId container, CancellationToken ct);

    /// <summary>
    /// Lines of a container's log, in order, in batches of at most 512. With <see cref="LogRequest.Follow"/> the stream
    /// ends when the container does.
    /// </summary>
    IAsyncEnumerable<IReadOnlyList<LogLine>> LogsAsync(HostId host, ContainerId container, LogRequest request, CancellationToken ct);
}
