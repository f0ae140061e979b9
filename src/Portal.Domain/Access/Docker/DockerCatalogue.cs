using System.Collections.Immutable;

namespace Portal.Domain.Access.Docker;

/// <summary>
/// Every operation of the Docker Engine API, and of what Portal's agent has beside it, with what it takes to do it. What is not here is refused. The first
/// that fits wins, so literal paths come before those with names in them.
/// </summary>
public static class DockerCatalogue
{
    private const string Swarm = "swarms are managed by the portal", Plugins = "plugins are programs of the host", Checkpoints = "checkpoints are not managed",
        Own = "it is the portal's own way to the agent";

    private const ResourceKind Container = ResourceKind.Container, Image = ResourceKind.Image, Network = ResourceKind.Network, Volume = ResourceKind.Volume;

    /// <summary>All of them.</summary>
    public static ImmutableArray<DockerOperation> All { get; } =
    [
        .. System(), .. Containers(), .. Commands(), .. Images(), .. Builds(), .. Networks(), .. Volumes(), .. Refused(),
    ];

    private static readonly ILookup<string, DockerOperation> s_byMethod = All.ToLookup(operation => operation.Method, StringComparer.Ordinal);

    /// <summary>The operation of a path without its version; null for none.</summary>
    public static DockerOperation? Find(string method, ReadOnlySpan<string> segments, out string name)
    {
        foreach (var operation in s_byMethod[method])
        {
            if (operation.Fits(segments, out name))
            {
                return operation;
            }
        }

        name = "";
        return null;
    }

    private static IEnumerable<DockerOperation> System() =>
    [
        Engine("HEAD", "_ping", Permission.EngineRead),
        Engine("GET", "_ping", Permission.EngineRead),
        Engine("GET", "version", Permission.EngineRead),
        Engine("GET", "info", Permission.EngineRead),
        Engine("GET", "plugins", Permission.EngineRead, "filters"),
        Engine("GET", "events", Permission.EventRead, "since", "until", "filters") with { Answer = DockerAnswer.Events },
        Engine("GET", "system/df", Permission.EngineRead, "type", "verbose") with { Answer = DockerAnswer.DiskUsage },
        Engine("POST", "auth", Permission.ImagePull) with { Body = DockerBody.Json, Reader = ImageReading.SignIn },
    ];

    private static IEnumerable<DockerOperation> Containers() =>
    [
        Engine("GET", "containers/json", Permission.ContainerRead, "all", "limit", "size", "filters", "since", "before", "trunc_cmd") with { Kind = Container, Answer = DockerAnswer.Containers },
        New("containers/create", Permission.ContainerCreate, Container, "name", "platform") with { Body = DockerBody.Json, Reader = ContainerReading.Create },
        Everything("containers/prune", Permission.ContainerPrune, "filters"),
        Of(Container, "GET", "containers/{id}/json", Permission.ContainerRead, "size"),
        Of(Container, "GET", "containers/{id}/top", Permission.ContainerRead, "ps_args"),
        Of(Container, "GET", "containers/{id}/stats", Permission.ContainerRead, "stream", "one-shot"),
        Of(Container, "POST", "containers/{id}/wait", Permission.ContainerRead, "condition"),
        Of(Container, "GET", "containers/{id}/logs", Permission.ContainerLogs, "follow", "stdout", "stderr", "since", "until", "timestamps", "tail", "details"),
        Of(Container, "POST", "containers/{id}/start", Permission.ContainerStart, "detachKeys"),
        Of(Container, "POST", "containers/{id}/stop", Permission.ContainerStop, "signal", "t"),
        Of(Container, "POST", "containers/{id}/restart", Permission.ContainerRestart, "signal", "t"),
        Of(Container, "POST", "containers/{id}/kill", Permission.ContainerKill, "signal"),
        Of(Container, "POST", "containers/{id}/pause", Permission.ContainerPause),
        Of(Container, "POST", "containers/{id}/unpause", Permission.ContainerPause),
        Of(Container, "POST", "containers/{id}/rename", Permission.ContainerRename, "name"),
        Of(Container, "POST", "containers/{id}/update", Permission.ContainerUpdate) with { Body = DockerBody.Json, Reader = ContainerReading.Update },
        Of(Container, "POST", "containers/{id}/resize", Permission.ContainerAttach, "h", "w"),
        Of(Container, "POST", "containers/{id}/attach", Permission.ContainerAttach, "detachKeys", "logs", "stream", "stdin", "stdout", "stderr") with { Hijacks = true, Enters = true },
        Of(Container, "DELETE", "containers/{id}", Permission.ContainerRemove, "v", "force", "link"),
        Of(Container, "GET", "containers/{id}/changes", Permission.ContainerFilesRead),
        Of(Container, "GET", "containers/{id}/export", Permission.ContainerFilesRead) with { Enters = true },
        Of(Container, "HEAD", "containers/{id}/archive", Permission.ContainerFilesRead, "path") with { Enters = true },
        Of(Container, "GET", "containers/{id}/archive", Permission.ContainerFilesRead, "path") with { Enters = true },
        Of(Container, "PUT", "containers/{id}/archive", Permission.ContainerFilesWrite, "path", "noOverwriteDirNonDir", "copyUIDGID") with { Body = DockerBody.Archive, Enters = true },
        New("commit", Permission.ContainerCommit, Image, "container", "repo", "tag", "comment", "author", "pause", "changes") with { Body = DockerBody.Json, Reader = ImageReading.Commit },
    ];

