using System.Text.Json;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Health;
using Portal.Runtime.Linux;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Containers;

internal sealed partial class ContainerLifecycle
{
    public async Task<bool> StartAsync(ContainerId id, CancellationToken ct)
    {
        var container = store.Get(id);
        await container.Gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            if (!Check(container, ContainerOperation.Start).Demand())
            {
                return false;
            }

            container.Change(container.Record with { RestartPause = TimeSpan.Zero, Container = container.Snapshot with { RestartCount = 0 } });

            // From here on it is done or undone completely, whether the caller waits for it or not.
            await StartCoreAsync(container).ConfigureAwait(false);
            return true;
        }
        finally
        {
            container.Gate.Release();
        }
    }

    public async Task RestartAsync(ContainerId id, TimeSpan? timeout, string? signal, CancellationToken ct)
    {
        var container = store.Get(id);
        if (!string.IsNullOrEmpty(signal))
        {
            _ = SignalName.Parse(signal);
        }

        // Goes on when the caller leaves: a container that is only stopped was asked for by nobody.
        await RestartCoreAsync(container, timeout, signal).WaitAsync(ct).ConfigureAwait(false);
    }

    private async Task RestartCoreAsync(Container container, TimeSpan? timeout, string? signal)
    {
        container.KeepOnExit = true;
        try
        {
            await StopAsync(container.Id, timeout, signal, CancellationToken.None).ConfigureAwait(false);
            await StartAsync(container.Id, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            container.KeepOnExit = false;
        }

        Publish(container, "restart");
    }

    /// <summary>Starts a container whose gate is held.</summary>
    private async Task StartCoreAsync(Container container)
    {
        var before = container.Record;
        ContainerRun? run = null;
        try
        {
            using var slot = await slots.EnterAsync().ConfigureAwait(false);
            using var prepared = await setup.PrepareAsync(container.Snapshot, CancellationToken.None).ConfigureAwait(false);
            container.Change(before with { Container = before.Container with { Attachment = prepared.Attachment, JoinedHostname = prepared.JoinedHostname }, StoppedByUser = false });
            volumes.PublishMounted(container.Snapshot);
            if (prepared.Attachment is { } attachment)
            {
                PublishNetwork(container, "connect", attachment);
            }

            await WriteIntentAsync(container).ConfigureAwait(false);
            run = await conmon.CreateAsync(container.Snapshot).ConfigureAwait(false);
            container.Stdio.Open(run.Bundle);
            if (prepared.Namespaces.IsNetworkMadeLater)
            {
                var late = await setup.AttachAsync(container.Snapshot, run, CancellationToken.None).ConfigureAwait(false);
                container.Change(container.Record with { Container = container.Snapshot with { Attachment = late } });
                PublishNetwork(container, "connect", late);
                await WriteIntentAsync(container).ConfigureAwait(false);
            }

            prepared.GiveStreams(run.Record.Pid);
            if (prepared.UnknownProfile is { } profile)
            {
                filters.Learn(profile, runtime.StateFolder(container.Id));
            }

            care.Watch(container, run, known: false);

            // What cannot be written down is not let go: its work could not be taken back.
            store.DemandRoom(container);
            if (await runtime.StartAsync(container.Id).ConfigureAwait(false) is { } refusal)
            {
                throw new StartException(StartFailure.OfContainer(Program(container.Snapshot), refusal));
            }

            var started = time.GetUtcNow();
            run.Began = time.GetTimestamp();
            container.Run = run;
            container.Change(container.Record with
            {
                Run = run.Record,
                Container = container.Snapshot with
                {
                    Status = new(
                        ContainerState.Running, run.Record.Pid, 0, started, before.Container.Status.FinishedAt, false, "", HealthSupervisor.Initial(before.Container)),
                },
            });

            // One that removes itself is gone after a power cut in any case.
            store.Save(container, durable: !container.Snapshot.IsEphemeral);
            Publish(container, "start");
            places.TellLinked(container.Snapshot);
            care.Probe(container, run);
            _ = WatchAsync(container, run);
        }
        catch (Exception ex)
        {
            throw await UndoStartAsync(container, before, run, ex).ConfigureAwait(false);
        }
    }

    /// <summary>What a new agent would need to adopt this start, or to undo it; on the run root, which needs no fsync.</summary>
    private Task WriteIntentAsync(Container container) =>
        File.WriteAllBytesAsync(conmon.Bundle(container.Id).Intent, JsonSerializer.SerializeToUtf8Bytes(container.Record, ContainerJson.Default.ContainerRecord));

    private async Task<Exception> UndoStartAsync(Container container, ContainerRecord before, ContainerRun? run, Exception cause)
    {
        var (error, exitCode) = cause switch
        {
            StartException start => (start.Failure.Error, start.Failure.ExitCode),
            ErrorException known => (known.Error, 128),
            _ => (new Error(ErrorKind.Internal, "container.start_failed", DiskFailure.Words(cause) ?? cause.Message), 128),
        };

        container.Run = null;
        _ = care.End(container);
        run?.Signal(SignalName.Kill);
        run?.Monitor?.Signal(SignalName.Kill);
        if (await setup.TearDownAsync(container.Id).ConfigureAwait(false) is { } failure)
        {
            LogTearDown(container.Id, failure);
        }

        if (container.Snapshot.Attachment is { } attachment)
        {
            PublishNetwork(container, "disconnect", attachment);
            volumes.PublishUnmounted(container.Snapshot);
        }

        run?.Dispose();
        await container.RenewStdio().FinishAsync().ConfigureAwait(false);
        var status = before.Container.Status with { State = before.Container.Status.State == ContainerState.Restarting ? ContainerState.Exited : before.Container.Status.State, Pid = 0, ExitCode = exitCode, Error = error.Message };
        var record = before with { Run = null, Container = before.Container with { Attachment = null, Status = status } };
        container.ChangeOnExit(record, new(exitCode, error.Message));
        SaveEnd(container, durable: false);
        if (container.Snapshot.Spec.AutoRemove)
        {
            await RemoveCoreAsync(container, removeVolumes: true).ConfigureAwait(false);
        }

        return new ErrorException(error, cause);
    }

    private static string Program(ContainerSnapshot container) =>
        container.Effective.Entrypoint.Count > 0 ? container.Effective.Entrypoint[0] : container.Effective.Command[0];

    private bool TrySave(Container container, bool durable)
    {
        try
        {
            store.Save(container, durable);
            return true;
        }
        catch (IOException ex)
        {
            // In memory it is right; the disk tells the next agent an older state, which it compares with reality anyway.
            LogExitFailed(container.Id, ex);
            return false;
        }
    }
}
