using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Portal.Domain.Primitives;
using Portal.Runtime.Layers;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Images;

/// <summary>An image as an archive has it.</summary>
/// <param name="Config">Bytes of the configuration.</param>
/// <param name="Manifest">Bytes of the manifest; null when there is none.</param>
/// <param name="Layers">Archives of the layers, lowest first.</param>
/// <param name="References">Tags.</param>
internal sealed record ArchivedImage(byte[] Config, byte[]? Manifest, IReadOnlyList<StagedBlob> Layers, IReadOnlyList<ImageReference> References);

/// <summary>
/// A docker-archive or OCI layout, spooled. Members are staged under names of our own; their names in the archive are only
/// keys of a table, and links between members are followed in that table, never on the disk.
/// </summary>
internal sealed class ImageArchive : IDisposable
{
    private const int MaximumMembers = 100_000;
    private const int MaximumLinks = 16;
    private const int MaximumNesting = 5;

    private readonly Dictionary<string, StagedBlob> _members = [];
    private readonly Dictionary<string, string> _links = [];

    private ImageArchive() { }

    public void Dispose()
    {
        foreach (var member in _members.Values)
        {
            ContentStore.Discard(member);
        }
    }

    /// <summary>Spools an archive, plain or compressed.</summary>
    /// <exception cref="ErrorException">It is damaged or too big.</exception>
    public static ImageArchive Spool(ContentStore content, Stream stream, CancellationToken ct)
    {
        var archive = new ImageArchive();
        try
        {
            using var blocking = new BlockingStream(stream, ct);
            using var tar = Compression.Unpack(blocking);
            archive.ReadMembers(content, tar, ct);
            // The client writes to the end; an answer before that looks like a broken connection to it.
            tar.CopyTo(Stream.Null);
            return archive;
        }
        catch (InvalidDataException e)
        {
            archive.Dispose();
            throw ArchiveErrors.Damaged(e);
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    /// <summary>The images in it.</summary>
    /// <exception cref="ErrorException">It is neither form, or contradicts itself.</exception>
    public IReadOnlyList<ArchivedImage> Read()
    {
        if (Find("manifest.json") is { } manifest)
        {
            return [.. ReadDockerArchive(ReadJson(manifest, "manifest.json"))];
        }

        if (Find("index.json") is not { } index || Find("oci-layout") is not { } layout)
        {
            throw ArchiveErrors.Bad("it holds neither manifest.json nor an OCI layout; it is no image archive (to make an image of a file tree, use import)");
        }

        var version = ImageDocument.Parse(ReadJson(layout, "oci-layout"), ImageJson.Default.OciLayout, "oci-layout").ImageLayoutVersion;
        if (!version.StartsWith("1.", StringComparison.Ordinal))
        {
            throw ArchiveErrors.Bad($"its OCI layout is of version \"{version}\", only 1.x is known");
        }

        var images = new List<ArchivedImage>();
        foreach (var descriptor in Index(ReadJson(index, "index.json")).Manifests!)
        {
            images.Add(ReadOci(descriptor, ReferenceOf(descriptor), depth: 1));
        }

        return images.Count > 0 ? images : throw ArchiveErrors.Bad("its index names no image");
    }

    private void ReadMembers(ContentStore content, Stream tar, CancellationToken ct)
    {
        var budget = SpaceBudget.For(content.StagingFolder);
        var reader = new TarReader(tar);
        for (var count = 0; reader.Next() is { } entry; count++)
        {
            if (count >= MaximumMembers)
            {
                throw ArchiveErrors.TooBig($"it has more than {MaximumMembers} members");
            }

            var name = Encoding.UTF8.GetString(TarName.Clean(entry.Name));
            switch (entry.Kind)
            {
                case TarKind.File:
                    Forget(name);
                    _members[name] = content.Stage(buffer => reader.Read(buffer.Span), budget, ct);
                    break;
                case TarKind.HardLink or TarKind.SymbolicLink:
                    // Older archives hold a layer once and link to it.
                    var link = Encoding.UTF8.GetString(entry.LinkName);
                    Forget(name);
                    _links[name] = entry.Kind == TarKind.HardLink || link.StartsWith('/') || !name.Contains('/') ? link : $"{name[..name.LastIndexOf('/')]}/{link}";
                    break;
                default:
                    break;
            }
        }
    }

    private void Forget(string name)
    {
        _links.Remove(name);
        if (_members.Remove(name, out var earlier))
        {
            ContentStore.Discard(earlier);
        }
    }

    private StagedBlob? Find(string name)
    {
        for (var i = 0; i < MaximumLinks; i++)
        {
            var key = Encoding.UTF8.GetString(TarName.Clean(Encoding.UTF8.GetBytes(name)));
            if (_members.TryGetValue(key, out var member))
            {
                return member;
            }

            if (!_links.TryGetValue(key, out name!))
            {
                return null;
            }
        }

        throw ArchiveErrors.Bad("its links lead in a circle");
    }

    private static byte[] ReadJson(StagedBlob member, string what) => member.Size <= ImageDocument.MaximumBytes
        ? File.ReadAllBytes(member.Path)
        : throw ArchiveErrors.TooBig($"{what} is larger than {ImageDocument.MaximumBytes} bytes");

    private IEnumerable<ArchivedImage> ReadDockerArchive(byte[] json)
    {
        foreach (var image in ImageDocument.Parse(json, ImageJson.Default.IReadOnlyListDockerArchiveImage, "manifest.json").Select(i => i ?? throw ArchiveErrors.Bad("manifest.json is malformed")))
        {
            var config = ReadJson(Member(image.Config), "an image's configuration");
            var layers = (image.Layers ?? []).Select(Member).ToArray();
            var references = (image.RepoTags ?? []).Select(t => ImageReference.TryParse(t, out var reference, out var problem)
                ? reference.WithDefaultTag() : throw ArchiveErrors.Bad($"{ArchiveErrors.Show(Encoding.UTF8.GetBytes(t))} is no tag ({problem})")).ToArray();
            yield return new ArchivedImage(config, ManifestOf(Digest.Of(config), layers), layers, references);
        }
    }

    private StagedBlob Member(string? name) =>
        Find(name ?? "") ?? throw ArchiveErrors.Bad($"manifest.json names {ArchiveErrors.Show(Encoding.UTF8.GetBytes(name ?? ""))}, which is not in the archive");

    /// <summary>The OCI manifest of an image, where an archive of both forms has one that fits it; so its digest stays what it was.</summary>
    private byte[]? ManifestOf(Digest config, StagedBlob[] layers)
    {
        if (Find("index.json") is not { } index || index.Size > ImageDocument.MaximumBytes)
        {
            return null;
        }

        foreach (var descriptor in ImageDocument.Parse(ReadJson(index, "index.json"), ImageJson.Default.OciDocument, "index.json").Manifests ?? [])
        {
            if (Digest.TryParse(descriptor.Digest, null, out var digest) && Find("blobs/sha256/" + digest.Hex) is { Size: <= ImageDocument.MaximumBytes } blob
                && blob.Digest == digest && File.ReadAllBytes(blob.Path) is var bytes && TryParse(bytes) is { Manifests: null } manifest
                && manifest.Config?.Digest == config.ToString() && (manifest.Layers ?? []).Select(l => l.Digest).SequenceEqual(layers.Select(l => l.Digest.ToString())))
            {
                return bytes;
            }
        }

        return null;
    }

    private static OciDocument? TryParse(byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ImageJson.Default.OciDocument);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private ArchivedImage ReadOci(OciDescriptor descriptor, ImageReference? reference, int depth)
    {
        if (depth > MaximumNesting)
        {
            throw ArchiveErrors.TooBig($"its indexes are nested more than {MaximumNesting} deep");
        }

        var bytes = ReadJson(Blob(descriptor), "a manifest");
        if (descriptor.MediaType is ImageDocument.IndexType or ImageDocument.DockerIndexType)
        {
            return ReadOci(Choose(Index(bytes).Manifests!), reference, depth + 1);
        }

        if (descriptor.MediaType is not (ImageDocument.ManifestType or ImageDocument.DockerManifestType))
        {
            throw ArchiveErrors.Bad($"it has a manifest of the unsupported type \"{descriptor.MediaType}\"");
        }

        var manifest = ImageDocument.Parse(bytes, ImageJson.Default.OciDocument, "a manifest");
        if (manifest.Manifests is not null || manifest.Config is null || manifest.Layers is null || (manifest.MediaType ?? descriptor.MediaType) != descriptor.MediaType)
        {
            throw ArchiveErrors.Bad("a manifest is not of the type that it is announced as");
        }

        if (manifest.Layers.Count > OverlayLayerStore.MaximumLayers)
        {
            throw ArchiveErrors.TooBig($"an image has {manifest.Layers.Count} layers, at most {OverlayLayerStore.MaximumLayers} are possible");
        }

        return new ArchivedImage(ReadJson(Blob(manifest.Config), "an image's configuration"), bytes, [.. manifest.Layers.Select(Blob)], reference is null ? [] : [reference]);
    }

    /// <summary>A blob of the layout, with the content and size that the descriptor says.</summary>
    private StagedBlob Blob(OciDescriptor descriptor)
    {
        if (!Digest.TryParse(descriptor.Digest, null, out var digest))
        {
            throw ArchiveErrors.Bad($"{ArchiveErrors.Show(Encoding.UTF8.GetBytes(descriptor.Digest))} is no sha256 digest");
        }

        var blob = Find("blobs/sha256/" + digest.Hex) ?? throw ArchiveErrors.Bad($"the blob {digest} is not in the archive");
        return blob.Digest != digest ? throw ArchiveErrors.Bad($"the blob {digest} has the content of {blob.Digest}")
            : blob.Size != descriptor.Size ? throw ArchiveErrors.Bad($"the blob {digest} has {blob.Size} bytes, its descriptor says {descriptor.Size}")
            : blob;
    }

    private static OciDocument Index(byte[] json)
    {
        var index = ImageDocument.Parse(json, ImageJson.Default.OciDocument, "an index");
        return index.Manifests is null || index.Config is not null || index.Layers is not null
            || index.MediaType is not (null or ImageDocument.IndexType or ImageDocument.DockerIndexType)
            ? throw ArchiveErrors.Bad("an index is not what it is announced as")
            : index;
    }

    /// <summary>The manifest for this machine; entries without a platform (a single image) do as well.</summary>
    private static OciDescriptor Choose(IReadOnlyList<OciDescriptor> manifests)
    {
        var architecture = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        return manifests.FirstOrDefault(m => m.Platform is { Os: "linux" } p && p.Architecture == architecture)
            ?? manifests.FirstOrDefault(m => m.Platform is null)
            ?? throw new ErrorException(ErrorKind.NotFound, "image.platform", $"The archive has no image for linux/{architecture}.");
    }

    private static ImageReference? ReferenceOf(OciDescriptor descriptor)
    {
        if (descriptor.Annotations is not { } annotations)
        {
            return null;
        }

        // A ref.name may also be a bare tag; only what has a repository for certain is taken as a reference.
        var name = annotations.GetValueOrDefault("io.containerd.image.name")
            ?? (annotations.GetValueOrDefault("org.opencontainers.image.ref.name") is { } named && named.AsSpan().ContainsAny('/', ':') ? named : null);
        return name is not null && ImageReference.TryParse(name, null, out var reference) && reference.Digest is null ? reference.WithDefaultTag() : null;
    }
}