    private static IEnumerable<DockerOperation> Commands() =>
    [
        Of(Container, "POST", "containers/{id}/exec", Permission.ContainerExec) with { Body = DockerBody.Json, Enters = true, Reader = ContainerReading.Exec },
        Exec("POST", "exec/{id}/start") with { Body = DockerBody.Json, Hijacks = true, Enters = true, Reader = ContainerReading.Start },
        Exec("POST", "exec/{id}/resize", "h", "w"),
        Exec("GET", "exec/{id}/json"),
    ];

    private static IEnumerable<DockerOperation> Images() =>
    [
        Engine("GET", "images/json", Permission.ImageRead, "all", "filters", "filter", "shared-size", "digests", "manifests", "only_ids") with { Kind = Image, Answer = DockerAnswer.Images },
        Engine("GET", "images/search", Permission.RegistryRead, "term", "limit", "filters"),
        new("GET", "images/get") { Permission = Permission.ImageSave, Place = DockerPlace.Contents, Kind = Image, Query = ["names", "platform"], Reader = ImageReading.Save },
        New("images/create", Permission.ImagePull, Image, "fromImage", "fromSrc", "repo", "tag", "message", "changes", "platform") with
        {
            Body = DockerBody.Archive,
            Reader = ImageReading.Pull,
        },

        // The names in an archive are not known before it is loaded, and take those that others have.
        Everything("images/load", Permission.ImageLoad, "quiet", "platform") with { Body = DockerBody.Archive, Reader = ImageReading.Load },
        Everything("images/prune", Permission.ImagePrune, "filters"),
        Of(Image, "GET", "images/{name*}/json", Permission.ImageRead, "manifests", "platform"),
        Of(Image, "GET", "images/{name*}/history", Permission.ImageRead, "platform"),
        Of(Image, "GET", "images/{name*}/get", Permission.ImageSave, "platform"),
        Of(Image, "POST", "images/{name*}/tag", Permission.ImageTag, "repo", "tag") with { Reader = ImageReading.Tag },
        new("POST", "images/{name*}/push") { Permission = Permission.ImagePush, Place = DockerPlace.Contents, Kind = Image, Query = ["tag", "platform"], Reader = ImageReading.Push },
        Of(Image, "DELETE", "images/{name*}", Permission.ImageRemove, "force", "noprune", "platforms"),
        Engine("GET", "distribution/{name*}/json", Permission.ImagePull) with { Reader = ImageReading.Named },
    ];

    private static IEnumerable<DockerOperation> Builds() =>
    [
        New(
            "build", Permission.ImageBuild, Image, "dockerfile", "t", "extrahosts", "remote", "q", "nocache", "cachefrom", "pull", "rm", "forcerm", "memory", "memswap", "cpushares",
            "cpusetcpus", "cpusetmems", "cpuperiod", "cpuquota", "buildargs", "shmsize", "squash", "labels", "networkmode", "platform", "target", "outputs", "version", "buildid",
            "session", "securityopt", "ulimits", "cgroupparent") with { Body = DockerBody.Archive, Reader = ImageReading.Build },
        Engine("POST", "build/cancel", Permission.ImageBuild, "id"),
        Everything("build/prune", Permission.ImagePrune, "all", "filters", "keep-storage", "reserved-space", "max-used-space", "min-free-space"),
        Engine("POST", "session", Permission.ImageBuild) with { Hijacks = true, Reader = ImageReading.Conversation },
        Engine("POST", "grpc", Permission.ImageBuild) with { Hijacks = true, Reader = ImageReading.Conversation },
    ];

