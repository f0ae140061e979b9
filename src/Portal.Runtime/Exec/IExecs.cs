using Portal.Domain.Primitives;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Exec;

/// <summary>Further processes in running containers.</summary>
public interface IExecs
{
    /// <summary>Prepares a process. 409 when the container does not run, 400 without a command. Returns the exec id (64 hex).</summary>
    Task<string> CreateAsync(ContainerId container, ExecSpec spec, CancellationToken ct);

    /// <summary>What is known of it. 404 <c>No such exec instance: x</c>. Kept for some minutes after the end.</summary>
    ExecSnapshot Get(string execId);

    /// <summary>Ids of the execs of a container that run now.</summary>
    IReadOnlyList<string> RunningIn(ContainerId container);

    /// <summary>Runs it attached. 409 when it ran already. A command that is not found gives its message as output and exit code 126 or 127.</summary>
    /// <param name="execId">From <see cref="CreateAsync"/>.</param>
    /// <param name="size">First size of its terminal; null takes what was said at creation.</param>
    /// <param name="ct">Ends the wait, not the process.</param>
    Task<IStdioSession> StartAsync(string execId, TerminalSize? size, CancellationToken ct);

    /// <summary>Runs it with no streams; returns when it has started.</summary>
    Task StartDetachedAsync(string execId, CancellationToken ct);

    /// <summary>Sets the terminal's size.</summary>
    Task ResizeAsync(string execId, int rows, int columns, CancellationToken ct);
}

/// <summary>A process to run in a container.</summary>
public sealed record ExecSpec
{
    public required IReadOnlyList<string> Command { get; init; }

    public bool Tty { get; init; }

    public bool AttachStdin { get; init; }

    public bool AttachStdout { get; init; }

    public bool AttachStderr { get; init; }

    /// <summary>Over the container's own environment.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>Null or empty takes the container's.</summary>
    public string? User { get; init; }

    /// <summary>Null or empty takes the container's.</summary>
    public string? WorkingDirectory { get; init; }

    public bool Privileged { get; init; }

    public string DetachKeys { get; init; } = "";

    /// <summary>First size of the terminal; null for the terminal's own.</summary>
    public TerminalSize? Size { get; init; }
}

/// <param name="Id">Exec id.</param>
/// <param name="Container">Its container.</param>
/// <param name="Spec">What was asked.</param>
/// <param name="Running">True between start and end.</param>
/// <param name="ExitCode">Null until it ended.</param>
/// <param name="Pid">On the host; 0 when not running.</param>
public sealed record ExecSnapshot(string Id, ContainerId Container, ExecSpec Spec, bool Running, int? ExitCode, int Pid);
