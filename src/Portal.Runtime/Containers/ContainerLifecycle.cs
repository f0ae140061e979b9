using System.Globalization;
using Microsoft.Extensions.Logging;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.AppArmor;
using Portal.Runtime.Events;
using Portal.Runtime.Layers;
using Portal.Runtime.Logs;
using Portal.Runtime.Mounts;
using Portal.Runtime.Networks;
using Portal.Runtime.Supervision;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Containers;

/// <summary>
/// Containers from create to remove. What changes a container runs under its gate; waiting for a process to end never does,
/// so that a kill reaches a container that is being stopped.
/// </summary>
internal sealed partial class ContainerLifecycle(
    ContainerStore store, ContainerCreation creation, ContainerSetup setup, NetworkPlaces places, INetworks networks, Conmon conmon, OciRuntime runtime, SeccompFilters filters, ILayerStore layers, PreparedMounts mounts, LocalVolumes volumes,
    SharedMemory memory, AppArmorHost appArmor, RunCare care, StartQueue starts, WorkSlots slots, ContainerChanges changes, ContainerLogReader logs, LogKeeper keeper, IRuntimeEvents events,
    TimeProvider time, ILogger<ContainerLifecycle> log) : IContainers
{
    public IReadOnlyList<ContainerSnapshot> List() => [.. store.All.Select(container => container.Snapshot).Where(container => !container.IsBuildStep)];

    public ContainerSnapshot Resolve(string reference) => store.Resolve(reference).Snapshot;

    public ContainerPlaces Locate(ContainerId id)
    {
        var container = store.Get(id).Snapshot;
        var files = NamespaceDonors.Owner(container, donor => store.TryResolve(donor)?.Snapshot) is { } owner ? new NetworkFilePaths(store.Folder(owner.Id), owner.Spec) : default(NetworkFilePaths?);
        var hasStarted = container.Status.StartedAt is not null && files is not null;
        return new(
            hasStarted ? files!.Value.ResolvConf : "", hasStarted ? files!.Value.Hosts : "", hasStarted ? files!.Value.Hostname : "",
            ShownProfile(container), layers.Locate(id));
    }

    /// <summary>As with Docker, one that was asked for is shown from the beginning, and wherever it has no meaning too.</summary>
    private string ShownProfile(ContainerSnapshot container) =>
        Oci.SecurityOptions.Parse(container.Spec.SecurityOptions).AppArmorProfile
        ?? (container.Status.StartedAt is null ? null : appArmor.TryDescribe(container.Spec)) ?? "";

    public async Task<ContainerCreated> CreateAsync(ContainerSpec spec, string? name, CancellationToken ct)
    {
        // Off the caller's thread: layers, volumes and the record are disk work that ends in fsync.
        var warnings = new List<string>();
        var container = await Task.Run(() => creation.CreateAsync(spec, name, warnings, ct), ct).ConfigureAwait(false);
        Publish(container, "create");
        return new(container.Snapshot, warnings);
    }

    /// <summary>Makes a container for a step of a build. Nobody else sees it, and it does not outlive the engine.</summary>
    internal async Task<ContainerSnapshot> CreateBuildStepAsync(ContainerSpec spec, StepRoot root, CancellationToken ct) =>
        (await Task.Run(() => creation.CreateAsync(spec, null, root, [], ct), ct).ConfigureAwait(false)).Snapshot;

    /// <summary>Makes a step's container one like any other, for a look inside.</summary>
    internal async Task RevealAsync(ContainerId id)
    {
        var container = store.Get(id);
        await container.Gate.WaitAsync().ConfigureAwait(false);
        try
        {
            container.Change(container.Record with { Container = container.Snapshot with { IsBuildStep = false } });
            store.Save(container, durable: true);
        }
        finally
        {
            container.Gate.Release();
        }
    }

    public Task<ContainerExit> WaitAsync(ContainerId id, WaitCondition condition, CancellationToken ct) => store.Get(id).WaitAsync(condition).WaitAsync(ct);

    public async Task<IStdioSession> AttachAsync(ContainerId id, AttachRequest request, CancellationToken ct)
    {
        var container = store.Get(id);
        await container.Gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            Check(container, ContainerOperation.Attach).Demand();
            if (container.Snapshot.Status.MonitorLost)
            {
                throw MonitorLost(container);
            }

            var spec = container.Snapshot.Spec;
            var session = container.Stdio.Join(request with { Stdin = request.Stdin && spec.OpenStdin }, closesStdin: spec is { StdinOnce: true, Tty: false }, () => Publish(container, "detach"));
            Publish(container, "attach");
            return session;
        }
        finally
        {
            container.Gate.Release();
        }
    }

    public Task ReadLogAsync(ContainerId id, LogQuery query, ILogSink sink, CancellationToken ct)
    {
        var container = store.Get(id);
        Check(container, ContainerOperation.ReadLog).Demand();
        return container.Snapshot.LogPath.Length > 0
            ? ReadAsync()
            : throw new ErrorException(ErrorKind.NotImplemented, "container.log_unread", "configured logging driver does not support reading");

        async Task ReadAsync()
        {
            await logs.ReadAsync(container.Snapshot.LogPath, query, sink, container.Run?.Silent ?? Task.CompletedTask, ct).ConfigureAwait(false);
            if (container.Snapshot.Status.MonitorLost)
            {
                // What is missing is told after what is there.
                throw MonitorLost(container);
            }
        }
    }

    public Task RenameAsync(ContainerId id, string name, CancellationToken ct) => changes.RenameAsync(id, name, ct);

    public Task<IReadOnlyList<string>> UpdateAsync(ContainerId id, ContainerUpdate update, CancellationToken ct) => changes.UpdateAsync(id, update, ct);

    public async Task ResizeAsync(ContainerId id, int rows, int columns, CancellationToken ct)
    {
        var container = store.Get(id);
        Check(container, ContainerOperation.Resize).Demand();
        if (container.Run is { Bundle: var bundle } && container.Snapshot.Spec.Tty)
        {
            await TerminalControl.ResizeAsync(bundle, rows, columns, ct).ConfigureAwait(false);
            Publish(container, "resize", ("height", rows.ToString(CultureInfo.InvariantCulture)), ("width", columns.ToString(CultureInfo.InvariantCulture)));
        }
    }

    private static ErrorException MonitorLost(Container container) =>
        new(ErrorKind.Conflict, "container.monitor_lost", $"container {container.Snapshot.Name}: {MonitorLostReason}; start it again to have both back");

    private static ContainerVerdict Check(Container container, ContainerOperation operation) =>
        ContainerMachine.Check(container.Snapshot.Status.State, operation, container.Id, container.Snapshot.Name);

    private void Publish(Container container, string action, params ReadOnlySpan<(string Key, string Value)> attributes) => Publish(container.Snapshot, action, attributes);

    private void Publish(ContainerSnapshot container, string action, params ReadOnlySpan<(string Key, string Value)> attributes)
    {
        if (!container.IsBuildStep)
        {
            events.Publish(ContainerEvent.Of(container, action, time.GetUtcNow(), attributes));
        }
    }

    private void PublishNetwork(Container container, string action, NetworkAttachment attachment)
    {
        foreach (var endpoint in attachment.Endpoints)
        {
            PublishNetwork(container, action, endpoint);
        }
    }

    private void PublishNetwork(Container container, string action, NetworkEndpoint endpoint)
    {
        if (!container.Snapshot.IsBuildStep)
        {
            events.Publish(new(
                "network", action, endpoint.NetworkId,
                new Dictionary<string, string> { ["container"] = container.Id.Value, ["name"] = endpoint.NetworkName, ["type"] = endpoint.Driver }, time.GetUtcNow()));
        }
    }

    [LoggerMessage(3301, LogLevel.Warning, "Container {Container} ended; taking down what was around it failed.")]
    private partial void LogTearDown(ContainerId container, Exception failure);

    [LoggerMessage(3302, LogLevel.Warning, "The monitor of container {Container} is gone; its exit code will not be known.")]
    private partial void LogMonitorLost(ContainerId container);

    [LoggerMessage(3303, LogLevel.Error, "Dealing with the end of container {Container} failed.")]
    private partial void LogExitFailed(ContainerId container, Exception failure);

    [LoggerMessage(3304, LogLevel.Warning, "Container {Container} could not be started again by its restart policy.")]
    private partial void LogRestartFailed(ContainerId container, Exception failure);

    [LoggerMessage(3305, LogLevel.Warning, "Container {Container} could not be removed; it stays listed and can be removed again.")]
    private partial void LogRemoveFailed(ContainerId container, Exception failure);

    [LoggerMessage(3307, LogLevel.Warning, "An update of container {Container} that was cut short could not be completed; it keeps the limits it had.")]
    private partial void LogUpdate(ContainerId container, Exception failure);

    [LoggerMessage(3306, LogLevel.Information, "Adopted container {Container}, which kept running (pid {Pid}).")]
    private partial void LogAdopted(ContainerId container, int pid);
}
