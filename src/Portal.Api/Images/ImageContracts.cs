using Portal.Api.Http;
using System.ComponentModel.DataAnnotations;

namespace Portal.Api.Images;

/// <summary>An image in a list.</summary>
/// <param name="Id">Its full id.</param>
/// <param name="Tags">Names it has here.</param>
/// <param name="Digests">Names by digest.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Size">Bytes of all its layers.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Containers">How many containers are made from it; null where the engine does not count.</param>
public sealed record ImageItem(
    string Id, IReadOnlyList<string> Tags, IReadOnlyList<string> Digests, DateTimeOffset Created, long Size, IReadOnlyDictionary<string, string> Labels, int? Containers)
{
    internal bool IsDangling => Tags.Count == 0;
}

/// <summary>Everything known of an image.</summary>
/// <param name="Id">Its full id.</param>
/// <param name="Tags">Names it has here.</param>
/// <param name="Digests">Names by digest.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Size">Bytes of all its layers.</param>
/// <param name="Os">The system it is for.</param>
/// <param name="Architecture">The processor it is for.</param>
/// <param name="Author">Who says to have made it.</param>
/// <param name="Comment">What they say of it.</param>
/// <param name="Layers">Digests of its layers, the lowest first.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="User">Whom its containers run as.</param>
/// <param name="WorkingDirectory">Where its containers begin.</param>
/// <param name="Entrypoint">What its containers run.</param>
/// <param name="Command">With what.</param>
/// <param name="Environment">With these variables.</param>
/// <param name="Ports">Ports that it speaks of.</param>
/// <param name="Volumes">Folders that are volumes in its containers.</param>
public sealed record ImageDetail(
    string Id, IReadOnlyList<string> Tags, IReadOnlyList<string> Digests, DateTimeOffset? Created, long Size, string Os, string Architecture, string Author, string Comment,
    IReadOnlyList<string> Layers, IReadOnlyDictionary<string, string> Labels, string User, string WorkingDirectory, IReadOnlyList<string> Entrypoint, IReadOnlyList<string> Command,
    IReadOnlyList<string> Environment, IReadOnlyList<string> Ports, IReadOnlyList<string> Volumes);

/// <summary>A step that made an image.</summary>
/// <param name="Id">The image as it was after it; <c>&lt;missing&gt;</c> where that is not kept.</param>
/// <param name="Created">When.</param>
/// <param name="CreatedBy">What made it.</param>
/// <param name="Size">Bytes that it added.</param>
/// <param name="Comment">A remark.</param>
/// <param name="Tags">Names of that image.</param>
public sealed record ImageStep(string Id, DateTimeOffset Created, string CreatedBy, long Size, string Comment, IReadOnlyList<string> Tags);

/// <summary>An image to be pulled.</summary>
/// <param name="Image" example="busybox:latest">Its name: <c>busybox</c>, <c>registry.example.com/team/app:1.2</c>, or by digest. Without a tag it is <c>latest</c>.</param>
/// <param name="Platform">The machine it is for, as <c>linux/arm64</c>; left out for that of the host.</param>
public sealed record ImagePull([property: Required, MaxLength(1024)] string Image, [property: MaxLength(64)] string? Platform = null);

/// <summary>A name that an image is to have.</summary>
/// <param name="Image" example="shop:1.2">The name; without a tag it is <c>latest</c>.</param>
public sealed record ImageTag([property: Required, MaxLength(1024)] string Image);

/// <summary>What is to be pruned.</summary>
/// <param name="All">Every image that no container uses, not only those without a name.</param>
/// <param name="Until">Only what was made before this: a time, or an age as <c>24h</c>.</param>
/// <param name="Labels">Only what has these labels, as <c>key</c> or <c>key=value</c>.</param>
public sealed record ImagePrune(bool All = false, [property: MaxLength(64)] string? Until = null, [property: MaxLength(64), NoNulls] IReadOnlyList<string>? Labels = null);

/// <summary>What went with an image.</summary>
/// <param name="Untagged">Names that are gone.</param>
/// <param name="Deleted">Ids of images that are gone.</param>
public sealed record ImageRemoval(IReadOnlyList<string> Untagged, IReadOnlyList<string> Deleted);

/// <summary>An image that a registry's index knows.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What its owner says of it.</param>
/// <param name="Stars">How many people like it.</param>
/// <param name="IsOfficial">True for one of Docker's own.</param>
public sealed record FoundImage(string Name, string Description, long Stars, bool IsOfficial);
