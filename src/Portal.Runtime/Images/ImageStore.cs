using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;
using Portal.Runtime.Events;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Images;

/// <summary>
/// The images of this host.
/// <code>
/// images/blobs/sha256/&lt;hex&gt;   configurations, manifests, layer archives as they came
/// images/records/&lt;hex&gt;.json   one per image: what belongs to it
/// images/references.json      tags and digests of repositories
/// images/coming.json          the references of an image whose record is being written; there for a moment
/// images/staging              uploads under way; emptied at start
/// images/partial              downloads under way; kept for a while, so that they can be gone on with
/// images/packed               packed forms of plain archives, as they were pushed: digest and size
/// </code>
/// An image is there once its record is: blobs and unpacked layers come before, references after. An image that is there
/// without the references it was to have gets them at the next start.
/// </summary>
internal sealed partial class ImageStore : IImages, IDisposable
{
    private readonly string _records;
    private readonly string _references;
    private readonly string _coming;
    private readonly ContentStore _content;
    private readonly OverlayLayerStore _layers;
    private readonly IRuntimeEvents _events;
    private readonly Func<IImageUsage> _usage;
    private readonly TimeProvider _time;
    private readonly IRetainedContent? _retained;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _writing = new(1);
    private volatile ImageCatalogue _catalogue = ImageCatalogue.Empty;

    /// <summary>Opens the store and reads its records. Damaged ones are put aside, what no record refers to is deleted.</summary>
    /// <param name="usage">Asked late: the container store itself needs images.</param>
    /// <param name="retained">What is kept beside images.</param>
    public ImageStore(
        RuntimeOptions options, OverlayLayerStore layers, IRuntimeEvents events, Func<IImageUsage> usage, TimeProvider time, ILogger<ImageStore> log, IRetainedContent? retained = null)
    {
        (_layers, _events, _usage, _time, _log, _retained) = (layers, events, usage, time, log, retained);
        if (retained is not null)
        {
            layers.IsRetained = retained.HoldsLayer;
        }

        var root = Path.Combine(options.DataRoot, "images");
        _records = Path.Combine(root, "records");
        _references = Path.Combine(root, "references.json");
        _coming = Path.Combine(root, "coming.json");
        Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.CreateDirectory(_records);
        DurableFile.Sweep(root);
        DurableFile.Sweep(_records);
        _content = new ContentStore(root);
        LoadCatalogue();
    }

    /// <summary>Blobs of the images.</summary>
    public ContentStore Content => _content;

