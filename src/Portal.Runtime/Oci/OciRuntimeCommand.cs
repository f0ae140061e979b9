using System.Globalization;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Oci;

/// <summary>Command lines of an OCI runtime (crun or runc), without the program itself. Pure.</summary>
/// <param name="StateRoot">Folder the runtime keeps its own state in (<c>--root</c>).</param>
public sealed record OciRuntimeCommand(string StateRoot)
{
    /// <summary>The agent's own state folder, apart from any other user of the runtime on this host.</summary>
    public static OciRuntimeCommand For(RuntimeOptions options) => new(options.RunRoot + "/oci");

    /// <summary>Options that go before every command; also what conmon passes on (<c>--runtime-arg</c>).</summary>
    public IReadOnlyList<string> GlobalArguments => ["--root", StateRoot];

    /// <summary>Makes the container up to the point where its process waits to be started.</summary>
    public IReadOnlyList<string> Create(ContainerId id, string bundle, string pidFile) =>
        [.. GlobalArguments, "create", "--bundle", bundle, "--pid-file", pidFile, id.Value];

    /// <summary>Lets the process of a created container go.</summary>
    public IReadOnlyList<string> Start(ContainerId id) => [.. GlobalArguments, "start", id.Value];

    /// <summary>Sends a signal to the init process, or to all processes.</summary>
    public IReadOnlyList<string> Kill(ContainerId id, int signal, bool all = false)
    {
        var number = signal.ToString(CultureInfo.InvariantCulture);
        return all ? [.. GlobalArguments, "kill", "--all", id.Value, number] : [.. GlobalArguments, "kill", id.Value, number];
    }

    /// <summary>Removes the runtime's state and the cgroup; with <paramref name="force"/> kills what still runs.</summary>
    public IReadOnlyList<string> Delete(ContainerId id, bool force) =>
        force ? [.. GlobalArguments, "delete", "--force", id.Value] : [.. GlobalArguments, "delete", id.Value];

    /// <summary>Runs the process described by a process file (<see cref="OciSpecBuilder.BuildProcess"/>) in a container and leaves it running.</summary>
    public IReadOnlyList<string> Exec(ContainerId id, string processFile, string pidFile) =>
        [.. GlobalArguments, "exec", "--detach", "--process", processFile, "--pid-file", pidFile, id.Value];

    /// <summary>Prints the state as JSON.</summary>
    public IReadOnlyList<string> State(ContainerId id) => [.. GlobalArguments, "state", id.Value];
}
