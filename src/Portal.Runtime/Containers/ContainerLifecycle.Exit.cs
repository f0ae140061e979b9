using System.Globalization;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Health;
using Portal.Runtime.Linux;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Containers;

internal sealed partial class ContainerLifecycle
{
    private static readonly TimeSpan s_saveAgain = TimeSpan.FromSeconds(3);

    private const int LostExitCode = 255;
    private const string LostReason = "the container's monitor (conmon) ended before the container did; the exit code is lost";
    private const string MonitorLostReason = "the container's monitor (conmon) was killed: the container runs on, but its output is lost, and its exit code will be";

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
                await LoseMonitorAsync(container, run, init).ConfigureAwait(false);
                await init.Exited.ConfigureAwait(false);
            }

            await run.EndExecsAsync().ConfigureAwait(false);
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

    /// <summary>Flags a container whose monitor is gone. What attached to it or follows its log is let go: nothing more comes.</summary>
    private async Task LoseMonitorAsync(Container container, ContainerRun run, PidFd init)
    {
        if (init.Exited.IsCompleted)
        {
            return;
        }

        await container.Gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (container.Run != run || init.Exited.IsCompleted)
            {
                return;
            }

            var status = container.Snapshot.Status with { MonitorLost = true, Error = MonitorLostReason };
            container.Change(container.Record with { Container = container.Snapshot with { Status = status } });
            TrySave(container, durable: false);
            run.LoseMonitor();
            LogMonitorLost(container.Id);
        }
        finally
        {
            container.Gate.Release();
        }

        await container.Stdio.FinishAsync().ConfigureAwait(false);
    }

    /// <summary>Records the end of a run, takes down what was around it, and decides what comes next. The gate is held.</summary>
    private async Task FinishRunAsync(Container container, ContainerRun run)
    {
        var (exitCode, finished, error) = ReadExit(container.Id);
        var before = container.Record;

        // The cgroup's counter is right as long as the cgroup is there; the monitor's mark is left of a run that nobody saw the end of.
        var untold = care.End(container) || (!before.Container.Status.OomKilled && File.Exists(run.Bundle.OomMark));
        var ended = error is null || run.Init is not { Exited.IsCompleted: false };
        if (await setup.TearDownAsync(container.Id, ended).ConfigureAwait(false) is { } failure)
        {
            LogTearDown(container.Id, failure);
        }

        var spec = before.Container.Spec;
        var ran = Ran(run, before.Container.Status.StartedAt, finished);
        var pause = RestartRule.Next(spec.RestartPolicy, exitCode, ran, before.StoppedByUser, before.Container.RestartCount, before.RestartPause);
        var status = new ContainerStatus(
            pause is null ? ContainerState.Exited : ContainerState.Restarting, 0, exitCode, before.Container.Status.StartedAt, finished, untold || before.Container.Status.OomKilled, error ?? "",
            HealthMachine.Stopped(before.Container.Status.Health), LogBytesLost: before.Container.Status.LogBytesLost);
        container.Run = null;
        container.RenewStdio();
        var record = before with
        {
            Run = null,
            RestartPause = pause ?? TimeSpan.Zero,
            Updating = null,
            Container = before.Container with { Status = status, Attachment = null, RestartCount = before.Container.RestartCount + (pause is null ? 0 : 1) },
        };

        if (untold)
        {
            Publish(container, "oom");
        }

        Publish(
            record.Container, "die",
            ("exitCode", exitCode.ToString(CultureInfo.InvariantCulture)),
            ("execDuration", ((long)ran.TotalSeconds).ToString(CultureInfo.InvariantCulture)));
        if (before.Container.Attachment is { } attachment)
        {
            PublishNetwork(container, "disconnect", attachment);
        }

        volumes.PublishUnmounted(record.Container);

        container.ChangeOnExit(record, new(exitCode, error));
        if (spec.AutoRemove && !container.KeepOnExit)
        {
            await RemoveCoreAsync(container, removeVolumes: true).ConfigureAwait(false);
            Forget(container.Id);
        }
        else
        {
            SaveEnd(container, durable: before.StoppedByUser);
            if (pause is { } delay)
            {
                StartLater(container, delay);
            }
        }

        // Last: whoever asked for the end is answered when everything it leads to has happened.
        run.End();
        run.Dispose();
    }

    /// <summary>
    /// Writes down how a run ended, and only then deletes what tells a new agent of it. While the disk does not take it, it is
    /// tried again, and until then served from memory. The gate is held.
    /// </summary>
    private void SaveEnd(Container container, bool durable)
    {
        if (TrySave(container, durable))
        {
            Forget(container.Id);
        }
        else
        {
            _ = SaveEndLaterAsync(container, durable);
        }
    }

    private async Task SaveEndLaterAsync(Container container, bool durable)
    {
        for (var isSaved = false; !isSaved;)
        {
            await Task.Delay(s_saveAgain, time).ConfigureAwait(false);
            await container.Gate.WaitAsync().ConfigureAwait(false);
            try
            {
                // Removed, or started again: there is nothing left to tell of this run.
                if (!store.Contains(container.Id) || container.Run is not null)
                {
                    return;
                }

                store.Save(container, durable);
                Forget(container.Id);
                isSaved = true;
            }
            catch (IOException)
            {
                // Told the first time.
            }
            finally
            {
                container.Gate.Release();
            }
        }
    }

    private void Forget(ContainerId id)
    {
        try
        {
            setup.Forget(id);
        }
        catch (IOException ex)
        {
            LogTearDown(id, ex);
        }
    }

    /// <summary>How long a run took, whatever was done to the clock meanwhile.</summary>
    private TimeSpan Ran(ContainerRun run, DateTimeOffset? started, DateTimeOffset finished)
    {
        var ran = run.Began is { } began ? time.GetElapsedTime(began) : finished - (started ?? finished);
        return ran > TimeSpan.Zero ? ran : TimeSpan.Zero;
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
}