    /// <inheritdoc/>
    public IReadOnlyList<ImageSnapshot> List()
    {
        var catalogue = _catalogue;
        return [.. catalogue.Images.Select(catalogue.Show).OrderByDescending(i => i.Created).ThenBy(i => i.Id.Hex, StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public ImageSnapshot Resolve(string reference)
    {
        var catalogue = _catalogue;
        return catalogue.Show(catalogue.Resolve(reference));
    }

    /// <inheritdoc/>
    public LayerUsage LayerUsage()
    {
        StoredImage[] images = [.. _catalogue.Images];
        var users = images.SelectMany(i => i.Chain).CountBy(c => c).ToDictionary();
        return new(users.Keys.Sum(_layers.SizeOf), images.ToDictionary(i => i.Id, i => i.Chain.Where(c => users[c] > 1).Sum(_layers.SizeOf)));
    }

    /// <inheritdoc/>
    public async Task<ImageSnapshot> ImportAsync(Stream layer, string? repository, string? tag, ImageConfig config, string message, CancellationToken ct)
    {
        ImageReference[] references = string.IsNullOrEmpty(repository) ? [] : [Target(repository, tag)];
        var blob = await Task.Run(() => StageWhole(layer, ct), ct).ConfigureAwait(false);
        try
        {
            var (diffId, packing) = await Task.Run(() => DiffIdOf(blob, ct), ct).ConfigureAwait(false);
            var json = ImageDocument.ImportedConfig(config, message, diffId, _time.GetUtcNow(), Architecture);
            var manifest = ImageDocument.Manifest(Digest.Of(json), json.Length, [(blob.Digest, blob.Size, packing)]);
            var id = await CommitAsync(new NewImage(json, manifest, [IncomingLayer.Of(blob)], references), "import", null, ct).ConfigureAwait(false);
            var catalogue = _catalogue;
            return catalogue.Show(catalogue.Find(id) ?? throw ImageErrors.NotFound(id.ToString()));
        }
        finally
        {
            ContentStore.Discard(blob);
        }
    }

    /// <inheritdoc/>
    public async Task TagAsync(string reference, string repository, string? tag, CancellationToken ct)
    {
        var target = Target(repository, tag);
        Digest id = default;
        Digest? previous = null;
        await ChangeAsync(
            catalogue =>
            {
                id = catalogue.Resolve(reference).Id;
                previous = catalogue.Find(target)?.Id;
                return catalogue.With([target], id);
            },
            ct).ConfigureAwait(false);
        if (previous is { } old && old != id)
        {
            Publish("untag", old, old.ToString());
        }

        Publish("tag", id, target.Familiar);
    }

    public void Dispose() => _writing.Dispose();

    /// <summary>This machine's architecture in the words of the image spec.</summary>
    private static string Architecture => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
        var other => other.ToString().ToLowerInvariant(),
    };

    /// <summary>The tag a request names by repository and tag, of which the repository may carry the tag itself.</summary>
    private static ImageReference Target(string repository, string? tag)
    {
        if (!ImageReference.TryParse(repository, out var reference, out var problem))
        {
            throw ImageErrors.BadReference(problem);
        }

        if (reference.Digest is not null)
        {
            throw ImageErrors.BadReference("refusing to create a tag with a digest reference");
        }

        try
        {
            return string.IsNullOrEmpty(tag) ? reference.WithDefaultTag() : reference.WithTag(tag);
        }
        catch (FormatException e)
        {
            throw ImageErrors.BadReference(e.Message);
        }
    }

    /// <summary>Puts a complete image in the store: all of it or, when this throws, nothing of it.</summary>
    /// <param name="image">The image.</param>
    /// <param name="action">Event that tells of it; null for none.</param>
    /// <param name="name">Name in the event; null for the id.</param>
    /// <param name="ct">Cancels; nothing is left.</param>
    internal async Task<Digest> CommitAsync(NewImage image, string? action, string? name, CancellationToken ct)
    {
        var id = Digest.Of(image.Config);
        var (config, diffIds) = ImageDocument.ParseConfig(image.Config);
        if (image.Layers.Count != diffIds.Count)
        {
            throw ArchiveErrors.Bad($"an image has {image.Layers.Count} layers where its configuration names {diffIds.Count}");
        }

        var chain = ChainId.Of(diffIds);
        Digest[] blobs = [id, Digest.Of(image.Manifest), .. image.Layers.Select(l => l.Digest)];
        IReadOnlyList<(Digest Image, ImageReference Reference)> replaced = [];
        try
        {
            using var pins = _content.Pin(blobs);
            using var lease = _layers.Lease(chain);
            await UnpackAsync(image.Layers, chain, diffIds, ct).ConfigureAwait(false);
            var archives = await Task.WhenAll(image.Layers.Select(l => l.Whole)).WaitAsync(ct).ConfigureAwait(false);
            await Task.Run(() => Settle(image, archives, chain), ct).ConfigureAwait(false);
            var stored = new StoredImage(
                ImageDocument.Describe(id, config, diffIds, [.. chain.Select(_layers.SizeOf)]) with { Parent = image.Parent }, blobs[1], [.. image.Layers.Select(l => l.Digest)], chain);
            replaced = await ReferAsync(id, image.References, stored, ct).ConfigureAwait(false);
        }
        finally
        {
            // Blobs that did not become part of an image.
            DeleteUnreferenced(blobs);
        }

        TellReplaced(replaced);
        if (action is not null)
        {
            Publish(action, id, name ?? id.ToString());
        }

        return id;
    }

    /// <summary>Makes an image's files last: all of them on the disk before anything names them.</summary>
    private void Settle(NewImage image, IReadOnlyList<StagedBlob> archives, IReadOnlyList<Digest> chain)
    {
        var documents = new List<StagedBlob>();
        try
        {
            documents.Add(_content.Stage(image.Config));
            documents.Add(_content.Stage(image.Manifest));
            _layers.Seal(
                chain, _content.BlobFolder,
                () =>
                {
                    foreach (var blob in archives.Concat(documents))
                    {
                        _content.Name(blob);
                    }
                });
        }
        finally
        {
            documents.ForEach(ContentStore.Discard);
        }
    }

    /// <summary>Lets references mean an image.</summary>
    /// <param name="id">The image.</param>
    /// <param name="references">Tags and digests.</param>
    /// <param name="added">The image, when it may not be in the catalogue yet.</param>
    /// <param name="ct">Cancels while others change something.</param>
    /// <returns>References that meant another image before.</returns>
    private async Task<IReadOnlyList<(Digest Image, ImageReference Reference)>> ReferAsync(Digest id, IReadOnlyList<ImageReference> references, StoredImage? added, CancellationToken ct)
    {
        List<(Digest Image, ImageReference Reference)> replaced = [];
        await ChangeAsync(
            catalogue =>
            {
                replaced.AddRange(references.Select(r => (catalogue.Find(r)?.Id ?? id, r)).Where(r => r.Item1 != id));
                // An image that is there keeps its blobs; the same content may be packed otherwise this time.
                if (catalogue.Find(id) is null)
                {
                    var image = added ?? throw ImageErrors.NotFound(id.ToString());
                    if (references.Count > 0)
                    {
                        DurableFile.Write(_coming, ImageCatalogue.Empty.With(references, id).SerializeReferences());
                    }

                    WriteRecord(image);
                    catalogue = catalogue.With(image);
                }

                return catalogue.With(references, id);
            },
            ct).ConfigureAwait(false);
        return replaced;
    }

    private void TellReplaced(IReadOnlyList<(Digest Image, ImageReference Reference)> replaced)
    {
        foreach (var (old, reference) in replaced)
        {
            _log.ReferenceMoved(reference.Familiar, old.ToString());
            Publish("untag", old, old.ToString());
        }
    }

    /// <summary>Changes the catalogue: one change at a time, on disk before in memory.</summary>
    /// <param name="change">The change; what it needs on the disk it writes itself.</param>
    /// <param name="ct">Cancels while others change something.</param>
    private async Task ChangeAsync(Func<ImageCatalogue, ImageCatalogue> change, CancellationToken ct)
    {
        await _writing.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            var before = _catalogue;
            var after = change(before);
            var references = after.SerializeReferences();
            if (!references.AsSpan().SequenceEqual(before.SerializeReferences()))
            {
                // Not cancelled half way: from here on the change has happened.
                await DurableFile.WriteAsync(_references, references, CancellationToken.None).ConfigureAwait(false);
            }

            File.Delete(_coming);
            _catalogue = after;
            _layers.Hold(ChainsOf(after));
        }
        finally
        {
            _writing.Release();
        }
    }

    private void WriteRecord(StoredImage image) => DurableFile.Write(RecordPath(image.Id), JsonSerializer.SerializeToUtf8Bytes(
        new ImageRecord { Id = image.Id.ToString(), Manifest = image.Manifest.ToString(), Layers = [.. image.Layers.Select(l => l.ToString())], Parent = image.Snapshot.Parent?.ToString() },
        ImageJson.Default.ImageRecord));

    private void DeleteUnreferenced(IEnumerable<Digest> candidates)
    {
        var used = _catalogue.Images.SelectMany(i => i.Blobs).ToHashSet();
        _content.Delete(candidates.Where(d => !used.Contains(d) && _retained?.HoldsBlob(d) != true));
    }

    /// <summary>As it comes, or unpacked when image formats have no name for how it is packed.</summary>
    private StagedBlob StageWhole(Stream stream, CancellationToken ct)
    {
        using var blocking = new BlockingStream(stream, ct);
        var (packing, whole) = Compression.Look(blocking);
        using var content = packing is Packing.Bzip2 or Packing.Xz ? Compression.Unpack(packing, whole) : whole;
        try
        {
            return _content.Stage(buffer => content.Read(buffer.Span), SpaceBudget.For(_content.StagingFolder), ct);
        }
        catch (InvalidDataException e)
        {
            throw ArchiveErrors.Damaged(e);
        }
    }

    private static (Digest DiffId, Packing Packing) DiffIdOf(StagedBlob blob, CancellationToken ct)
    {
        using var file = File.OpenRead(blob.Path);
        var (packing, whole) = Compression.Look(file);
        if (packing == Packing.None)
        {
            return (blob.Digest, packing);
        }

        using var tar = Compression.Unpack(packing, whole);
        using var hashing = new HashingStream(tar);
        var buffer = new byte[128 * 1024];
        try
        {
            while (hashing.Read(buffer) > 0)
            {
                ct.ThrowIfCancellationRequested();
            }
        }
        catch (InvalidDataException e)
        {
            throw ArchiveErrors.Damaged(e);
        }

        return (hashing.Finish(), packing);
    }

    private static HashSet<Digest> ChainsOf(ImageCatalogue catalogue) => catalogue.Images.SelectMany(i => i.Chain).ToHashSet();

    private string RecordPath(Digest id) => Path.Combine(_records, id.Hex + ".json");

    private void Publish(string action, Digest id, string name)
    {
        if (_catalogue.Find(id) is { } image)
        {
            Publish(action, image, name);
        }
    }

    private void Publish(string action, StoredImage image, string name) => _events.Publish(new RuntimeEvent(
        "image", action, image.Id.ToString(), new Dictionary<string, string>(image.Snapshot.Config.Labels) { ["name"] = name }, _time.GetUtcNow()));
}
