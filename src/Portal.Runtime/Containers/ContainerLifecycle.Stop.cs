using System.Globalization;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Containers;

internal sealed partial class ContainerLifecycle
{
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(10), s_killLimit = TimeSpan.FromSeconds(10), s_longestTimer = TimeSpan.FromDays(30);

    public async Task<bool> StopAsync(ContainerId id, TimeSpan? timeout, string? signal, CancellationToken ct)
    {
        var container = store.Get(id);
        var snapshot = container.Snapshot;
        var number = string.IsNullOrEmpty(signal) ? snapshot.Effective.StopSignal : SignalName.Parse(signal);
        if (!Check(container, ContainerOperation.Stop).Demand())
        {
            return false;
        }

        // Goes on when the caller leaves: half a stop helps nobody.
        return await StopCoreAsync(container, number, timeout ?? snapshot.Spec.StopTimeout ?? s_grace).WaitAsync(ct).ConfigureAwait(false);
    }

    public async Task HaltAsync(ContainerId id, TimeSpan limit, CancellationToken ct)
    {
        var container = store.Get(id);
        if (container.Run is not { } run)
        {
            return;
        }

        // A container may ask for any time, and for ever; the machine has only so much.
        var asked = container.Snapshot.Spec.StopTimeout ?? s_grace;
        var grace = asked < TimeSpan.Zero || asked > limit ? limit : asked;
        await EndRunAsync(container, run, container.Snapshot.Effective.StopSignal, grace).WaitAsync(ct).ConfigureAwait(false);
    }

    public async Task KillAsync(ContainerId id, string signal, CancellationToken ct)
    {
        var container = store.Get(id);
        var number = SignalName.Parse(string.IsNullOrEmpty(signal) ? "KILL" : signal);
        var run = container.Run;
        if (!Check(container, ContainerOperation.Kill).Demand() || run is null)
        {
            // Between its process' end and the record of it.
            throw new ErrorException(
                ErrorKind.Conflict, "container.not_running", $"cannot kill container: {container.Snapshot.Name}: container {id} is not running");
        }

        var ends = number is SignalName.Kill or SignalName.Terminate || number == container.Snapshot.Effective.StopSignal;
        if (ends)
        {
            await MarkStoppedAsync(container, run).ConfigureAwait(false);
        }

        if (number == SignalName.Kill)
        {
            // As with Docker, a container that was killed does not run any more when the answer comes.
            await KillRunAsync(container, run).WaitAsync(ct).ConfigureAwait(false);
            return;
        }

        Send(container, run, number);
        if (ends)
        {
            await ThawAsync(container, run).ConfigureAwait(false);
        }
    }

    private async Task<bool> StopCoreAsync(Container container, int signal, TimeSpan grace)
    {
        if (await GiveUpRestartAsync(container).ConfigureAwait(false))
        {
            Publish(container, "stop");
            return true;
        }

        if (container.Run is not { } run)
        {
            return false;
        }

        await MarkStoppedAsync(container, run).ConfigureAwait(false);
        await EndRunAsync(container, run, signal, grace).ConfigureAwait(false);
        Publish(container, "stop");
        return true;
    }

    /// <summary>Signal, grace, SIGKILL.</summary>
    private async Task EndRunAsync(Container container, ContainerRun run, int signal, TimeSpan grace)
    {
        if (grace != TimeSpan.Zero)
        {
            Send(container, run, signal);
            await ThawAsync(container, run).ConfigureAwait(false);
            await EndedWithinAsync(run, grace).ConfigureAwait(false);
        }

        if (!run.Ended.IsCompleted)
        {
            await KillRunAsync(container, run).ConfigureAwait(false);
        }
    }

    /// <summary>Kills a run and waits for its end.</summary>
    private async Task KillRunAsync(Container container, ContainerRun run)
    {
        run.Killed = true;
        Send(container, run, SignalName.Kill);
        await ThawAsync(container, run).ConfigureAwait(false);
        if (!await EndedWithinAsync(run, s_killLimit).ConfigureAwait(false) && !run.HasExited)
        {
            // Frozen by somebody else, or by a pause that came at the same moment; and the runtime kills the whole cgroup.
            TryThaw(container, run);
            await runtime.KillAllAsync(container.Id, SignalName.Kill).ConfigureAwait(false);
            if (!await EndedWithinAsync(run, s_killLimit).ConfigureAwait(false) && !run.HasExited)
            {
                throw new ErrorException(
                    ErrorKind.Internal, "container.unkillable", $"container {container.Id} did not end after SIGKILL; a process of it is stuck in the kernel");
            }
        }

        // What is left is ours to do: a disk that takes its time with the record is no process that does not die.
        await run.Ended.ConfigureAwait(false);
    }

    /// <summary>Tells of a signal and sends it. In this order: the end that it may bring comes after it in the events too.</summary>
    private void Send(Container container, ContainerRun run, int signal)
    {
        Publish(container, "kill", ("signal", signal.ToString(CultureInfo.InvariantCulture)));
        run.Signal(signal);
    }

    /// <summary>Waits for the end of a run and says whether it came. A negative limit, or one beyond what a timer takes, is for ever.</summary>
    private async Task<bool> EndedWithinAsync(ContainerRun run, TimeSpan limit)
    {
        if (limit < TimeSpan.Zero || limit > s_longestTimer)
        {
            await run.Ended.ConfigureAwait(false);
            return true;
        }

        using var ended = new CancellationTokenSource();
        var timer = Task.Delay(limit, time, ended.Token);
        var first = await Task.WhenAny(run.Ended, timer).ConfigureAwait(false);

        // A day's grace that is not needed must not stay a timer for a day.
        await ended.CancelAsync().ConfigureAwait(false);
        return first != timer;
    }

    /// <summary>Remembers that the coming end is wanted, so that no restart policy undoes it.</summary>
    private async Task MarkStoppedAsync(Container container, ContainerRun run)
    {
        await container.Gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (container.Run == run && !container.Record.StoppedByUser)
            {
                container.Change(container.Record with { StoppedByUser = true });
                if (container.Snapshot.Spec.RestartPolicy.Kind != RestartPolicyKind.No)
                {
                    TrySave(container, durable: false);
                }
            }
        }
        finally
        {
            container.Gate.Release();
        }
    }

    /// <summary>Ends the wait for a start by restart policy. False when there was none.</summary>
    private async Task<bool> GiveUpRestartAsync(Container container)
    {
        await container.Gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (container.Snapshot.Status.State != ContainerState.Restarting)
            {
                return false;
            }

            if (container.Pending is { } pending)
            {
                container.Pending = null;
                await pending.CancelAsync().ConfigureAwait(false);
            }

            var status = container.Snapshot.Status;
            container.ChangeOnExit(
                container.Record with { StoppedByUser = true, Container = container.Snapshot with { Status = status with { State = ContainerState.Exited } } },
                new(status.ExitCode, status.Error.Length > 0 ? status.Error : null));
            store.Save(container, durable: true);
            return true;
        }
        finally
        {
            container.Gate.Release();
        }
    }
}
