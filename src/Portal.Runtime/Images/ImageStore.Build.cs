using Portal.Domain.Primitives;
using Portal.Runtime.Layers;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Images;

/// <summary>What builds need: images to start from, layers before there is an image of them, and the image at the end.</summary>
internal sealed partial class ImageStore
{
    /// <summary>Opens an image to build on. Its parts stay for as long as the hold.</summary>
    /// <exception cref="ErrorException">404.</exception>
    public ImageBase OpenBase(string reference, ImageHold hold)
    {
        while (true)
        {
            var image = _catalogue.Resolve(reference);
            hold.Add(_content.Pin(image.Blobs));
            hold.Add(_layers.Lease(image.Chain));
            if (_catalogue.Find(image.Id) is null)
            {
                // Deleted before it was held.
                continue;
            }

            var (document, diffIds) = ImageDocument.ParseConfig(_content.Read(image.Id, ImageDocument.MaximumBytes));
            return new(image.Id, document, image.Snapshot.Config, diffIds, image.Layers);
        }
    }

    /// <summary>Makes a layer on others. It stays for as long as the hold, or something else that wants it.</summary>
    /// <param name="below">Layers below, lowest first.</param>
    /// <param name="write">Writes the archive; says whether there is anything in it.</param>
    /// <param name="hold">Keeps it.</param>
    /// <param name="ct">Cancels; nothing is left.</param>
    /// <returns>Digest of the archive, which is stored as it is; null when there is nothing in it.</returns>
    public async Task<Digest?> AddLayerAsync(IReadOnlyList<Digest> below, Func<TarWriter, bool> write, ImageHold hold, CancellationToken ct)
    {
        var isEmpty = true;
        var blob = await ArchiveThread.RunAsync(
            () => _content.Stage(
                output =>
                {
                    var tar = new TarWriter(output);
                    isEmpty = !write(tar);
                    tar.End();
                },
                SpaceBudget.For(_content.StagingFolder)),
            ct).ConfigureAwait(false);
        try
        {
            if (isEmpty)
            {
                return null;
            }

            if (below.Count == OverlayLayerStore.MaximumLayers)
            {
                throw ArchiveErrors.TooBig($"the image has {below.Count} layers already, at most {OverlayLayerStore.MaximumLayers} are possible");
            }

            var chain = ChainId.Of([.. below, blob.Digest]);
            hold.Add(_content.Pin([blob.Digest]));
            hold.Add(_layers.Lease(chain));
            // Neither is on the disk yet, and need not be before the build has ended.
            _content.Name(blob);
            await _layers.UnpackAsync(chain, chain.Count - 1, blob.Digest, () => _content.Open(blob.Digest), below: null, ct).ConfigureAwait(false);
            return blob.Digest;
        }
        finally
        {
            ContentStore.Discard(blob);
        }
    }

    /// <summary>Keeps a layer that was made earlier for as long as the hold; false when it is not there any more.</summary>
    public bool TryHold(Digest chainId, Digest blob, ImageHold hold)
    {
        hold.Add(_content.Pin([blob]));
        hold.Add(_layers.Lease([chainId]));
        return _layers.Has(chainId) && _content.Exists(blob);
    }

    /// <summary>Size of a layer, unpacked.</summary>
    public long LayerSize(Digest chainId) => _layers.SizeOf(chainId);

    /// <summary>Whether an image that is complete has a layer.</summary>
    public bool IsUsed(Digest chainId) => _catalogue.Images.Any(image => image.Chain.Contains(chainId));

    /// <summary>From now on these layers, and all that was written before, survive a power cut.</summary>
    public void Flush(IEnumerable<Digest> chainIds) => _layers.Seal([.. chainIds], _content.BlobFolder, () => { });

    /// <summary>Deletes what nobody keeps any more.</summary>
    public void Collect(IEnumerable<Digest> blobs)
    {
        _ = _layers.Collect();
        DeleteUnreferenced(blobs);
    }

    /// <summary>Makes an image of layers that are all held.</summary>
    /// <param name="image">Its configuration; what it leaves out is filled in.</param>
    /// <param name="blobs">Archives of its layers, lowest first.</param>
    /// <param name="references">Tags it is to have.</param>
    /// <param name="ct">Cancels; nothing is left.</param>
    public async Task<(Digest Id, Digest Manifest)> CommitBuiltAsync(OciImage image, IReadOnlyList<Digest> blobs, IReadOnlyList<ImageReference> references, CancellationToken ct)
    {
        var config = ImageDocument.BuiltConfig(image);
        StagedBlob[] layers = [.. blobs.Select(_content.Find)];
        var manifest = ImageDocument.Manifest(Digest.Of(config), config.Length, layers.Select(l => (l.Digest, l.Size, PackedLayers.PackingOf(l))));
        var id = await CommitAsync(new NewImage(config, manifest, [.. layers.Select(IncomingLayer.Of)], references), references.Count == 0 ? "create" : "tag", references.Count == 0 ? null : references[0].Familiar, ct).ConfigureAwait(false);
        return (id, Digest.Of(manifest));
    }
}

/// <summary>An image to build on.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Document">Its configuration.</param>
/// <param name="Config">Its defaults for containers.</param>
/// <param name="DiffIds">Lowest first.</param>
/// <param name="Blobs">Archives of the layers, lowest first.</param>
internal sealed record ImageBase(Digest Id, OciImage Document, ImageConfig Config, IReadOnlyList<Digest> DiffIds, IReadOnlyList<Digest> Blobs);

/// <summary>Keeps parts of the store until it is disposed. Safe for several threads.</summary>
internal sealed class ImageHold : IDisposable
{
    private readonly List<IDisposable> _holds = [];

    public void Add(IDisposable hold)
    {
        lock (_holds)
        {
            _holds.Add(hold);
        }
    }

    public void Dispose()
    {
        lock (_holds)
        {
            _holds.ForEach(hold => hold.Dispose());
            _holds.Clear();
        }
    }
}
