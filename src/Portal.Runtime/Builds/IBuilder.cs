using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Cache;

namespace Portal.Runtime.Builds;

/// <summary>Builds images from Dockerfiles. Front ends (the classic build call, BuildKit's session protocol, the portal) differ only in where content and secrets come from and how progress is told.</summary>
public interface IBuilder
{
    /// <summary>Builds one target. Cancelling ends its containers and leaves nothing.</summary>
    /// <exception cref="ErrorException">
    /// 400 for a Dockerfile, an option or a context that is wrong, naming file and line; 404 for a base image nobody has; 500 for a command that failed, in Docker's words.
    /// </exception>
    Task<BuildResult> BuildAsync(BuildRequest request, IBuildProgress progress, CancellationToken ct);

    /// <summary>Reads the Dockerfile of a build and builds nothing.</summary>
    /// <exception cref="ErrorException">400 for a Dockerfile, an option or a context that is wrong, naming file and line.</exception>
    Task<DockerfileFacts> LookAsync(BuildRequest request, IBuildProgress progress, CancellationToken ct);

    /// <summary>What the build cache holds, most recently used first.</summary>
    IReadOnlyList<BuildCacheRecord> Cache();

    /// <summary>Deletes what the cache holds and no build uses, least recently used first.</summary>
    Task<BuildCachePruning> PruneAsync(BuildCachePruneRequest request, CancellationToken ct);
}

/// <param name="Image">Id of the image; null where a build was asked to make none.</param>
/// <param name="Manifest">Digest of its manifest.</param>
public sealed record BuildResult(Digest? Image, Digest? Manifest)
{
    /// <summary>Doubtful things in the Dockerfile, for people.</summary>
    public IReadOnlyList<BuildWarning> Warnings { get; init; } = [];
}

/// <param name="Line">Line of the Dockerfile, from 1; 0 for the whole.</param>
/// <param name="Text">One sentence.</param>
public sealed record BuildWarning(int Line, string Text);

/// <param name="Id">Key of the entry.</param>
/// <param name="Kind">Docker's word: <c>regular</c>, <c>source.local</c>, <c>exec.cachemount</c>, <c>frontend</c>, <c>internal</c>.</param>
/// <param name="Description">The step it is of.</param>
/// <param name="Parents">Entries it builds on.</param>
/// <param name="InUse">A running build uses it.</param>
/// <param name="Shared">An image has it too.</param>
/// <param name="SizeBytes">Bytes.</param>
/// <param name="Created">UTC.</param>
/// <param name="LastUsed">UTC, or null.</param>
/// <param name="Uses">How often it was used.</param>
public sealed record BuildCacheRecord(
    string Id, string Kind, string Description, IReadOnlyList<string> Parents, bool InUse, bool Shared, long SizeBytes, DateTimeOffset Created, DateTimeOffset? LastUsed, int Uses);

/// <param name="All">Also what images have.</param>
/// <param name="Bounds">How much is kept.</param>
/// <param name="UnusedFor">Only what was not used for so long; null for all.</param>
/// <param name="Ids">Only these; null for all.</param>
public sealed record BuildCachePruneRequest(bool All, CacheBounds Bounds, TimeSpan? UnusedFor, IReadOnlyCollection<string>? Ids);

/// <param name="Deleted">Keys.</param>
/// <param name="ReclaimedBytes">Bytes.</param>
public sealed record BuildCachePruning(IReadOnlyList<string> Deleted, long ReclaimedBytes);
