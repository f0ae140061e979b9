using Portal.Domain.Primitives;
using Portal.Runtime.Events;

namespace Portal.Runtime.Images;

/// <summary>What pulls and pushes need of the store.</summary>
internal sealed partial class ImageStore
{
    /// <summary>Blobs and unpacked layers that are there, or come, and must not go from under a pull.</summary>
    /// <param name="blobs">The blobs.</param>
    /// <param name="chain">The layers.</param>
    internal IDisposable Receive(IReadOnlyList<Digest> blobs, IReadOnlyList<Digest> chain) => new Receipt(this, blobs, _content.Pin(blobs), _layers.Lease(chain));

    /// <summary>The image an id or reference means now; null for none.</summary>
    internal StoredImage? Find(Digest id) => _catalogue.Find(id);

    /// <inheritdoc cref="Find(Digest)"/>
    internal StoredImage? Find(ImageReference reference) => _catalogue.Find(reference);

    /// <summary>Tags of a repository.</summary>
    internal IReadOnlyList<(ImageReference Reference, StoredImage Image)> TagsIn(string repository) => _catalogue.TagsIn(repository);

    /// <summary>Every reference, with what it means.</summary>
    internal IEnumerable<(ImageReference Reference, StoredImage Image)> References()
    {
        var catalogue = _catalogue;
        return catalogue.Images.SelectMany(i => catalogue.ReferencesOf(i.Id).Select(r => (r, i)));
    }

    /// <summary>True when a layer is unpacked.</summary>
    internal bool HasLayer(Digest chainId) => _layers.Has(chainId);

    /// <summary>Lets references mean an image that is in the store.</summary>
    /// <exception cref="ErrorException">404: it is not any more.</exception>
    internal async Task AddReferencesAsync(Digest id, IReadOnlyList<ImageReference> references, CancellationToken ct) =>
        TellReplaced(await ReferAsync(id, references, null, ct).ConfigureAwait(false));

    /// <summary>Tells that an image came from a registry, or went to one.</summary>
    internal void PublishTransfer(string action, ImageReference reference, Digest id)
    {
        var labels = _catalogue.Find(id)?.Snapshot.Config.Labels ?? new Dictionary<string, string>();
        _events.Publish(new RuntimeEvent(
            "image", action, reference.Familiar, new Dictionary<string, string>(labels) { ["name"] = reference.FamiliarRepository }, _time.GetUtcNow()));
    }

    private sealed class Receipt(ImageStore store, IReadOnlyList<Digest> blobs, IDisposable pins, IDisposable lease) : IDisposable
    {
        public void Dispose()
        {
            pins.Dispose();
            lease.Dispose();
            // What came of an image that did not become one.
            store.DeleteUnreferenced(blobs);
            _ = store._layers.Collect();
        }
    }
}
