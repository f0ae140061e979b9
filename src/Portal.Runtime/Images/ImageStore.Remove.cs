using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Images;

internal sealed partial class ImageStore
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<ImageDeletion>> RemoveAsync(string reference, bool force, bool noPrune, CancellationToken ct)
    {
        ImageRemoval? removal = null;
        IReadOnlyList<Digest> layers = [];
        await ChangeAsync(
            catalogue =>
            {
                removal = ImageRemoval.Plan(catalogue, reference, force, id => _usage().UsersOf(id));
                if (removal.DeletesImage)
                {
                    // First: references to an image that is gone mean nothing, but one without them would stay.
                    DeleteRecord(removal.Image);
                }

                return removal.DeletesImage ? catalogue.Without(removal.Image.Id) : removal.Untagged.Aggregate(catalogue, (c, r) => c.Without(r));
            },
            ct).ConfigureAwait(false);
        var (image, untagged, deletesImage) = removal!;
        foreach (var _ in untagged)
        {
            Publish("untag", image, image.Id.ToString());
        }

        if (deletesImage)
        {
            Publish("delete", image, image.Id.ToString());
            layers = await Task.Run(_layers.Collect, CancellationToken.None).ConfigureAwait(false);
            DeleteUnreferenced(image.Blobs);
        }
        return
        [
            .. untagged.Select(r => new ImageDeletion(r.Familiar, null)),
            .. deletesImage ? [new ImageDeletion(null, image.Id.ToString())] : Array.Empty<ImageDeletion>(),
            .. image.Chain.Reverse().Where(layers.Contains).Select(c => new ImageDeletion(null, c.ToString())),
        ];
    }

    private void DeleteRecord(StoredImage image)
    {
        File.Delete(RecordPath(image.Id));
        Libc.SyncDirectory(_records);
    }
}
