using System.Text.Json;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;

namespace Portal.Runtime.Registries;

/// <summary>A manifest or index as a registry sent it, verified.</summary>
/// <param name="Bytes">As they came; the digest is of these.</param>
/// <param name="MediaType">What it is.</param>
/// <param name="Digest">Of the bytes.</param>
internal sealed record RemoteManifest(byte[] Bytes, string MediaType, Digest Digest)
{
    public const string DockerConfigType = "application/vnd.docker.container.image.v1+json";

    private const string Schema1Type = "application/vnd.docker.distribution.manifest.v1+json";
    private const string SignedSchema1Type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    private const string AnyJson = "application/json";

    private static readonly string[] s_layers =
    [
        ImageDocument.LayerType, ImageDocument.GzipLayerType, ImageDocument.ZstdLayerType,
        "application/vnd.docker.image.rootfs.diff.tar", "application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.docker.image.rootfs.diff.tar.zstd",
    ];

    /// <summary>Kinds of manifests that are understood, as requests name them.</summary>
    public static IReadOnlyList<string> Accepted { get; } = [ImageDocument.DockerManifestType, ImageDocument.DockerIndexType, ImageDocument.ManifestType, ImageDocument.IndexType];

    public bool IsIndex => MediaType is ImageDocument.IndexType or ImageDocument.DockerIndexType;

    /// <summary>Takes what a registry sent for what it is, or refuses it. Pure.</summary>
    /// <param name="bytes">The body.</param>
    /// <param name="contentType">What the registry calls it; null when it says nothing.</param>
    /// <param name="reference">For messages.</param>
    /// <exception cref="ErrorException">It is not supported, or could be read as two things.</exception>
    public static RemoteManifest Read(byte[] bytes, string? contentType, string reference)
    {
        var document = Parse(bytes);
        if (document.SchemaVersion == 1 || document.FsLayers is not null || contentType is Schema1Type or SignedSchema1Type)
        {
            throw TransferErrors.Schema1(reference);
        }

        var announced = contentType is null or AnyJson or "text/plain" or "application/octet-stream" ? null : contentType;
        if (announced is not null && document.MediaType is { Length: > 0 } said && said != announced)
        {
            throw TransferErrors.Bad($"the manifest of {reference} is ambiguous: the registry calls it {TransferErrors.Show(announced)}, it calls itself {TransferErrors.Show(said)}");
        }

        var mediaType = announced ?? document.MediaType ?? "";
        if (!Accepted.Contains(mediaType))
        {
            throw TransferErrors.Unsupported(mediaType);
        }

        var manifest = new RemoteManifest(bytes, mediaType, Digest.Of(bytes));
        var hasImage = document.Config is not null || document.Layers is not null;
        if (document.SchemaVersion != 2)
        {
            throw TransferErrors.Bad($"the manifest of {reference} has the schema version {document.SchemaVersion}; only 2 is supported");
        }

        if (manifest.IsIndex ? hasImage || document.Manifests is null : document.Manifests is not null || document.Config is null || document.Layers is null)
        {
            throw TransferErrors.Bad($"the manifest of {reference} is ambiguous: it is not what its media type {mediaType} says");
        }

        return manifest;
    }

    /// <summary>Manifests of an index.</summary>
    public IReadOnlyList<OciDescriptor> Manifests() => Parse(Bytes).Manifests ?? [];

    /// <summary>Configuration and layers of an image, each checked as far as a descriptor can be.</summary>
    /// <exception cref="ErrorException">It is not an image that can be run.</exception>
    public (BlobDescriptor Config, IReadOnlyList<BlobDescriptor> Layers) Image()
    {
        var document = Parse(Bytes);
        var (config, layers) = (document.Config!, document.Layers!);
        if (config.MediaType is not (ImageDocument.ConfigType or DockerConfigType))
        {
            throw TransferErrors.Unsupported(config.MediaType);
        }

        if (layers.Count > OverlayLayerStore.MaximumLayers)
        {
            throw TransferErrors.Bad($"the image has {layers.Count} layers, at most {OverlayLayerStore.MaximumLayers} are possible");
        }

        if (config.Size > ImageDocument.MaximumBytes)
        {
            throw TransferErrors.TooBig("the image's configuration", ImageDocument.MaximumBytes);
        }

        return (Blob(config), [.. layers.Select(Layer)]);
    }

    /// <summary>A descriptor whose digest and size make sense.</summary>
    /// <exception cref="ErrorException">They do not.</exception>
    public static BlobDescriptor Blob(OciDescriptor descriptor) => !Digest.TryParse(descriptor.Digest, null, out var digest)
        ? throw TransferErrors.Bad($"\"{TransferErrors.Show(descriptor.Digest)}\" is no sha256 digest; others are not supported")
        : descriptor.Size < 0
            ? throw TransferErrors.Bad($"the size {descriptor.Size} of {digest} makes no sense")
            : new(digest, descriptor.Size, descriptor.MediaType);

    private static BlobDescriptor Layer(OciDescriptor descriptor)
    {
        var blob = Blob(descriptor);
        if (descriptor.MediaType.Contains("nondistributable", StringComparison.Ordinal) || descriptor.MediaType.Contains(".foreign.", StringComparison.Ordinal))
        {
            throw TransferErrors.Foreign(blob.Digest);
        }

        return s_layers.Contains(descriptor.MediaType) ? blob : throw TransferErrors.Unsupported(descriptor.MediaType);
    }

    private static OciDocument Parse(byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, ImageJson.Default.OciDocument) ?? throw TransferErrors.Bad("the manifest is empty");
        }
        catch (JsonException e)
        {
            throw TransferErrors.Bad($"the manifest is malformed ({e.Message})");
        }
    }
}

/// <summary>Content that a manifest names.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Size">Bytes.</param>
/// <param name="MediaType">What it is.</param>
internal sealed record BlobDescriptor(Digest Digest, long Size, string MediaType);
