using System.Collections.Immutable;
using System.Text.Json;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Images;

/// <summary>An image of the store with what it needs on disk.</summary>
/// <param name="Snapshot">What is shown of it, without references.</param>
/// <param name="Manifest">Blob of the manifest.</param>
/// <param name="Layers">Blobs of the layers, lowest first.</param>
/// <param name="Chain">Chain ids, lowest first.</param>
internal sealed record StoredImage(ImageSnapshot Snapshot, Digest Manifest, IReadOnlyList<Digest> Layers, IReadOnlyList<Digest> Chain)
{
    public Digest Id => Snapshot.Id;

    /// <summary>Every blob the image consists of.</summary>
    public IEnumerable<Digest> Blobs => [Id, Manifest, .. Layers];
}

/// <summary>Images and the references to them at one moment. Immutable: readers never wait. Pure.</summary>
internal sealed class ImageCatalogue
{
    private readonly ImmutableDictionary<Digest, StoredImage> _images;
    private readonly ImmutableSortedDictionary<string, Digest> _references;
    private readonly ILookup<Digest, ImageReference> _referencesOf;

    private ImageCatalogue(ImmutableDictionary<Digest, StoredImage> images, ImmutableSortedDictionary<string, Digest> references)
    {
        (_images, _references) = (images, references);
        _referencesOf = references.ToLookup(r => r.Value, r => ImageReference.Parse(r.Key, null));
    }

    /// <summary>No image.</summary>
    public static ImageCatalogue Empty { get; } =
        new(ImmutableDictionary<Digest, StoredImage>.Empty, ImmutableSortedDictionary.Create<string, Digest>(StringComparer.Ordinal));

    public IEnumerable<StoredImage> Images => _images.Values;

    /// <summary>The references as they are stored: normalised form to image id.</summary>
    public byte[] SerializeReferences() => JsonSerializer.SerializeToUtf8Bytes(
        new SortedDictionary<string, string>(_references.ToDictionary(r => r.Key, r => r.Value.ToString()), StringComparer.Ordinal), ImageJson.Default.SortedDictionaryStringString);

    public ImageCatalogue With(StoredImage image) => new(_images.SetItem(image.Id, image), _references);

    public ImageCatalogue Without(Digest id) => new(_images.Remove(id), _references.RemoveRange(_references.Where(r => r.Value == id).Select(r => r.Key)));

    public ImageCatalogue With(IEnumerable<ImageReference> references, Digest id) => With(references.Select(r => (r, id)));

    public ImageCatalogue With(IEnumerable<(ImageReference Reference, Digest Id)> references) =>
        new(_images, _references.SetItems(references.Select(r => KeyValuePair.Create(r.Reference.ToString(), r.Id))));

    public ImageCatalogue Without(ImageReference reference) => new(_images, _references.Remove(reference.ToString()));

    /// <summary>The image a reference means now, or null.</summary>
    public StoredImage? Find(ImageReference reference) => _references.TryGetValue(reference.ToString(), out var id) ? _images.GetValueOrDefault(id) : null;

    public StoredImage? Find(Digest id) => _images.GetValueOrDefault(id);

    /// <summary>Others were committed from the image.</summary>
    public bool HasChildren(Digest id) => _images.Values.Any(i => i.Snapshot.Parent == id);

    /// <summary>Tags and digests that mean an image, in order.</summary>
    public IReadOnlyList<ImageReference> ReferencesOf(Digest id) => [.. _referencesOf[id]];

    /// <summary>Tags of a repository.</summary>
    public IReadOnlyList<(ImageReference Reference, StoredImage Image)> TagsIn(string repository) =>
        [.. _references.Where(r => r.Key.StartsWith(repository + ":", StringComparison.Ordinal))
            .Select(r => (Reference: ImageReference.Parse(r.Key, null), Image: _images[r.Value]))
            .Where(r => r.Reference.Repository == repository && r.Reference.Tag is not null)];

    /// <summary>Finds by full id, reference, or unique prefix of an id, in this order.</summary>
    /// <exception cref="ErrorException">404, or 400 when the text can be none of these.</exception>
    public StoredImage Resolve(string text)
    {
        if (FullId(text) is { } id)
        {
            return Find(id) ?? throw ImageErrors.NotFound(text);
        }

        if (!ImageReference.TryParse(text, out var reference, out var problem))
        {
            throw ImageErrors.BadReference(problem);
        }

        reference = reference.WithDefaultTag();
        // With both, the digest decides and the tag is decoration.
        var found = Find(reference.Digest is { } digest ? reference.WithDigest(digest) : reference);
        return found ?? FindByPrefix(text) ?? throw ImageErrors.NotFound(reference.Familiar);
    }

    /// <summary>True when the text names the image by its id or the beginning of it.</summary>
    public static bool IsIdPrefix(Digest id, string text) =>
        id.ToString().StartsWith(text, StringComparison.Ordinal) || id.Hex.StartsWith(text, StringComparison.Ordinal);

    /// <summary>What is shown of an image, with its references.</summary>
    public ImageSnapshot Show(StoredImage image)
    {
        var references = _referencesOf[image.Id];
        return image.Snapshot with
        {
            Tags = [.. references.Where(r => r.Digest is null).Select(r => r.Familiar)],
            RepoDigests = [.. references.Where(r => r.Digest is not null).Select(r => r.Familiar)],
            Parent = image.Snapshot.Parent is { } parent && _images.ContainsKey(parent) ? parent : null,
        };
    }

    private static Digest? FullId(string text) =>
        Digest.TryParse(text, null, out var id) || Digest.TryParse("sha256:" + text, null, out id) ? id : null;

    private StoredImage? FindByPrefix(string text)
    {
        var prefix = text.StartsWith("sha256:", StringComparison.Ordinal) ? text[7..] : text;
        var matches = _images.Values.Where(i => i.Id.Hex.StartsWith(prefix, StringComparison.Ordinal)).Take(2).ToArray();
        return prefix.Length > 0 && matches.Length == 1 ? matches[0] : null;
    }
}
