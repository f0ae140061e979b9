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
                return removal.Untagged.Aggregate(catalogue, (c, r) => c.Without(r));
            },
            ct).ConfigureAwait(false);
        var (image, untagged, deletesImage) = removal!;
        foreach (var _ in untagged)
        {
            Publish("untag", image, image.Id.ToString());
        }

        if (deletesImage && await DeleteAsync(image).ConfigureAwait(false))
        {
            Publish("delete", image, image.Id.ToString());
            layers = await Task.Run(_layers.Collect, CancellationToken.None).ConfigureAwait(false);
            DeleteUnreferenced(image.Blobs);
        }
        else
        {
            deletesImage = false;
        }

        return
        [
            .. untagged.Select(r => new ImageDeletion(r.Familiar, null)),
            .. deletesImage ? [new ImageDeletion(null, image.Id.ToString())] : Array.Empty<ImageDeletion>(),
            .. image.Chain.Reverse().Where(layers.Contains).Select(c => new ImageDeletion(null, c.ToString())),
        ];
    }

    /// <summary>Deletes an image that has no name. False when it got a new one in between.</summary>
    private async Task<bool> DeleteAsync(StoredImage image)
    {
        var deleted = false;
        await ChangeAsync(
            catalogue =>
            {
                if (catalogue.Find(image.Id) is null || catalogue.ReferencesOf(image.Id).Count > 0)
                {
                    return catalogue;
                }

                File.Delete(RecordPath(image.Id));
                Libc.SyncDirectory(_records);
                deleted = true;
                return catalogue.Without(image.Id);
            },
            CancellationToken.None).ConfigureAwait(false);
        return deleted;
    }
}
