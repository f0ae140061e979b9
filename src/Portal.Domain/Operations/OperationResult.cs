using System.Collections.Immutable;

namespace Portal.Domain.Operations;

/// <summary>What came of an operation. What does not apply is left out.</summary>
public sealed record OperationResult
{
    /// <summary>The most items of a list that are kept.</summary>
    public const int MostItems = 1000;

    /// <summary>Id of the image that was pulled or built.</summary>
    public string? ImageId { get; init; }

    /// <summary>Digest of the manifest at the registry.</summary>
    public string? Digest { get; init; }

    /// <summary>Names or ids of images that were loaded.</summary>
    public ImmutableArray<string> Loaded { get; init; } = [];

    /// <summary>Names and ids of what was removed.</summary>
    public ImmutableArray<string> Removed { get; init; } = [];

    /// <summary>Bytes of disk that are free again.</summary>
    public long? ReclaimedBytes { get; init; }
}
