using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Oci;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Exec;

/// <summary>Execs of all containers. They live in memory only: an exec is the work of a client that is there.</summary>
internal sealed class ContainerExecs(
    ContainerStore containers, OciRuntime runtime, OciHost host, IRuntimeEvents events, RuntimeOptions options, TimeProvider time) : IExecs
{
    private static readonly TimeSpan s_kept = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, ExecProcess> _execs = new(StringComparer.Ordinal);

    public Task<string> CreateAsync(ContainerId container, ExecSpec spec, CancellationToken ct)
    {
        var target = containers.Get(container);
        Demand(target);
        if (spec.Command.Count == 0)
        {
            throw new ErrorException(ErrorKind.Invalid, "exec.no_command", "No exec command specified");
        }

        Sweep();
        var id = RandomNumberGenerator.GetHexString(64, lowercase: true);
        _execs[id] = new(id, target, spec, time);
        Publish(target, $"exec_create: {string.Join(' ', spec.Command)}", id);
        return Task.FromResult(id);
    }

    public ExecSnapshot Get(string execId) => Find(execId).Snapshot;

    public IReadOnlyList<string> RunningIn(ContainerId container) =>
        [.. _execs.Values.Where(exec => exec.Container.Id == container && exec.Snapshot.Running).Select(exec => exec.Id)];

    public async Task<IStdioSession> StartAsync(string execId, CancellationToken ct)
    {
        var exec = Find(execId);
        var run = Claim(exec);
        return await StartAsync(exec, run, detached: false).ConfigureAwait(false);
    }

    public async Task StartDetachedAsync(string execId, CancellationToken ct)
    {
        var exec = Find(execId);
        var run = Claim(exec);
        await StartAsync(exec, run, detached: true).ConfigureAwait(false);
        await exec.StartedAsync(ct).ConfigureAwait(false);
        if (exec.Failure is { } failure)
        {
            throw new ErrorException(ErrorKind.Invalid, "exec.start_failed", failure.TrimEnd());
        }
    }

    public Task ResizeAsync(string execId, int rows, int columns, CancellationToken ct) => Find(execId).ResizeAsync(rows, columns, ct);

    private async Task<IStdioSession> StartAsync(ExecProcess exec, ContainerRun run, bool detached)
    {
        try
        {
            var container = exec.Container.Snapshot;
            var user = string.IsNullOrEmpty(exec.Spec.User) ? container.Effective.User : exec.Spec.User;
            var root = $"/proc/{run.Record.Pid}/root";
            var resolved = ContainerUser.Resolve(root, user, container.Spec.GroupsAdded);
            WorkingDirectory.Demand(root, [], string.IsNullOrEmpty(exec.Spec.WorkingDirectory) ? container.Effective.WorkingDirectory : exec.Spec.WorkingDirectory);
            var process = OciSpecBuilder.BuildProcess(new(container, exec.Spec, resolved, host));
            Publish(exec.Container, $"exec_start: {string.Join(' ', exec.Spec.Command)}", exec.Id);
            return await exec.StartAsync(new(options, runtime.Program, runtime.GlobalArguments, process, detached, container.Mappings), run, () => Ended(exec)).ConfigureAwait(false);
        }
        catch (ErrorException ex) when (!detached)
        {
            var session = await exec.RefuseAsync(ex.Message).ConfigureAwait(false);
            Ended(exec);
            return session;
        }
        catch (ErrorException)
        {
            exec.Fail();
            throw;
        }
        catch (IOException ex)
        {
            exec.Fail();
            throw new ErrorException(ErrorKind.Internal, "exec.start_failed", $"OCI runtime exec failed: {ex.Message}", ex);
        }
    }

    private void Ended(ExecProcess exec) =>
        Publish(exec.Container, "exec_die", exec.Id, ("exitCode", (exec.Snapshot.ExitCode ?? 0).ToString(CultureInfo.InvariantCulture)));

    private static ContainerRun Claim(ExecProcess exec)
    {
        Demand(exec.Container);
        if (!exec.TryClaim())
        {
            throw new ErrorException(ErrorKind.Conflict, "exec.already_run", $"Error: Exec command {exec.Id} has already run");
        }

        return exec.Container.Run ?? throw NotRunning(exec.Container);
    }

    private static void Demand(Container container)
    {
        ContainerMachine.Check(container.Snapshot.Status.State, ContainerOperation.Exec, container.Id, container.Snapshot.Name).Demand();
        if (container.Run is null)
        {
            throw NotRunning(container);
        }
    }

    private static ErrorException NotRunning(Container container) => new(ErrorKind.Conflict, "container.not_running", $"container {container.Id} is not running");

    private ExecProcess Find(string execId) =>
        _execs.TryGetValue(execId, out var exec) ? exec : throw new ErrorException(ErrorKind.NotFound, "exec.not_found", $"No such exec instance: {execId}");

    /// <summary>Forgets execs that ended, or were never run, some minutes ago.</summary>
    private void Sweep()
    {
        var limit = time.GetUtcNow() - s_kept;
        foreach (var (id, exec) in _execs)
        {
            if (exec.IsOlderThan(limit))
            {
                _execs.TryRemove(id, out _);
            }
        }
    }

    private void Publish(Container container, string action, string execId, params ReadOnlySpan<(string Key, string Value)> attributes) =>
        events.Publish(ContainerEvent.Of(container.Snapshot, action, time.GetUtcNow(), [.. attributes, ("execID", execId)]));
}
