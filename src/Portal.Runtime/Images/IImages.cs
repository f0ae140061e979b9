using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Images;

/// <summary>The image store of this host. Messages of errors are Docker's own words.</summary>
public interface IImages
{
    /// <summary>Every image, newest first.</summary>
    IReadOnlyList<ImageSnapshot> List();

    /// <summary>Finds by reference (<c>busybox</c>, <c>busybox:1</c>), full id or unique prefix of an id.</summary>
    /// <exception cref="ErrorException">404 <c>No such image: busybox:latest</c>.</exception>
    ImageSnapshot Resolve(string reference);

    /// <summary>
    /// Reads an archive (docker-archive or OCI layout; plain, gzip, bzip2, xz or zstd).
    /// All-or-nothing per image. An overwritten tag leaves its old image dangling.
    /// </summary>
    /// <returns>Tags loaded, or ids of images without one.</returns>
    Task<IReadOnlyList<string>> LoadAsync(Stream archive, CancellationToken ct);

    /// <summary>Makes a one-layer image of a file tree (tar, plain, gzip, bzip2, xz or zstd).</summary>
    Task<ImageSnapshot> ImportAsync(Stream layer, string? repository, string? tag, ImageConfig config, string message, CancellationToken ct);

    /// <summary>Writes an OCI layout with a docker-archive manifest.json beside it.</summary>
    Task SaveAsync(IReadOnlyList<string> references, Stream archive, CancellationToken ct);

    /// <summary>What the layers of the images take, and what of it they share.</summary>
    LayerUsage LayerUsage();

    /// <summary>Adds a tag.</summary>
    Task TagAsync(string reference, string repository, string? tag, CancellationToken ct);

    /// <summary>Untags, and deletes what no tag or container refers to any more. Docker's rules of conflict.</summary>
    Task<IReadOnlyList<ImageDeletion>> RemoveAsync(string reference, bool force, bool noPrune, CancellationToken ct);
}

/// <param name="Total">Bytes of all layers, each once.</param>
/// <param name="Shared">Bytes of each image's layers that other images have too.</param>
public sealed record LayerUsage(long Total, IReadOnlyDictionary<Digest, long> Shared);

/// <summary>Which containers use an image. Implemented by the container store, asked by the image store.</summary>
public interface IImageUsage
{
    /// <summary>Containers made from the image.</summary>
    IReadOnlyList<ImageUser> UsersOf(Digest imageId);
}

/// <param name="Container">The container.</param>
/// <param name="Running">It runs now.</param>
public readonly record struct ImageUser(ContainerId Container, bool Running);

/// <param name="Untagged">Reference that was removed, or null.</param>
/// <param name="Deleted">Image or layer digest that was deleted, or null.</param>
public sealed record ImageDeletion(string? Untagged, string? Deleted);

/// <summary>An image in the store.</summary>
/// <param name="Id">Digest of its configuration.</param>
/// <param name="Tags"><c>repository:tag</c>, familiar form (<c>busybox:latest</c>).</param>
/// <param name="RepoDigests"><c>repository@sha256:…</c>.</param>
/// <param name="Created">UTC.</param>
/// <param name="SizeBytes">Of all layers, unpacked.</param>
/// <param name="Architecture">For instance <c>amd64</c>.</param>
/// <param name="OperatingSystem">For instance <c>linux</c>.</param>
/// <param name="Author">May be empty.</param>
/// <param name="Comment">May be empty.</param>
/// <param name="Config">Defaults for containers.</param>
/// <param name="DiffIds">Digests of the uncompressed layers, lowest first.</param>
/// <param name="History">Oldest first.</param>
public sealed record ImageSnapshot(
    Digest Id, IReadOnlyList<string> Tags, IReadOnlyList<string> RepoDigests, DateTimeOffset Created, long SizeBytes, string Architecture, string OperatingSystem,
    string Author, string Comment, ImageConfig Config, IReadOnlyList<Digest> DiffIds, IReadOnlyList<ImageHistory> History)
{
    /// <summary>The image it was committed from, while that is in the store; null otherwise.</summary>
    public Digest? Parent { get; init; }
}

/// <summary>Container defaults of an image (OCI image-spec, config.md).</summary>
public sealed record ImageConfig
{
    public string User { get; init; } = "";

    public IReadOnlyList<string> ExposedPorts { get; init; } = [];

    public IReadOnlyList<string> Environment { get; init; } = [];

    public IReadOnlyList<string>? Entrypoint { get; init; }

    public IReadOnlyList<string>? Command { get; init; }

    public IReadOnlyList<string> Volumes { get; init; } = [];

    public string WorkingDirectory { get; init; } = "";

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public string? StopSignal { get; init; }

    /// <summary>Null for none.</summary>
    public HealthCheckSpec? HealthCheck { get; init; }

    /// <summary>Shell of command lines; null for <c>/bin/sh -c</c>.</summary>
    public IReadOnlyList<string>? Shell { get; init; }

    /// <summary>Instructions for builds that start from this image.</summary>
    public IReadOnlyList<string> OnBuild { get; init; } = [];
}

/// <param name="Created">UTC, or null.</param>
/// <param name="CreatedBy">Command.</param>
/// <param name="Comment">May be empty.</param>
/// <param name="EmptyLayer">No layer belongs to this step.</param>
/// <param name="SizeBytes">Of the step's layer.</param>
public sealed record ImageHistory(DateTimeOffset? Created, string CreatedBy, string Comment, bool EmptyLayer, long SizeBytes);
