using Portal.Domain.Primitives;

namespace Portal.Runtime.Images;

/// <summary>Failures of the image store, in Docker's words: clients match them.</summary>
internal static class ImageErrors
{
    public static ErrorException NotFound(string reference) => new(ErrorKind.NotFound, "image.not-found", $"No such image: {reference}");

    public static ErrorException BadReference(string problem) => new(ErrorKind.Invalid, "image.bad-reference", problem);

    public static ErrorException ReferenceInUse(string reference, ContainerId container, Digest image) => new(ErrorKind.Conflict, "image.in-use",
        $"conflict: unable to remove repository reference \"{reference}\" (must force) - container {container.Abbreviated} is using its referenced image {Short(image)}");

    public static ErrorException RunningContainer(Digest image, ContainerId container) => new(ErrorKind.Conflict, "image.in-use",
        $"conflict: unable to delete {Short(image)} (cannot be forced) - image is being used by running container {container.Abbreviated}");

    public static ErrorException StoppedContainer(Digest image, ContainerId container) => new(ErrorKind.Conflict, "image.in-use",
        $"conflict: unable to delete {Short(image)} (must be forced) - image is being used by stopped container {container.Abbreviated}");

    public static ErrorException DependentChild(Digest image) => new(ErrorKind.Conflict, "image.parent",
        $"conflict: unable to delete {Short(image)} (cannot be forced) - image has dependent child images");

    public static ErrorException ManyReferences(Digest image) => new(ErrorKind.Conflict, "image.many-references",
        $"conflict: unable to delete {Short(image)} (must be forced) - image is referenced in multiple repositories");

    private static string Short(Digest image) => image.Hex[..12];
}
