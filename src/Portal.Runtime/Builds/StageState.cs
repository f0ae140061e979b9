using System.Collections.Immutable;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;

namespace Portal.Runtime.Builds;

/// <summary>What the instructions of a stage have made so far. Immutable.</summary>
/// <param name="Config">Defaults for containers.</param>
/// <param name="Layers">Layers, lowest first.</param>
/// <param name="Key">Stands for the file tree and how it came to be: equal keys, equal trees.</param>
internal sealed record StageState(ImageConfig Config, ImmutableList<BuiltLayer> Layers, string Key)
{
    /// <summary>Steps so far; those without a time of their own get that of the layer before.</summary>
    public ImmutableList<OciHistory> History { get; init; } = [];

    /// <summary>ARGs so far, a later one of a name over an earlier.</summary>
    public ImmutableList<KeyValuePair<string, string?>> Arguments { get; init; } = [];

    /// <summary>The stage itself has a CMD: an ENTRYPOINT leaves it.</summary>
    public bool HasCommand { get; init; }

    public string Author { get; init; } = "";

    /// <summary>Instructions that the base image has for whoever builds on it.</summary>
    public IReadOnlyList<string> Triggers { get; init; } = [];

    /// <summary>The image it started from; null for none.</summary>
    public Digest? BaseImage { get; init; }

    /// <summary>For which machines it is.</summary>
    public required BuildPlatform Platform { get; init; }

    public IReadOnlyList<Digest> DiffIds => [.. Layers.Select(layer => layer.DiffId)];

    public IReadOnlyList<string> Shell => Config.Shell ?? ["/bin/sh", "-c"];

    /// <summary>With a step more in the history.</summary>
    /// <param name="text">The step.</param>
    /// <param name="created">When its layer was made; null for that of the step before.</param>
    /// <param name="isEmpty">It has no layer.</param>
    public StageState WithHistory(string text, DateTimeOffset? created, bool isEmpty) => this with
    {
        History = History.Add(new()
        {
            Created = created ?? (History.Count > 0 ? History[^1].Created : null),
            CreatedBy = text,
            Comment = HistoryText.Comment,
            Author = Author.Length == 0 ? null : Author,
            EmptyLayer = isEmpty ? true : null,
        }),
    };
}

/// <param name="DiffId">Digest of the uncompressed archive.</param>
/// <param name="Blob">Digest of the archive as it is stored.</param>
internal readonly record struct BuiltLayer(Digest DiffId, Digest Blob);
