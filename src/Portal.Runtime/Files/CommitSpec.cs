using Portal.Runtime.Images;

namespace Portal.Runtime.Files;

/// <summary>What a commit is to be like.</summary>
/// <param name="Repository">Fully qualified or familiar; null for an image without a tag.</param>
/// <param name="Tag">Null for the default.</param>
/// <param name="Author">May be empty.</param>
/// <param name="Comment">May be empty.</param>
/// <param name="Pause">The container's processes stand still meanwhile.</param>
/// <param name="Config">Makes the image's defaults from the container's.</param>
public sealed record CommitSpec(string? Repository, string? Tag, string Author, string Comment, bool Pause, Func<ImageConfig, ImageConfig> Config);
