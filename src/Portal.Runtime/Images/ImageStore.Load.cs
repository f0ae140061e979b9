using Portal.Domain.Primitives;

namespace Portal.Runtime.Images;

internal sealed partial class ImageStore
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> LoadAsync(Stream archive, CancellationToken ct)
    {
        using var spool = await Task.Run(() => ImageArchive.Spool(_content, archive, ct), ct).ConfigureAwait(false);
        var loaded = new List<string>();
        // Two tags of one image are two entries in some archives.
        foreach (var same in spool.Read().GroupBy(i => Digest.Of(i.Config)).ToArray())
        {
            var image = same.First();
            ImageReference[] references = [.. same.SelectMany(i => i.References).Distinct()];
            var manifest = image.Manifest ?? ImageDocument.Manifest(same.Key, image.Config.Length, image.Layers.Select(l => (l.Digest, l.Size, PackedLayers.PackingOf(l))));
            await CommitAsync(new NewImage(image.Config, manifest, [.. image.Layers.Select(IncomingLayer.Of)], references), "load", null, ct).ConfigureAwait(false);
            loaded.AddRange(references.Length > 0 ? references.Select(r => r.Familiar) : [same.Key.ToString()]);
        }

        return loaded;
    }
}
