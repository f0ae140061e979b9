namespace Portal.Runtime.Builds;

/// <summary>What a Dockerfile has to offer and what is doubtful in it, for people who ask before they build.</summary>
/// <param name="Text">All of it.</param>
/// <param name="Stages">All stages, in their order.</param>
/// <param name="Target">The stage that a build would build.</param>
public sealed record DockerfileFacts(string Text, IReadOnlyList<StageFacts> Stages, StageFacts Target)
{
    /// <summary>Build arguments that the target and what it needs take, with what they would be.</summary>
    public IReadOnlyList<ArgumentFacts> Arguments { get; init; } = [];

    /// <summary>Secrets of the same stages.</summary>
    public IReadOnlyList<MountFacts> Secrets { get; init; } = [];

    /// <summary>SSH agents of the same stages.</summary>
    public IReadOnlyList<MountFacts> Agents { get; init; } = [];

    /// <summary>Ids of the cache mounts of the same stages.</summary>
    public IReadOnlyList<MountFacts> Caches { get; init; } = [];

    /// <summary>Doubtful things, in the order of the lines.</summary>
    public IReadOnlyList<DockerfileWarning> Warnings { get; init; } = [];
}

/// <param name="Name">Its name; empty for none.</param>
/// <param name="Description">From the comment before it, <c># name description</c>; empty for none.</param>
/// <param name="Base">What it starts from, as written.</param>
/// <param name="Platform">As written; empty for none.</param>
/// <param name="Line">Where its FROM is.</param>
public sealed record StageFacts(string Name, string Description, string Base, string Platform, int Line);

/// <param name="Name">Its name.</param>
/// <param name="Description">From the comment before it; empty for none.</param>
/// <param name="Value">What it would be; null for nothing.</param>
/// <param name="Line">Where it is first.</param>
public sealed record ArgumentFacts(string Name, string Description, string? Value, int Line);

/// <param name="Id">Of the secret, agent or cache.</param>
/// <param name="Required">The build fails without it.</param>
/// <param name="Line">Where it is first.</param>
public sealed record MountFacts(string Id, bool Required, int Line);

/// <param name="Rule">Name of the rule, as BuildKit calls it.</param>
/// <param name="Description">What the rule says.</param>
/// <param name="Detail">What there is here.</param>
/// <param name="Line">From 1.</param>
public sealed record DockerfileWarning(string Rule, string Description, string Detail, int Line);
