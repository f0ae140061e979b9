using System.Globalization;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Containers;

internal sealed partial class ContainerLifecycle
{
    private const int LostExitCode = 255;
    private const string LostReason = "the container's monitor (conmon) ended before the container did; the exit code is lost";

    /// <summary>Waits for the end of a run and deals with it.</summary>
    private async Task WatchAsync(Container container, ContainerRun run)
    {
        var keeping = KeepLogAsync(container, run);
        try
        {
            if (run.Monitor is { } monitor)
            {
                await monitor.Exited.ConfigureAwait(false);
            }

            // The monitor writes the exit record before it ends. None means it was killed: the container itself may live on.
            if (!File.Exists(conmon.ExitFile(container.Id)) && run.Init is { } init)
            {
                if (!init.Exited.IsCompleted)
                {
                    LogMonitorLost(container.Id);
                }

                await init.Exited.ConfigureAwait(false);
            }

            await run.Over.CancelAsync().ConfigureAwait(false);
            await keeping.ConfigureAwait(false);
            await container.Stdio.FinishAsync().ConfigureAwait(false);
            await container.Gate.WaitAsync().ConfigureAwait(false);
            try
            {
                if (container.Run == run)
                {
                    await FinishRunAsync(container, run).ConfigureAwait(false);
                }
            }
            finally
            {
                container.Gate.Release();
            }
        }
        catch (Exception ex)
        {
            // A bug or a broken disk; the container must not stay "running" for ever because of it.
            LogExitFailed(container.Id, ex);
        }
        finally
        {
            run.End();
        }
    }

    /// <summary>Records the end of a run, takes down what was around it, and decides what comes next. The gate is held.</summary>
    private async Task FinishRunAsync(Container container, ContainerRun run)
    {
        var (exitCode, finished, error) = ReadExit(container.Id);
        var oom = File.Exists(run.Bundle.OomMark);
        var ended = error is null || run.Init is not { Exited.IsCompleted: false };
        if (await setup.TearDownAsync(container.Id, ended).ConfigureAwait(false) is { } failure)
        {
            LogTearDown(container.Id, failure);
        }

        var before = container.Record;
        var spec = before.Container.Spec;
        var started = before.Container.Status.StartedAt ?? finished;
        var pause = RestartRule.Next(spec.RestartPolicy, exitCode, finished - started, before.StoppedByUser, before.Container.RestartCount, container.Pause);
        var status = new ContainerStatus(
            pause is null ? ContainerState.Exited : ContainerState.Restarting, 0, exitCode, before.Container.Status.StartedAt, finished, oom, error ?? "",
            LogBytesLost: before.Container.Status.LogBytesLost);
        container.Run = null;
        container.Stdio = new(time);
        var record = before with { Run = null, Container = before.Container with { Status = status, Attachment = null } };

        if (oom)
        {
            Publish(container, "oom");
        }

        events.Publish(ContainerEvent.Of(
            record.Container, "die", time.GetUtcNow(),
            ("exitCode", exitCode.ToString(CultureInfo.InvariantCulture)),
            ("execDuration", ((long)(finished - started).TotalSeconds).ToString(CultureInfo.InvariantCulture))));
        if (before.Container.Attachment is { } attachment)
        {
            PublishNetwork(container, "disconnect", attachment);
        }

        volumes.PublishUnmounted(record.Container);

        container.ChangeOnExit(record, new(exitCode, error));
        if (spec.AutoRemove && !container.KeepOnExit)
        {
            await RemoveCoreAsync(container, removeVolumes: true).ConfigureAwait(false);
        }
        else
        {
            TrySave(container, durable: before.StoppedByUser);
            if (pause is { } delay)
            {
                StartLater(container, delay);
            }
        }

        // Last: whoever asked for the end is answered when everything it leads to has happened.
        run.End();
        run.Dispose();
    }

    /// <summary>Exit code, time and, if they are lost, why.</summary>
    private (int ExitCode, DateTimeOffset Finished, string? Error) ReadExit(ContainerId id)
    {
        var file = new FileInfo(conmon.ExitFile(id));
        try
        {
            if (file.Exists && int.TryParse(File.ReadAllText(file.FullName).AsSpan().Trim(), CultureInfo.InvariantCulture, out var code) && code >= 0)
            {
                return (code, new(file.LastWriteTimeUtc, TimeSpan.Zero), null);
            }
        }
        catch (IOException)
        {
            // Unreadable is as good as lost.
        }

        return (LostExitCode, time.GetUtcNow(), LostReason);
    }

    /// <summary>Starts a container again after a pause, unless somebody stops, starts or removes it before.</summary>
    private void StartLater(Container container, TimeSpan delay)
    {
        var pending = new CancellationTokenSource();
        container.Pending = pending;
        container.Pause = delay;
        _ = RunAsync();

        async Task RunAsync()
        {
            try
            {
                await Task.Delay(delay, time, pending.Token).ConfigureAwait(false);
                await WaitForDonorsAsync(container, pending.Token).ConfigureAwait(false);
                await container.Gate.WaitAsync(pending.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                if (container.Pending == pending && container.Snapshot.Status.State == ContainerState.Restarting)
                {
                    container.Pending = null;
                    container.Change(container.Record with { Container = container.Snapshot with { RestartCount = container.Snapshot.RestartCount + 1 } });
                    await StartCoreAsync(container).ConfigureAwait(false);
                }
            }
            catch (ErrorException ex)
            {
                LogRestartFailed(container.Id, ex);
            }
            finally
            {
                container.Gate.Release();
                pending.Dispose();
            }
        }
    }
}
