using Portal.Agent.BuildKit.Wire;
using Portal.Runtime.Builds;

namespace Portal.Agent.BuildKit.Solving;

/// <summary>What a request to solve is about, beside what is to be built.</summary>
/// <param name="Request">The request.</param>
/// <param name="Source">A context that came with the request itself; null when it is the client's session that has it.</param>
/// <param name="Stop">Ends everything that is done for it.</param>
internal sealed record SolveContext(SolveRequest Request, IBuildSource? Source, CancellationTokenSource Stop);

/// <summary>A build that was drawn up, and is done when its result is wanted first: once, whoever wants it and how often.</summary>
/// <param name="build">Does it.</param>
internal sealed class AskedBuild(Func<Task<SolvedBuild>> build)
{
    private readonly Lazy<Task<SolvedBuild>> _result = new(build);

    /// <summary>The build, if somebody wanted it.</summary>
    public Task? Begun => _result.IsValueCreated ? _result.Value : null;

    public Task<SolvedBuild> ResultAsync() => _result.Value;
}

/// <param name="Result">What was built.</param>
/// <param name="IsNew">The store had no such image before.</param>
internal sealed record SolvedBuild(BuildResult Result, bool IsNew);
