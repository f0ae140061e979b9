using Portal.Domain.Containers;
using Portal.Runtime.Registries;

namespace Portal.Runtime.Builds;

/// <summary>What to build and how. Made at the front door from whatever form the request had.</summary>
public sealed record BuildRequest
{
    /// <summary>Where the instructions' files come from.</summary>
    public required IBuildSource Context { get; init; }

    /// <summary>Where the Dockerfile and its <c>.dockerignore</c> come from; null for the context.</summary>
    public IBuildSource? DockerfileSource { get; init; }

    /// <summary>Path of the Dockerfile inside its source.</summary>
    public string Dockerfile { get; init; } = "Dockerfile";

    /// <summary>
    /// A Dockerfile whose <c># syntax=</c> names another front end than Docker's own is refused. The classic builder never looked at that line.
    /// </summary>
    public bool HeedSyntax { get; init; }

    /// <summary>Further contexts by the name that <c>FROM</c> and <c>--from</c> use.</summary>
    public IReadOnlyDictionary<string, NamedContext> NamedContexts { get; init; } = new Dictionary<string, NamedContext>();

    /// <summary>Stage to build: name or number; null for the last.</summary>
    public string? Target { get; init; }

    /// <summary>Build arguments. A null value takes the Dockerfile's default.</summary>
    public IReadOnlyDictionary<string, string?> Arguments { get; init; } = new Dictionary<string, string?>();

    /// <summary>Labels over those of the Dockerfile.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>References the image gets.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    public bool NoCache { get; init; }

    /// <summary>Stages that are built without the cache.</summary>
    public IReadOnlyList<string> NoCacheStages { get; init; } = [];

    /// <summary>Ask the registry for base images that are here already.</summary>
    public bool Pull { get; init; }

    /// <summary>
    /// Images whose steps may be taken as cached. Accepted, and of no effect: what was built here is in the cache by its content already, and what an image claims about how it was made is
    /// not believed.
    /// </summary>
    public IReadOnlyList<string> CacheFrom { get; init; } = [];

    /// <summary>Network of RUN: <c>default</c>, <c>none</c>, <c>host</c> or a network's name.</summary>
    public string Network { get; init; } = "default";

    /// <summary><c>name:address</c> lines for RUN.</summary>
    public IReadOnlyList<string> ExtraHosts { get; init; } = [];

    /// <summary>Limits of each RUN.</summary>
    public ContainerResources Resources { get; init; } = new();

    public IReadOnlyList<UlimitSpec> Ulimits { get; init; } = [];

    /// <summary>Bytes of /dev/shm; 0 for the default.</summary>
    public long ShmSizeBytes { get; init; }

    public string CgroupParent { get; init; } = "";

    /// <summary><c>os/arch[/variant]</c>; null for the host's.</summary>
    public string? Platform { get; init; }

    /// <summary>Containers of RUN stay after they failed (<c>--rm=false</c>), for a look inside.</summary>
    public bool KeepContainers { get; init; }

    /// <summary>Values for <c>RUN --mount=type=secret</c>.</summary>
    public IBuildSecrets? Secrets { get; init; }

    /// <summary>Agents for <c>RUN --mount=type=ssh</c>.</summary>
    public IBuildSshAgents? SshAgents { get; init; }

    /// <summary>Who the build is to a registry.</summary>
    public IRegistryCredentials? Credentials { get; init; }
}

/// <summary>A context beside the main one: files or an image.</summary>
/// <param name="Source">Files; null when it is an image.</param>
/// <param name="Image">Reference of the image; null when it is files.</param>
public sealed record NamedContext(IBuildSource? Source, string? Image);

/// <summary>A file tree that a client sends. It may be asked more than once, for different parts.</summary>
public interface IBuildSource
{
    /// <summary>
    /// Brings what matches into a folder that stays the same while the answer is not disposed. Times and modes are the client's, owners are root.
    /// </summary>
    /// <param name="filter">What is wanted; a source may bring more, but nothing that is excluded.</param>
    /// <param name="progress">Told bytes received, as a step of its own.</param>
    /// <param name="ct">Cancels.</param>
    Task<IBuildTree> OpenAsync(BuildFilter filter, IBuildProgress progress, CancellationToken ct);
}

/// <param name="Name">For people: <c>load build context</c>.</param>
/// <param name="Include">Patterns of wanted paths as in a .dockerignore; empty for all.</param>
/// <param name="Exclude">Patterns of a .dockerignore, with <c>!</c> exceptions.</param>
/// <param name="FollowPaths">Paths whose symbolic links are followed and brought too.</param>
public sealed record BuildFilter(string Name, IReadOnlyList<string> Include, IReadOnlyList<string> Exclude, IReadOnlyList<string> FollowPaths);

/// <summary>A folder of files from a client.</summary>
public interface IBuildTree : IAsyncDisposable
{
    /// <summary>Absolute path. The files in it are hostile: every step below is resolved inside of it.</summary>
    string Root { get; }
}

/// <summary>Values of secrets that a client holds.</summary>
public interface IBuildSecrets
{
    /// <summary>A secret's value, at most 500 KiB; null when the client has none of that id.</summary>
    Task<byte[]?> GetAsync(string id, CancellationToken ct);
}

/// <summary>SSH agents that a client forwards.</summary>
public interface IBuildSshAgents
{
    /// <summary>Whether the client has an agent of that id.</summary>
    Task<bool> HasAsync(string id, CancellationToken ct);

    /// <summary>Opens a connection to an agent.</summary>
    Task<Stream> ConnectAsync(string id, CancellationToken ct);
}
