using Portal.Domain.Primitives;

namespace Portal.Runtime.Files;

/// <summary>What the engine's objects take on the disk.</summary>
public interface IDiskUsage
{
    /// <summary>Counts everything. One count at a time: who asks meanwhile gets the result of the one under way.</summary>
    Task<DiskUsageSnapshot> ReadAsync(CancellationToken ct);

    /// <summary>Bytes in a folder of a volume.</summary>
    Task<long> VolumeBytesAsync(string folder, CancellationToken ct);
}

/// <summary>What the engine's objects take on the disk at one moment, in bytes.</summary>
/// <param name="Layers">All layers of all images, each once.</param>
/// <param name="SharedOfImage">What of each image other images have too.</param>
/// <param name="WritableOfContainer">Writable layers.</param>
/// <param name="Volumes">By name.</param>
public sealed record DiskUsageSnapshot(
    long Layers, IReadOnlyDictionary<Digest, long> SharedOfImage, IReadOnlyDictionary<ContainerId, long> WritableOfContainer, IReadOnlyDictionary<string, long> Volumes);
