using System.Collections.Immutable;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Docker;

/// <summary>What an operation of an engine is done to.</summary>
public enum DockerPlace
{
    /// <summary>The engine, of which everybody is shown a part: allowed to whoever reaches something on the host, and filtered.</summary>
    Engine,

    /// <summary>Everything on the host at once: allowed only to whoever may do it to all.</summary>
    Everything,

    /// <summary>Something new.</summary>
    New,

    /// <summary>The resource that the path names.</summary>
    Named,

    /// <summary>The container of the command that the path names.</summary>
    Exec,

    /// <summary>What the contents of the request name, and nothing else.</summary>
    Contents,
}

/// <summary>What a request carries.</summary>
public enum DockerBody
{
    None,
    Json,

    /// <summary>An archive of any size, handed through.</summary>
    Archive,
}

/// <summary>What becomes of the answer.</summary>
public enum DockerAnswer
{
    /// <summary>It is handed through.</summary>
    Whole,
    Containers,
    Images,
    Networks,

    /// <summary>One network, with the containers in it.</summary>
    Network,
    Volumes,
    DiskUsage,

    /// <summary>Lines without an end.</summary>
    Events,
}

/// <summary>Reads of a request what its path does not tell.</summary>
public delegate DockerContents DockerReader(DockerCall call);

/// <summary>One operation of the Docker Engine API: what it is, and what it takes to do it.</summary>
/// <param name="Method">Method.</param>
/// <param name="Template">Path after the version, with at most one name in it: <c>{id}</c> is one segment, <c>{name*}</c> one or more.</param>
public sealed record DockerOperation(string Method, string Template)
{
    /// <summary>What one must be allowed to do.</summary>
    public Permission Permission { get; init; }

    /// <summary>To what.</summary>
    public DockerPlace Place { get; init; }

    /// <summary>The sort of resource that it is about; null for the engine.</summary>
    public ResourceKind? Kind { get; init; }

    /// <summary>Names of the query that are known.</summary>
    public ImmutableArray<string> Query { get; init; } = [];

    /// <summary>What it carries.</summary>
    public DockerBody Body { get; init; }

    /// <summary>What becomes of the answer.</summary>
    public DockerAnswer Answer { get; init; }

    /// <summary>The connection is the caller's afterwards: bytes in both directions.</summary>
    public bool Hijacks { get; init; }

    /// <summary>Whoever does it has what the container has.</summary>
    public bool Enters { get; init; }

    /// <summary>Reads the contents; null when there are none that matter.</summary>
    public DockerReader? Reader { get; init; }

    /// <summary>Why nobody may do it by this way; null for an operation that there is.</summary>
    public string? Refusal { get; init; }

    /// <summary>What is refused is said not to be there: clients ask for it when they look for something else.</summary>
    public bool Hides { get; init; }

    /// <summary>The refusal of an operation that nobody may do; null for one that there is.</summary>
    /// <param name="name">The name in its path.</param>
    public Error? Refuse(string name) => (Refusal, Hides) switch
    {
        (null, _) => null,
        (_, true) => new(ErrorKind.NotFound, "docker.not_found", $"{name} not found"),
        var (why, _) => new(ErrorKind.Forbidden, "docker.route", $"{this} is refused: {why}."),
    };

    /// <summary>True for a path of this operation; <paramref name="name"/> is the name in it, or empty.</summary>
    public bool Fits(ReadOnlySpan<string> segments, out string name)
    {
        name = "";
        var parts = Template.Split('/');
        var place = Array.FindIndex(parts, part => part[0] == '{');
        if (place < 0)
        {
            return segments.SequenceEqual(parts);
        }

        ReadOnlySpan<string> before = parts.AsSpan(0, place);
        ReadOnlySpan<string> after = parts.AsSpan(place + 1);
        var length = segments.Length - before.Length - after.Length;
        if ((parts[place].EndsWith("*}", StringComparison.Ordinal) ? length < 1 : length != 1)
            || !segments[..before.Length].SequenceEqual(before) || !segments[^after.Length..].SequenceEqual(after))
        {
            return false;
        }

        name = string.Join('/', segments.Slice(before.Length, length)!);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Method} /{Template}";
}
