using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Portal.Domain.Primitives;
using Portal.Runtime.AppArmor;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Linux;
using Portal.Runtime.Oci;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Exec;

/// <summary>Execs of all containers. They live in memory only: an exec is the work of a client that is there.</summary>
internal sealed class ContainerExecs(
    ContainerStore containers, OciRuntime runtime, AppArmorHost appArmor, OciHost host, CgroupLocator cgroups, IRuntimeEvents events, RuntimeOptions options, TimeProvider time) : IExecs
{
    private static readonly TimeSpan s_kept = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, ExecProcess> _execs = new(StringComparer.Ordinal);

    public Task<string> CreateAsync(ContainerId container, ExecSpec spec, CancellationToken ct)
    {
        var target = containers.Get(container);
        Demand(target);
        return spec.Command.Count == 0
            ? throw new ErrorException(ErrorKind.Invalid, "exec.no_command", "No exec command specified")
            : Task.FromResult(Prepare(target, spec).Id);
    }

    public ExecSnapshot Get(string execId)
    {
        var exec = Find(execId);
        return containers.Find(exec.Container.Id) is not null ? exec.Snapshot : throw NoSuch(execId);
    }

    public IReadOnlyList<string> RunningIn(ContainerId container) =>
        [.. _execs.Values.Where(exec => exec.Container.Id == container && exec.IsRunning).Select(exec => exec.Id)];

    public async Task<IStdioSession> StartAsync(string execId, TerminalSize? size, CancellationToken ct)
    {
        var exec = Find(execId);
        var run = Claim(exec);
        return await StartAsync(exec, run, size, detached: false).ConfigureAwait(false);
    }

    public async Task StartDetachedAsync(string execId, CancellationToken ct)
    {
        var exec = Find(execId);
        var run = Claim(exec);
        await StartAsync(exec, run, null, detached: true).ConfigureAwait(false);
        await exec.StartedAsync(ct).ConfigureAwait(false);
        if (exec.Failure is { } failure)
        {
            throw new ErrorException(ErrorKind.Invalid, "exec.start_failed", failure.TrimEnd());
        }
    }

    public Task ResizeAsync(string execId, int rows, int columns, CancellationToken ct) => Find(execId).ResizeAsync(rows, columns, ct);

    /// <summary>An exec to be started once.</summary>
    public ExecProcess Prepare(Container container, ExecSpec spec)
    {
        Sweep();
        var id = RandomNumberGenerator.GetHexString(64, lowercase: true);
        var exec = new ExecProcess(id, container, spec, new(Ended, Detached), time);
        _execs[id] = exec;
        Publish(exec, $"exec_create: {CommandLine(spec)}");
        return exec;
    }

    /// <summary>Runs a prepared exec attached. A command that cannot be run gives its message as output.</summary>
    /// <exception cref="ErrorException">The container does not run.</exception>
    public Task<IStdioSession> RunAsync(ExecProcess exec) => StartAsync(exec, Claim(exec), null, detached: false);

    /// <summary>Ends an exec, and what it has started, by force. Its end follows.</summary>
    public void Kill(ExecProcess exec)
    {
        if (exec.ReadPid() is > 0 and var pid)
        {
            ExecSession.Kill(exec.Container.Id, pid, cgroups);
        }
    }

    private async Task<IStdioSession> StartAsync(ExecProcess exec, ContainerRun run, TerminalSize? size, bool detached)
    {
        try
        {
            var container = exec.Container.Snapshot;
            var user = string.IsNullOrEmpty(exec.Spec.User) ? container.Effective.User : exec.Spec.User;
            var root = $"/proc/{run.Record.Pid}/root";
            var resolved = ContainerUser.Resolve(root, user, container.Spec.GroupsAdded);
            WorkingDirectory.Demand(root, [], string.IsNullOrEmpty(exec.Spec.WorkingDirectory) ? container.Effective.WorkingDirectory : exec.Spec.WorkingDirectory);

            // It may have been unloaded since the container was started; then a health check would fail too.
            var profile = await appArmor.ProfileAsync(container.Spec, CancellationToken.None, exec.Spec.Privileged).ConfigureAwait(false);
            var process = OciSpecBuilder.BuildProcess(new(container, exec.Spec, resolved, host, profile));
            Publish(exec, $"exec_start: {CommandLine(exec.Spec)}");
            var launch = new ExecLaunch(
                ExecFiles.Of(options, exec.Id), runtime.Program(container.Id), runtime.GlobalArguments, process, detached, runtime.IsCrun(container.Id), size ?? exec.Spec.Size, container.Mappings);
            return await exec.StartAsync(launch, run).ConfigureAwait(false);
        }
        catch (ErrorException ex) when (!detached)
        {
            return await exec.RefuseAsync(ex.Message).ConfigureAwait(false);
        }
        catch (ErrorException)
        {
            exec.Fail();
            throw;
        }
        catch (IOException) when (HasEnded(run.Record.Pid))
        {
            // It ended after it was looked at.
            exec.Fail();
            throw NotRunning(exec.Container);
        }
        catch (IOException ex)
        {
            exec.Fail();
            throw new ErrorException(ErrorKind.Internal, "exec.start_failed", $"OCI runtime exec failed: {DiskFailure.Words(ex) ?? ex.Message}", ex);
        }
    }

    private void Ended(ExecProcess exec) => Publish(exec, "exec_die", ("exitCode", (exec.ExitCode ?? 0).ToString(CultureInfo.InvariantCulture)));

    private void Detached(ExecProcess exec) => Publish(exec, "exec_detach");

    private static ContainerRun Claim(ExecProcess exec)
    {
        Demand(exec.Container);
        return exec.TryClaim()
            ? exec.Container.Run ?? throw NotRunning(exec.Container)
            : throw new ErrorException(
                ErrorKind.Conflict, "exec.already_run", $"Error: Exec command {exec.Id} {(exec.IsRunning ? "is already running" : "has already run")}");
    }

    private static void Demand(Container container)
    {
        ContainerMachine.Check(container.Snapshot.Status.State, ContainerOperation.Exec, container.Id, container.Snapshot.Name).Demand();
        if (container.Run is null)
        {
            throw NotRunning(container);
        }
    }

    // On its way out a process loses its root before it is seen as a zombie.
    private static bool HasEnded(int pid) => ProcFile.HasEnded(pid) || !Directory.Exists($"/proc/{pid}/root");

    private static ErrorException NotRunning(Container container) => new(ErrorKind.Conflict, "container.not_running", $"container {container.Id} is not running");

    private ExecProcess Find(string execId) => _execs.TryGetValue(execId, out var exec) ? exec : throw NoSuch(execId);

    private static ErrorException NoSuch(string execId) => new(ErrorKind.NotFound, "exec.not_found", $"No such exec instance: {execId}");

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

    // The program and a blank even where no argument follows, as Docker writes it.
    private static string CommandLine(ExecSpec spec) => $"{spec.Command[0]} {string.Join(' ', spec.Command.Skip(1))}";

    private void Publish(ExecProcess exec, string action, params ReadOnlySpan<(string Key, string Value)> attributes) =>
        events.Publish(ContainerEvent.Of(exec.Container.Snapshot, action, time.GetUtcNow(), [.. attributes, ("execID", exec.Id)]));
}
