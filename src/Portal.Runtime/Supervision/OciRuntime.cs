using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Containers;
using Portal.Runtime.Linux;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Supervision;

/// <summary>Runs commands of a container's own OCI runtime, each within a time limit.</summary>
internal sealed class OciRuntime(RuntimeOptions options, OciRuntimes runtimes, OciRuntimeCommand command, CgroupLocator cgroups, ContainerStore containers, TimeProvider time)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);
    private const int OutputLimit = 64 * 1024;

    private readonly IReadOnlyList<string> _hierarchies = cgroups.Hierarchies;
    private readonly ConcurrentDictionary<string, SealedProgram> _programs = new(StringComparer.Ordinal);

    /// <summary>Options before every command.</summary>
    public IReadOnlyList<string> GlobalArguments => command.GlobalArguments;

    /// <summary>The program that runs a container, for the next process only.</summary>
    public string Program(ContainerId id) =>
        PathOf(id) is var path && SealedProgram.Fits(path) ? _programs.GetOrAdd(path, static file => new(file)).Path : path;

    /// <summary>True when it is crun that runs a container.</summary>
    public bool IsCrun(ContainerId id) => OciRuntimes.IsCrun(PathOf(id));

    /// <summary>The runtime's folder of a container; present from create to delete.</summary>
    public string StateFolder(ContainerId id) => $"{command.StateRoot}/{id}";

    /// <summary>Lets the process of a created container go.</summary>
    /// <returns>Null, or what the runtime printed on failure.</returns>
    public Task<string?> StartAsync(ContainerId id) =>
        IsSimple(id) && CrunState.TryLetGo(StateFolder(id)) ? Task.FromResult<string?>(null) : RunAsync(id, command.Start(id));

    /// <summary>
    /// Kills what is left, removes the runtime's state and the cgroup. Absent is success. What the runtime does not manage is
    /// done without it.
    /// </summary>
    /// <param name="id">The container.</param>
    /// <param name="ended">Its first process has ended, and been reaped.</param>
    public async Task<string?> DeleteAsync(ContainerId id, bool ended)
    {
        var (folder, cgroup) = (StateFolder(id), CgroupPath(id));
        if (ended && IsSimple(id) && CrunState.TryRemove(folder, cgroup, _hierarchies))
        {
            return null;
        }

        // A runtime that was killed in the middle has left one without the other.
        var failure = Directory.Exists(folder) ? await RunAsync(id, command.Delete(id, force: true)).ConfigureAwait(false) : null;
        if (!await CgroupLeftovers.RemoveAsync(id, cgroup, _hierarchies, time).ConfigureAwait(false))
        {
            return failure ?? $"the cgroup {cgroup} is still in use";
        }

        // Nothing runs any more, so that its notes are of no use to anybody.
        DirectoryTree.Delete(folder);
        return null;
    }

    /// <summary>Signals every process of the container.</summary>
    public Task<string?> KillAllAsync(ContainerId id, int signal) => RunAsync(id, command.Kill(id, signal, all: true));

    /// <summary>True when the first process of a container that was created has been let go since.</summary>
    /// <param name="id">The container.</param>
    /// <param name="pid">Its first process.</param>
    public async Task<bool> IsLetGoAsync(ContainerId id, int pid)
    {
        // crun and runc keep a fifo until then; others are asked.
        if (Path.GetFileName(PathOf(id)) is "crun" or "runc")
        {
            return !File.Exists(StateFolder(id) + "/exec.fifo") && !CrunState.Waits(StateFolder(id), pid);
        }

        var (status, output) = await RunAsync(id, command.State(id), output: true).ConfigureAwait(false);
        return status == 0 && StatusOf(output) is "running" or "stopped" or "paused";
    }

    /// <summary>The <c>status</c> of a state document (OCI runtime specification, "State"); null when there is none.</summary>
    internal static string? StatusOf(string state)
    {
        try
        {
            using var document = JsonDocument.Parse(state);
            return document.RootElement.TryGetProperty("status", out var status) ? status.GetString() : null;
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private ContainerSpec? SpecOf(ContainerId id) => containers.Find(id)?.Snapshot.Spec;

    /// <summary>A bundle without a record is taken as the default runtime's; so is a container whose runtime is not configured any more, and its start refused.</summary>
    private string PathOf(ContainerId id) =>
        SpecOf(id) is { } spec && runtimes.Paths.TryGetValue(spec.Runtime, out var path) ? path : runtimes.Paths[runtimes.Default];

    private string CgroupPath(ContainerId id) =>
        SpecOf(id) is { } spec ? OciSpecBuilder.CgroupPath(options, spec, id) : OciSpecBuilder.CgroupPath(options, id);

    /// <summary>Only crun's state is known well enough to do without it, and only it can run the hooks that devices bring.</summary>
    private bool IsSimple(ContainerId id) => IsCrun(id) && SpecOf(id) is not { DeviceRequests.Count: > 0 };

    private async Task<string?> RunAsync(ContainerId id, IReadOnlyList<string> arguments)
    {
        var (status, text) = await RunAsync(id, arguments, output: false).ConfigureAwait(false);
        return status == 0 ? null : text.Length > 0 ? text : $"{PathOf(id)} {arguments[command.GlobalArguments.Count]} ended with status {status} without a word";
    }

    /// <summary>Runs a command; its text is what it printed on stdout, or on stderr.</summary>
    private async Task<(int Status, string Text)> RunAsync(ContainerId id, IReadOnlyList<string> arguments, bool output)
    {
        using var pipe = Pipe.FromChild();
        using var child = ChildProcess.Start(new(Program(id), arguments)
        {
            Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [output ? 1 : 2] = pipe.Theirs },
        });
        pipe.Theirs.Dispose();
        using var limit = new CancellationTokenSource(s_limit);
        var text = ReadAsync(pipe.Ours, limit.Token);
        try
        {
            var status = await child.WaitAsync(limit.Token).ConfigureAwait(false);
            return (status, status == 0 && !output ? "" : await text.ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            child.Handle.Signal(SignalName.Kill);
            return (255, $"{PathOf(id)} {arguments[command.GlobalArguments.Count]} did not answer within {s_limit.TotalSeconds:0} s and was killed");
        }
    }

    /// <summary>Everything up to the end, or as much as is kept.</summary>
    internal static async Task<string> ReadAsync(DescriptorStream stream, CancellationToken ct)
    {
        var buffer = new byte[OutputLimit];
        var length = 0;
        while (length < buffer.Length && await stream.ReadAsync(buffer.AsMemory(length), ct).ConfigureAwait(false) is var count and > 0)
        {
            length += count;
        }

        return Encoding.UTF8.GetString(buffer, 0, length).Trim();
    }
}
