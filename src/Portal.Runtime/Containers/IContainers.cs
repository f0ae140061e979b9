using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Logs;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Containers;

/// <summary>
/// Containers of this host. Expected failures are <see cref="ErrorException"/>s whose messages are Docker's own words
/// (docs/engine-api.md). Calls on one container are serialised; calls on different ones run in parallel.
/// </summary>
public interface IContainers
{
    /// <summary>Every container, newest first.</summary>
    IReadOnlyList<ContainerSnapshot> List();

    /// <summary>Finds by full id, name (with or without a slash) or unique id prefix.</summary>
    /// <exception cref="ErrorException">404 <c>No such container: x</c>.</exception>
    ContainerSnapshot Resolve(string reference);

    /// <summary>Where things of a container are on the host.</summary>
    ContainerPlaces Locate(ContainerId id);

    /// <summary>Makes a container. The image must be in the store. Without a name one is invented.</summary>
    /// <exception cref="ErrorException">404 image, 409 name, 400 bad option.</exception>
    Task<ContainerCreated> CreateAsync(ContainerSpec spec, string? name, CancellationToken ct);

    /// <summary>Starts it. False when it runs already.</summary>
    Task<bool> StartAsync(ContainerId id, CancellationToken ct);

    /// <summary>Stop signal, grace, SIGKILL. Goes on when the caller leaves. False when it does not run.</summary>
    Task<bool> StopAsync(ContainerId id, TimeSpan? timeout, string? signal, CancellationToken ct);

    /// <summary>
    /// Stops it as <see cref="StopAsync"/> does, within <paramref name="limit"/>, because the machine goes down: nobody has asked for its end, so its restart
    /// policy goes on when the engine runs again.
    /// </summary>
    Task HaltAsync(ContainerId id, TimeSpan limit, CancellationToken ct);

    /// <summary>Stops it if it runs, then starts it.</summary>
    Task RestartAsync(ContainerId id, TimeSpan? timeout, string? signal, CancellationToken ct);

    /// <summary>Sends a signal (<c>SIGHUP</c>, <c>HUP</c> or <c>1</c>). 409 when not running.</summary>
    Task KillAsync(ContainerId id, string signal, CancellationToken ct);

    /// <summary>Freezes all of its processes. 409 when it does not run, or is paused already.</summary>
    Task PauseAsync(ContainerId id, CancellationToken ct);

    /// <summary>Lets them go on. 409 when it is not paused.</summary>
    Task UnpauseAsync(ContainerId id, CancellationToken ct);

    /// <summary>Gives it another name. 409 when that is taken, 400 when it is none.</summary>
    Task RenameAsync(ContainerId id, string name, CancellationToken ct);

    /// <summary>Changes limits and restart policy, of a running container at once and durably.</summary>
    /// <returns>What of the request does not have the effect somebody may expect.</returns>
    /// <exception cref="ErrorException">400 bad value, 409 the container's state does not allow it; nothing has changed.</exception>
    Task<IReadOnlyList<string>> UpdateAsync(ContainerId id, ContainerUpdate update, CancellationToken ct);

    /// <summary>Puts it into one more network, at once if it runs, and for every start from now on.</summary>
    /// <exception cref="ErrorException">404 no such container or network; 403 it is in it already; 400 it cannot be.</exception>
    Task ConnectAsync(ContainerId id, EndpointSpec endpoint, CancellationToken ct);

    /// <summary>Takes it out of a network, at once if it runs, and for every start from now on.</summary>
    /// <exception cref="ErrorException">404 no such container or network; 403 it is not in it; 400 it cannot leave it.</exception>
    Task DisconnectAsync(ContainerId id, string network, CancellationToken ct);

    /// <summary>Removes it. 409 when running without <paramref name="force"/>.</summary>
    Task RemoveAsync(ContainerId id, bool force, bool removeVolumes, CancellationToken ct);

    /// <summary>Waits. The wait counts from the moment this method returns its task, not from when it is awaited.</summary>
    Task<ContainerExit> WaitAsync(ContainerId id, WaitCondition condition, CancellationToken ct);

    /// <summary>
    /// Joins the container's stdio. Legal before start (the session then sees the first byte). The session's output ends
    /// when the container does.
    /// </summary>
    Task<IStdioSession> AttachAsync(ContainerId id, AttachRequest request, CancellationToken ct);

    /// <summary>Writes its log to a sink, in order. With <see cref="LogQuery.Follow"/> it ends when the container stops.</summary>
    /// <exception cref="ErrorException">Thrown by the call itself, before anything is written: 409 it is being removed, 501 its logging driver keeps nothing.</exception>
    Task ReadLogAsync(ContainerId id, LogQuery query, ILogSink sink, CancellationToken ct);

    /// <summary>Sets the terminal's size. 409 when not running.</summary>
    Task ResizeAsync(ContainerId id, int rows, int columns, CancellationToken ct);
}

/// <summary>Where things of a container are on the host. A path is empty before the first start.</summary>
/// <param name="ResolvConf">Seen as /etc/resolv.conf.</param>
/// <param name="Hosts">Seen as /etc/hosts.</param>
/// <param name="Hostname">Seen as /etc/hostname.</param>
/// <param name="AppArmorProfile">Name of the AppArmor profile it runs under, or asked for; empty for none.</param>
/// <param name="Layers">Its root file system; null when that is gone.</param>
public sealed record ContainerPlaces(string ResolvConf, string Hosts, string Hostname, string AppArmorProfile, Layers.LayerFolders? Layers);

/// <summary>A container that was made.</summary>
/// <param name="Container">The container.</param>
/// <param name="Warnings">What of the request does not have the effect somebody may expect, one sentence each.</param>
public sealed record ContainerCreated(ContainerSnapshot Container, IReadOnlyList<string> Warnings);

/// <summary>What <see cref="IContainers.UpdateAsync"/> changes.</summary>
/// <param name="Resources">Zero, empty and null members leave what is.</param>
/// <param name="RestartPolicy">Null leaves what is.</param>
public sealed record ContainerUpdate(ContainerResources Resources, RestartPolicySpec? RestartPolicy);

/// <param name="Stdin">The session may write.</param>
/// <param name="Stdout">The session sees stdout.</param>
/// <param name="Stderr">The session sees stderr.</param>
public sealed record AttachRequest(bool Stdin, bool Stdout, bool Stderr);
