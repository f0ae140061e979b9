using Portal.Domain.Primitives;

namespace Portal.Runtime.Builds;

/// <summary>A build that failed at a known place. The message is for people; front ends that have words of their own take them from the parts.</summary>
/// <param name="error">The failure.</param>
/// <param name="line">Line of the Dockerfile, from 1; 0 for none.</param>
/// <param name="inner">What led to it.</param>
public sealed class BuildFailure(Error error, int line, Exception? inner = null) : ErrorException(error, inner)
{
    public int Line => line;

    /// <summary>The command that ended so, as one line; empty when it was no command.</summary>
    public string Command { get; init; } = "";

    /// <summary>Text of the Dockerfile; null when it was not read.</summary>
    public string? Dockerfile { get; internal set; }

    /// <summary>How the command ended; 0 when it was none.</summary>
    public int ExitCode { get; init; }
}
