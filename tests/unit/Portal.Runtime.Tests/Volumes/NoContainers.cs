using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Logs;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Volumes;

/// <summary>Containers of which nothing may be asked but what a test says.</summary>
internal abstract class NoContainers : IContainers
{
    public abstract IReadOnlyList<ContainerSnapshot> List();

    public abstract Task<bool> StartAsync(ContainerId id, CancellationToken ct);

    public abstract Task<bool> StopAsync(ContainerId id, TimeSpan? timeout, string? signal, CancellationToken ct);

    public abstract Task PauseAsync(ContainerId id, CancellationToken ct);

    public abstract Task UnpauseAsync(ContainerId id, CancellationToken ct);

    public ContainerSnapshot Resolve(string reference) => throw new NotSupportedException();

    public ContainerPlaces Locate(ContainerId id) => throw new NotSupportedException();

    public Task<ContainerCreated> CreateAsync(ContainerSpec spec, string? name, CancellationToken ct) => throw new NotSupportedException();

    public Task HaltAsync(ContainerId id, TimeSpan limit, CancellationToken ct) => throw new NotSupportedException();

    public Task RestartAsync(ContainerId id, TimeSpan? timeout, string? signal, CancellationToken ct) => throw new NotSupportedException();

    public Task KillAsync(ContainerId id, string signal, CancellationToken ct) => throw new NotSupportedException();

    public Task RenameAsync(ContainerId id, string name, CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<string>> UpdateAsync(ContainerId id, ContainerUpdate update, CancellationToken ct) => throw new NotSupportedException();

    public Task RemoveAsync(ContainerId id, bool force, bool removeVolumes, CancellationToken ct) => throw new NotSupportedException();

    public Task<ContainerExit> WaitAsync(ContainerId id, WaitCondition condition, CancellationToken ct) => throw new NotSupportedException();

    public Task<IStdioSession> AttachAsync(ContainerId id, AttachRequest request, CancellationToken ct) => throw new NotSupportedException();

    public Task ReadLogAsync(ContainerId id, LogQuery query, ILogSink sink, CancellationToken ct) => throw new NotSupportedException();

    public Task ResizeAsync(ContainerId id, int rows, int columns, CancellationToken ct) => throw new NotSupportedException();

    public Task ConnectAsync(ContainerId id, EndpointSpec endpoint, CancellationToken ct) => throw new NotSupportedException();

    public Task DisconnectAsync(ContainerId id, string network, CancellationToken ct) => throw new NotSupportedException();
}
