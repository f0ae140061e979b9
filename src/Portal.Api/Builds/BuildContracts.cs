using Portal.Api.Http;
using System.ComponentModel.DataAnnotations;

namespace Portal.Api.Builds;

/// <summary>How an image is to be built.</summary>
internal sealed record BuildSpec
{
    /// <summary>Names that the image is to have.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Path of the Dockerfile in the context; null for <c>Dockerfile</c>.</summary>
    public string? Dockerfile { get; init; }

    /// <summary>Arguments, as <c>name=value</c>; a name alone takes the engine's own value.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Labels of the image, as <c>key=value</c>.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>The stage to end with; null for the last.</summary>
    public string? Target { get; init; }

    /// <summary>The machine it is for; null for the host's.</summary>
    public string? Platform { get; init; }

    /// <summary>True to run every step anew.</summary>
    public bool NoCache { get; init; }

    /// <summary>True to look for newer images that it is made from.</summary>
    public bool Pull { get; init; }

    /// <summary>Where the context is fetched from; null for the one that is sent.</summary>
    public string? Remote { get; init; }
}

/// <summary>A build whose context the host fetches.</summary>
/// <param name="Context" example="https://git.example.com/shop.git#main">A git repository (<c>https://github.com/team/app.git#branch:folder</c>), or an http address of an archive or a Dockerfile. Credentials do not belong in it.</param>
/// <param name="Tags">Names that the image is to have.</param>
/// <param name="Dockerfile">Path of the Dockerfile in the context; left out for <c>Dockerfile</c>.</param>
/// <param name="Arguments">Build arguments. They can be read in the image's history: no place for secrets.</param>
/// <param name="Labels">Labels of the image.</param>
/// <param name="Target">The stage to end with; left out for the last.</param>
/// <param name="Platform">The machine it is for, as <c>linux/arm64</c>; left out for that of the host.</param>
/// <param name="NoCache">Run every step anew.</param>
/// <param name="Pull">Look for newer images that it is made from.</param>
public sealed record RemoteBuild(
    [property: Required, MaxLength(2048)] string Context, [property: MaxLength(64), NoNulls] IReadOnlyList<string>? Tags = null, [property: MaxLength(1024)] string? Dockerfile = null,
    [property: NoNulls] IReadOnlyDictionary<string, string>? Arguments = null, [property: NoNulls] IReadOnlyDictionary<string, string>? Labels = null, [property: MaxLength(256)] string? Target = null,
    [property: MaxLength(64)] string? Platform = null, bool NoCache = false, bool Pull = false);

/// <summary>What of the build cache is to be pruned.</summary>
/// <param name="All">All that no build uses now, not only what nothing refers to.</param>
/// <param name="UnusedFor">Only what was not used for so long, as <c>24h</c>.</param>
public sealed record BuildPrune(bool All = false, [property: MaxLength(64)] string? UnusedFor = null);
