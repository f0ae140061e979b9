using Portal.Runtime.Containers;

namespace Portal.Runtime.Health;

/// <summary>Runs health checks.</summary>
internal interface IProbes
{
    /// <summary>Runs one; a failure of any kind is a result. It is ended by force when it takes too long, and when nobody waits any more.</summary>
    /// <exception cref="OperationCanceledException">Nobody waits any more.</exception>
    Task<ProbeRun> RunAsync(Container container, HealthSettings settings, CancellationToken ct);
}

/// <summary>A probe that was run.</summary>
/// <param name="Result">What it found.</param>
/// <param name="Over">Completes when its process has ended, which may take longer than finding that it failed.</param>
internal readonly record struct ProbeRun(HealthProbe Result, Task Over);
