using System.Globalization;
using System.Text.Json;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Health;
using Portal.Runtime.Linux;
using Portal.Runtime.Networks;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Containers;

internal sealed partial class ContainerLifecycle
{
    /// <summary>
    /// Compares every record with reality, once, before anybody can ask for anything: takes over what runs, deals with what
    /// ended, undoes and finishes what was cut short, and starts what is to run.
    /// </summary>
    /// <param name="newBoot">The machine was started since the engine last ran.</param>
    /// <param name="opensStarts">False for one that starts nothing by restart policy: what waits for that goes on waiting, for the next engine.</param>
    /// <param name="ct">Gives up between two containers.</param>
    public async Task AdoptAsync(bool newBoot, bool opensStarts, CancellationToken ct)
    {
        var found = new List<(Container Container, AdoptionStep Step, ContainerRun? Run)>();
        foreach (var container in store.All.Reverse())
        {
            found.Add(await FindAsync(container).ConfigureAwait(false));
        }

        await networks.RestoreAsync(
            [.. found.Where(item => item.Step == AdoptionStep.Adopt).Select(item => item.Container.Snapshot.Attachment).OfType<NetworkAttachment>()], ct).ConfigureAwait(false);
        await SweepBundlesAsync().ConfigureAwait(false);
        var running = found.Where(item => item.Step == AdoptionStep.Adopt).Select(item => item.Container.Id).ToHashSet();
        mounts.Sweep(running);
        volumes.Adopt(found.Where(item => item.Step == AdoptionStep.Adopt).Select(item => item.Container.Snapshot));
        memory.Sweep(running);

        foreach (var (container, step, run) in found)
        {
            ct.ThrowIfCancellationRequested();
            await container.Gate.WaitAsync(ct).ConfigureAwait(false);
            try
            {
                await AdoptAsync(container, step, run, newBoot).ConfigureAwait(false);
            }
            catch (Exception ex) when (ex is IOException or ErrorException or UnauthorizedAccessException)
            {
                // One container that cannot be sorted out must not keep the others from it.
                LogExitFailed(container.Id, ex);
            }
            finally
            {
                container.Gate.Release();
            }
        }

        layers.Sweep(store.Known);
        if (opensStarts)
        {
            starts.Open(atOnce: newBoot);
        }
    }

    private async Task AdoptAsync(Container container, AdoptionStep step, ContainerRun? run, bool newBoot)
    {
        if (step is AdoptionStep.Leave or AdoptionStep.Restart)
        {
            // Somebody may have been looking at its files when the agent before this one ended; or a start was cut short before it left any other trace.
            layers.Unmount(container.Id);
        }

        switch (step)
        {
            case AdoptionStep.Adopt:
                container.Run = run;
                container.Stdio.Open(run!.Bundle);
                SettlePause(container, run);
                Renew(container, run);
                store.Save(container, durable: false);
                await places.ResumeAsync(container.Snapshot).ConfigureAwait(false);
                LogAdopted(container.Id, run.Record.Pid);
                _ = WatchAsync(container, run);
                break;
            case AdoptionStep.Finish:
                container.Run = run;
                TidyLog(container, run!);
                await FinishRunAsync(container, run!).ConfigureAwait(false);
                StartWithEngine(container);
                break;
            case AdoptionStep.RollBack:
                KillMonitors(container.Id);
                if (await setup.TearDownAsync(container.Id).ConfigureAwait(false) is { } failure)
                {
                    LogTearDown(container.Id, failure);
                }

                Forget(container.Id);
                container.Change(container.Record with { Container = container.Snapshot with { Attachment = null, Status = container.Snapshot.Status with { Pid = 0 } } });
                Resume(container);
                break;
            case AdoptionStep.Remove:
                if (container.Snapshot.IsBuildStep)
                {
                    // Whoever built is gone.
                    KillMonitors(container.Id);
                }

                await setup.TearDownAsync(container.Id).ConfigureAwait(false);
                await RemoveCoreAsync(container, container.Snapshot.Spec.AutoRemove || container.Record.RemovingVolumes).ConfigureAwait(false);
                Forget(container.Id);
                break;
            case AdoptionStep.Restart:
                Resume(container);
                break;
            case AdoptionStep.Leave:
                if (newBoot && container.Snapshot.Spec.AutoRemove)
                {
                    // Created, never started: its layer was not flushed to the disk.
                    await RemoveCoreAsync(container, removeVolumes: true).ConfigureAwait(false);
                }
                else
                {
                    Resume(container);
                }

                break;
        }
    }

    /// <summary>What its restart policy says of a container that does not run: it goes on waiting for its start, or is started with the engine.</summary>
    private void Resume(Container container)
    {
        if (container.Snapshot.Status.State == ContainerState.Restarting)
        {
            StartLater(container, RestartRule.Remaining(container.Record.RestartPause, container.Snapshot.Status.FinishedAt, time.GetUtcNow()));
        }
        else
        {
            StartWithEngine(container);
        }
    }

