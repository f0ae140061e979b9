using System.Text.Json;
using Portal.Domain.Primitives;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Images;

internal sealed partial class ImageStore
{
    /// <inheritdoc/>
    public async Task SaveAsync(IReadOnlyList<string> references, Stream archive, CancellationToken ct)
    {
        var wanted = Select(_catalogue, references);
        Digest[] blobs = [.. wanted.SelectMany(w => w.Image.Blobs).Distinct()];
        // A removal meanwhile may take the image, but not its content from under the reader.
        using var pins = _content.Pin(blobs);
        if (blobs.FirstOrDefault(b => !_content.Exists(b)) is { Hex: not null } missing)
        {
            throw new ErrorException(ErrorKind.Internal, "image.blob-missing", $"The blob {missing} of the image is not in the store. Load the image again.");
        }

        await ArchiveThread.RunAsync(
            () =>
            {
                using var output = new BlockingOutput(archive, ct);
                var tar = new TarWriter(output);
                tar.Folder("blobs/");
                tar.Folder("blobs/sha256/");
                foreach (var blob in blobs)
                {
                    using var content = _content.Open(blob);
                    tar.File("blobs/sha256/" + blob.Hex, content);
                }

                tar.File("index.json", Index(wanted));
                tar.File("manifest.json", DockerManifest(wanted));
                tar.File("oci-layout", """{"imageLayoutVersion":"1.0.0"}"""u8);
                tar.End();
            },
            ct).ConfigureAwait(false);
    }

    /// <summary>Images with the tags they are saved under. A repository without a tag means all its tags.</summary>
    private static List<(StoredImage Image, List<ImageReference> Tags)> Select(ImageCatalogue catalogue, IReadOnlyList<string> references)
    {
        var wanted = new List<(StoredImage Image, List<ImageReference> Tags)>();
        foreach (var text in references)
        {
            var parsed = ImageReference.TryParse(text, null, out var reference);
            var all = parsed && reference!.Tag is null && reference.Digest is null ? catalogue.TagsIn(reference.Repository) : [];
            if (all.Count == 0)
            {
                var image = catalogue.Resolve(text);
                all = parsed && reference!.Tag is not null && reference.Digest is null && catalogue.Find(reference) == image ? [(reference, image)] : [];
                Add(image, null);
            }

            foreach (var (tag, image) in all)
            {
                Add(image, tag);
            }
        }

        return wanted;

        void Add(StoredImage image, ImageReference? tag)
        {
            var at = wanted.FindIndex(w => w.Image.Id == image.Id);
            if (at < 0)
            {
                at = wanted.Count;
                wanted.Add((image, []));
            }

            if (tag is not null && !wanted[at].Tags.Contains(tag))
            {
                wanted[at].Tags.Add(tag);
            }
        }
    }

    private byte[] Index(List<(StoredImage Image, List<ImageReference> Tags)> wanted)
    {
        var manifests = new List<OciDescriptor>();
        foreach (var (image, tags) in wanted)
        {
            var bytes = _content.Read(image.Manifest, ImageDocument.MaximumBytes);
            var type = JsonSerializer.Deserialize(bytes, ImageJson.Default.OciDocument)?.MediaType ?? ImageDocument.ManifestType;
            var descriptor = new OciDescriptor { MediaType = type, Digest = image.Manifest.ToString(), Size = bytes.Length };
            manifests.AddRange(tags.Count == 0 ? [descriptor] : tags.Select(t => descriptor with
            {
                Annotations = new() { ["io.containerd.image.name"] = t.ToString(), ["org.opencontainers.image.ref.name"] = t.Tag! },
            }));
        }

        return JsonSerializer.SerializeToUtf8Bytes(
            new OciDocument { SchemaVersion = 2, MediaType = ImageDocument.IndexType, Manifests = manifests }, ImageJson.Documents.OciDocument);
    }

    private static byte[] DockerManifest(List<(StoredImage Image, List<ImageReference> Tags)> wanted) => JsonSerializer.SerializeToUtf8Bytes(
        [.. wanted.Select(w => new DockerArchiveImage
        {
            Config = "blobs/sha256/" + w.Image.Id.Hex,
            RepoTags = [.. w.Tags.Select(t => t.Familiar)],
            Layers = [.. w.Image.Layers.Select(l => "blobs/sha256/" + l.Hex)],
        })],
        ImageJson.Documents.IReadOnlyListDockerArchiveImage);
}
