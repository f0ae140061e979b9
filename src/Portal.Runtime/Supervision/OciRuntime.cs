using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Linux;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Supervision;

/// <summary>Runs commands of the OCI runtime (crun), each within a time limit.</summary>
internal sealed class OciRuntime(RuntimeOptions options, OciRuntimeCommand command, CgroupLocator cgroups)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);
    private const int OutputLimit = 64 * 1024;

    private readonly IReadOnlyList<string> _hierarchies = cgroups.Hierarchies;

    private readonly SealedProgram? _program = SealedProgram.Fits(options.OciRuntimePath) ? new(options.OciRuntimePath) : null;

    /// <summary>The program, for the next process only.</summary>
    public string Program => _program?.Path ?? options.OciRuntimePath;

    /// <summary>Options before every command.</summary>
    public IReadOnlyList<string> GlobalArguments => command.GlobalArguments;

    /// <summary>Its folder of a container; present from create to delete.</summary>
    public string StateFolder(ContainerId id) => $"{command.StateRoot}/{id}";

    /// <summary>Lets the process of a created container go.</summary>
    /// <returns>Null, or what the runtime printed on failure.</returns>
    public Task<string?> StartAsync(ContainerId id) =>
        CrunState.TryLetGo(StateFolder(id)) ? Task.FromResult<string?>(null) : RunAsync(command.Start(id));

    /// <summary>Kills what is left, removes the runtime's state and the cgroup. Absent is success.</summary>
    /// <param name="id">The container.</param>
    /// <param name="ended">Its first process has ended, and been reaped.</param>
    public async Task<string?> DeleteAsync(ContainerId id, bool ended)
    {
        var folder = StateFolder(id);
        return !Directory.Exists(folder) || (ended && CrunState.TryRemove(folder, OciSpecBuilder.CgroupPath(options, id), _hierarchies))
            ? null
            : await RunAsync(command.Delete(id, force: true)).ConfigureAwait(false);
    }

    /// <summary>Signals every process of the container.</summary>
    public Task<string?> KillAllAsync(ContainerId id, int signal) => RunAsync(command.Kill(id, signal, all: true));

    private async Task<string?> RunAsync(IReadOnlyList<string> arguments)
    {
        using var error = Pipe.FromChild();
        using var child = ChildProcess.Start(new(Program, arguments)
        {
            Descriptors = new Dictionary<int, System.Runtime.InteropServices.SafeHandle> { [2] = error.Theirs },
        });
        error.Theirs.Dispose();
        using var limit = new CancellationTokenSource(s_limit);
        var text = ReadAsync(error.Ours, limit.Token);
        try
        {
            return await child.WaitAsync(limit.Token).ConfigureAwait(false) == 0 ? null : await text.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            child.Handle.Signal(Containers.SignalName.Kill);
            return $"{options.OciRuntimePath} {arguments[^2]} did not answer within {s_limit.TotalSeconds:0} s and was killed";
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
