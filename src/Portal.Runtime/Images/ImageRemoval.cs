using Portal.Domain.Primitives;

namespace Portal.Runtime.Images;

/// <summary>
/// What <c>rmi</c> does, decided without doing it. Docker's rules: a name only untags while others remain; an id takes all
/// names with it when they are of one repository; a running container holds the image whatever is forced, a stopped one
/// until it is forced. An image that others were committed from stays while they are there, without a name if need be, and goes
/// with the last of them. Pure.
/// </summary>
/// <param name="Image">The image meant.</param>
/// <param name="Untagged">References to remove, in order.</param>
/// <param name="Deleted">Images that go: this one, if it does, and those it was made from.</param>
internal sealed record ImageRemoval(StoredImage Image, IReadOnlyList<ImageReference> Untagged, IReadOnlyList<StoredImage> Deleted)
{
    /// <summary>Decides.</summary>
    /// <param name="catalogue">Images now.</param>
    /// <param name="text">Reference or id as given.</param>
    /// <param name="force">Over soft conflicts.</param>
    /// <param name="noPrune">Images that it was made from stay, even without a name.</param>
    /// <param name="usersOf">Containers of an image.</param>
    /// <exception cref="ErrorException">404 or a conflict.</exception>
    public static ImageRemoval Plan(ImageCatalogue catalogue, string text, bool force, bool noPrune, Func<Digest, IReadOnlyList<ImageUser>> usersOf)
    {
        var image = catalogue.Resolve(text);
        var references = catalogue.ReferencesOf(image.Id);
        var users = usersOf(image.Id);
        if (ImageCatalogue.IsIdPrefix(image.Id, text))
        {
            var all = IsOneRepository(references);
            return Conflict(catalogue, image.Id, users, force, references.Count > 0 && !all) is { } conflict
                ? throw conflict
                : new ImageRemoval(image, references, WithParents());
        }

        if (!force && IsOneRepository(references) && users.Count > 0)
        {
            // Without its only name the image would be left dangling under the container.
            throw ImageErrors.ReferenceInUse(text, users[0].Container, image.Id);
        }

        var named = ImageReference.Parse(text, null).WithDefaultTag();
        List<ImageReference> untagged = [named.Digest is { } digest ? named.WithDigest(digest) : named];
        var left = references.Where(r => r != untagged[0]).ToList();
        if (untagged[0].Digest is null && !left.Exists(r => r.Tag is not null && r.Repository == untagged[0].Repository))
        {
            // The digests of a repository go with its last tag.
            untagged.AddRange(left.Where(r => r.Repository == untagged[0].Repository));
            left.RemoveAll(untagged.Contains);
        }

        // A container that still uses it keeps the image, now without a name; that is no error.
        return new ImageRemoval(image, untagged, left.Count == 0 && Conflict(catalogue, image.Id, users, force, false) is null ? WithParents() : []);

        IReadOnlyList<StoredImage> WithParents()
        {
            var deleted = new List<StoredImage> { image };
            var rest = catalogue.Without(image.Id);
            while (!noPrune && deleted[^1].Snapshot.Parent is { } id && rest.Find(id) is { } parent
                && rest.ReferencesOf(id).Count == 0 && usersOf(id).Count == 0 && !rest.HasChildren(id))
            {
                deleted.Add(parent);
                rest = rest.Without(id);
            }

            return deleted;
        }
    }

    private static ErrorException? Conflict(ImageCatalogue catalogue, Digest id, IReadOnlyList<ImageUser> users, bool force, bool manyReferences)
    {
        if (catalogue.HasChildren(id))
        {
            return ImageErrors.DependentChild(id);
        }

        foreach (var user in users)
        {
            if (user.Running)
            {
                return ImageErrors.RunningContainer(id, user.Container);
            }
        }

        return force ? null
            : manyReferences ? ImageErrors.ManyReferences(id)
            : users.Count > 0 ? ImageErrors.StoppedContainer(id, users[0].Container)
            : null;
    }

    /// <summary>At most one tag, and everything else digests of the same repository.</summary>
    private static bool IsOneRepository(IReadOnlyList<ImageReference> references) =>
        references.Count > 0 && references.Count(r => r.Tag is not null) <= 1 && references.All(r => r.Repository == references[0].Repository);
}
