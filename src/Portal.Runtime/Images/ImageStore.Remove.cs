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
                removal = ImageRemoval.Plan(catalogue, reference, force, noPrune, id => _usage().UsersOf(id));
                foreach (var image in removal.Deleted)
                {
                    // First: references to an image that is gone mean nothing, but one without them would stay.
                    DeleteRecord(image);
                }

                return removal.Deleted.Aggregate(removal.Untagged.Aggregate(catalogue, (c, r) => c.Without(r)), (c, i) => c.Without(i.Id));
            },
            ct).ConfigureAwait(false);
        var (image, untagged, deleted) = removal!;
        foreach (var _ in untagged)
        {
            Publish("untag", image, image.Id.ToString());
        }

        if (deleted.Count > 0)
        {
            layers = await Task.Run(_layers.Collect, CancellationToken.None).ConfigureAwait(false);
            DeleteUnreferenced(deleted.SelectMany(i => i.Blobs));
        }

        foreach (var gone in deleted)
        {
            Publish("delete", gone, gone.Id.ToString());
        }

        var told = new HashSet<Digest>();
        return
        [
            .. untagged.Select(r => new ImageDeletion(r.Familiar, null)),
            .. deleted.SelectMany(gone => gone.Chain.Reverse().Where(c => layers.Contains(c) && told.Add(c)).Prepend(gone.Id)).Select(d => new ImageDeletion(null, d.ToString())),
        ];
    }

    private void DeleteRecord(StoredImage image)
    {
        File.Delete(RecordPath(image.Id));
        Libc.SyncDirectory(_records);
    }
}