    /// <summary>Takes up what an agent does beside a run. Health begins anew with every agent.</summary>
    private void Renew(Container container, ContainerRun run)
    {
        try
        {
            changes.Resume(container, run.Record.Pid);
        }
        catch (IOException ex)
        {
            LogUpdate(container.Id, ex);
        }

        var status = container.Snapshot.Status;
        care.Watch(container, run, known: status.OomKilled);
        var initial = HealthSupervisor.Initial(container.Snapshot);
        if (status.State == ContainerState.Paused)
        {
            initial = HealthMachine.Stopped(initial);
        }
        else
        {
            care.Probe(container, run);
        }

        container.Change(container.Record with { Container = container.Snapshot with { Status = status with { Health = initial } } });
    }

    /// <summary>What is there of a container. A start nobody recorded the end of is taken from its intent.</summary>
    private async Task<(Container Container, AdoptionStep Step, ContainerRun? Run)> FindAsync(Container container)
    {
        var id = container.Id;
        var bundle = conmon.Bundle(id);
        var record = container.Record;
        var numbers = record.Run?.BootId == ProcFile.BootId ? record.Run : null;
        var intent = record.Run is null ? ReadIntent(bundle) : null;
        if (intent is not null)
        {
            numbers = ReadNumbers(bundle, id);
        }

        var monitor = numbers is null ? null : PidFd.TryOpen(numbers.MonitorPid, numbers.MonitorStart);
        var init = numbers is null ? null : PidFd.TryOpen(numbers.Pid, numbers.Start);
        var letGo = intent is not null && numbers is not null && await runtime.IsLetGoAsync(id, numbers.Pid).ConfigureAwait(false);
        var step = AdoptionPlan.Decide(record, new(intent is not null, monitor is not null, init is not null, letGo, File.Exists(conmon.ExitFile(id))));
        if (step is not (AdoptionStep.Adopt or AdoptionStep.Finish))
        {
            monitor?.Dispose();
            init?.Dispose();
            return (container, step, null);
        }

        if (intent is not null)
        {
            var started = numbers!.Start > 0 ? ProcFile.StartTime(numbers.Start, time.GetUtcNow()) : new(File.GetLastWriteTimeUtc(bundle.Intent), TimeSpan.Zero);
            container.Change(intent with
            {
                Run = numbers,
                Container = intent.Container with { Status = new(ContainerState.Running, numbers.Pid, 0, started, intent.Container.Status.FinishedAt, false, "") },
            });

            // The note of the start goes before the end of the run is dealt with.
            TrySave(container, durable: false);
        }

        return (container, step, new(monitor, init, bundle, numbers ?? record.Run!));
    }

    private static ContainerRecord? ReadIntent(BundlePaths bundle)
    {
        try
        {
            return RecordReader.Read(File.ReadAllBytes(bundle.Intent));
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException or IOException)
        {
            return null;
        }
    }

    /// <summary>The processes of a start whose end was not recorded: the pid file names the first, and conmon is its parent.</summary>
    private RunRecord? ReadNumbers(BundlePaths bundle, ContainerId id)
    {
        try
        {
            if (int.TryParse(File.ReadAllText(bundle.PidFile), CultureInfo.InvariantCulture, out var pid))
            {
                // The number alone may be another process' by now: the container's is in the container's cgroup.
                var init = ProcessCgroups.TryRead(pid)?.Holds(id) == true ? ProcFile.TryReadStat(pid) : null;

                // One whose monitor was killed has another parent.
                var monitor = init is { ParentPid: var parent } && conmon.IsMonitorOf(ProcFile.CommandLine(parent), id) ? parent : 0;
                return new(ProcFile.BootId, monitor, ProcFile.TryReadStat(monitor)?.StartTicks ?? 0, pid, init?.StartTicks ?? 0);
            }
        }
        catch (IOException)
        {
            // Not that far yet.
        }

        return null;
    }

    /// <summary>Takes down bundles that belong to no container, and those of starts without an intent, or that were being undone.</summary>
    private async Task SweepBundlesAsync()
    {
        var known = store.Known;
        foreach (var folder in Directory.EnumerateDirectories(Path.GetDirectoryName(conmon.Bundle(ContainerId.New()).Folder)!))
        {
            if (ContainerId.TryParse(Path.GetFileName(folder), null, out var id) && (!known.Contains(id) || (!File.Exists(conmon.Bundle(id).Intent) && store.Find(id)?.Record.Run is null)))
            {
                KillMonitors(id);
                if (await setup.TearDownAsync(id).ConfigureAwait(false) is { } failure)
                {
                    LogTearDown(id, failure);
                }

                Forget(id);
            }
        }
    }

    /// <summary>Ends monitors of a container that no record names.</summary>
    private void KillMonitors(ContainerId id)
    {
        foreach (var pid in ProcFile.Pids())
        {
            using var process = conmon.IsMonitorOf(ProcFile.CommandLine(pid), id) ? PidFd.TryOpen(pid) : null;

            // Once more, now that the number cannot become another process'.
            if (process is not null && conmon.IsMonitorOf(ProcFile.CommandLine(pid), id))
            {
                process.Signal(SignalName.Kill);
            }
        }
    }
}