    private static IEnumerable<DockerOperation> Networks() =>
    [
        Engine("GET", "networks", Permission.NetworkRead, "filters") with { Kind = Network, Answer = DockerAnswer.Networks },
        New("networks/create", Permission.NetworkCreate, Network) with { Body = DockerBody.Json, Reader = NetworkReading.Create },
        Everything("networks/prune", Permission.NetworkPrune, "filters"),
        Of(Network, "GET", "networks/{id}", Permission.NetworkRead, "verbose", "scope") with { Answer = DockerAnswer.Network },
        Of(Network, "DELETE", "networks/{id}", Permission.NetworkRemove),
        Of(Network, "POST", "networks/{id}/connect", Permission.NetworkConnect) with { Body = DockerBody.Json, Enters = true, Reader = ContainerReading.Connect },
        Of(Network, "POST", "networks/{id}/disconnect", Permission.NetworkConnect) with { Body = DockerBody.Json, Reader = ContainerReading.Disconnect },
    ];

    private static IEnumerable<DockerOperation> Volumes() =>
    [
        Engine("GET", "volumes", Permission.VolumeRead, "filters") with { Kind = Volume, Answer = DockerAnswer.Volumes },
        New("volumes/create", Permission.VolumeCreate, Volume) with { Body = DockerBody.Json, Reader = VolumeReading.Create },
        Everything("volumes/prune", Permission.VolumePrune, "filters"),
        Of(Volume, "GET", "volumes/{name}", Permission.VolumeRead),
        Of(Volume, "DELETE", "volumes/{name}", Permission.VolumeRemove, "force"),
    ];

    private static IEnumerable<DockerOperation> Refused() =>
    [
        .. No(Checkpoints, "GET containers/{id}/checkpoints", "POST containers/{id}/checkpoints"),
        .. No("a browser's connection does not get through", "GET containers/{id}/attach/ws"),
        .. No(Swarm, "GET swarm", "POST swarm/init", "POST swarm/join", "POST swarm/leave", "POST swarm/update", "GET swarm/unlockkey", "POST swarm/unlock", "PUT volumes/{name}"),
        .. ((string[])["nodes", "services", "tasks", "secrets", "configs"]).SelectMany(kind => No(
            Swarm, $"GET {kind}", $"GET {kind}/{{id}}", $"GET {kind}/{{id}}/logs", $"POST {kind}/create", $"POST {kind}/{{id}}/update", $"DELETE {kind}/{{id}}")),
        .. No(
            Plugins, "GET plugins/privileges", "POST plugins/pull", "POST plugins/create", "POST plugins/{name*}/enable", "POST plugins/{name*}/disable",
            "POST plugins/{name*}/upgrade", "POST plugins/{name*}/push", "POST plugins/{name*}/set", "DELETE plugins/{name*}"),
        .. No(Plugins, "GET plugins/{name*}/json").Select(operation => operation with { Hides = true }),
        .. ((string[])["GET", "PUT", "POST", "DELETE"]).SelectMany(method => No(Own, method + " control/{rest*}")),
    ];

    private static DockerOperation Engine(string method, string template, Permission permission, params string[] query) =>
        new(method, template) { Permission = permission, Place = DockerPlace.Engine, Query = [.. query] };

    private static DockerOperation Everything(string template, Permission permission, params string[] query) =>
        new("POST", template) { Permission = permission, Place = DockerPlace.Everything, Query = [.. query] };

    private static DockerOperation New(string template, Permission permission, ResourceKind kind, params string[] query) =>
        new("POST", template) { Permission = permission, Place = DockerPlace.New, Kind = kind, Query = [.. query] };

    private static DockerOperation Of(ResourceKind kind, string method, string template, Permission permission, params string[] query) =>
        new(method, template) { Permission = permission, Place = DockerPlace.Named, Kind = kind, Query = [.. query] };

    private static DockerOperation Exec(string method, string template, params string[] query) =>
        new(method, template) { Permission = Permission.ContainerExec, Place = DockerPlace.Exec, Kind = Container, Query = [.. query] };

    private static IEnumerable<DockerOperation> No(string reason, params string[] operations) =>
        operations.Select(operation => operation.Split(' ')).Select(parts => new DockerOperation(parts[0], parts[1]) { Refusal = reason });
}
