using Portal.Domain.Primitives;
using Portal.Runtime.Images;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>Image references as clients write them, next to the images of the store.</summary>
internal static class ImageName
{
    /// <summary>The short form with its tag, <c>busybox:latest</c>; the text as it is when it is no reference (an id).</summary>
    public static string Familiar(string text) => ImageReference.TryParse(text, null, out var reference) ? reference.WithDefaultTag().Familiar : text;

    /// <summary>What a list shows for a container: the name it was made with while that still means the same image, else the id.</summary>
    public static string OfContainer(string asked, Digest id, IReadOnlyDictionary<string, Digest> tags)
    {
        if (tags.TryGetValue(asked, out var direct) || tags.TryGetValue(Familiar(asked), out direct))
        {
            return direct == id ? asked : id.ToString();
        }

        return asked.Contains('@') || IsId(asked, id) ? asked : id.ToString();
    }

    public static Dictionary<string, Digest> TagsOf(IReadOnlyList<ImageSnapshot> images)
    {
        var tags = new Dictionary<string, Digest>(StringComparer.Ordinal);
        foreach (var image in images)
        {
            foreach (var tag in image.Tags)
            {
                tags[tag] = image.Id;
            }
        }

        return tags;
    }

    private static bool IsId(string asked, Digest id) => id.Hex.StartsWith(asked, StringComparison.Ordinal) || id.ToString().StartsWith(asked, StringComparison.Ordinal);
}
