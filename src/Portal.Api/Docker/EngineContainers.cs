using Portal.Api.Containers;
using Portal.Api.Http;
using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;

namespace Portal.Api.Docker;

/// <summary>What endpoints ask of engines about containers, beside the commands that pages have too.</summary>
internal sealed class EngineContainers(EngineRequests engine, IHandler<StartContainer> start)
{
    /// <summary>Makes a container, and starts it when that is wanted.</summary>
    public async Task<Result<CreatedContainer>> CreateAsync(Actor actor, HostId host, NewContainer request, CancellationToken ct)
    {
        var create = new EngineRequest("CreateContainer", "POST", "containers/create")
        {
            Query = [.. Given("name", request.Name), .. Given("platform", request.Platform)],
        };
        var made = await engine.ReadAsync(actor, host, create.With(ContainerBodies.Of(request), EngineBody.Sparse.ContainerCreateRequest), EngineJson.Default.ContainerCreateResponse, ct);
        if (made.Error is { } error)
        {
            return error;
        }

        if (!ContainerId.TryParse(made.Value.Id, null, out var id))
        {
            return new Error(ErrorKind.Unavailable, "engine.answer", $"The engine on host {host} answered something that cannot be understood.");
        }

        var started = request.Start ? await start.HandleAsync(new(host, id), actor, ct) : Result.Success;
        return new CreatedContainer(id.Value, [.. (made.Value.Warnings ?? []).Select(warning => Printable.Of(warning, 1024))], started.Error?.Message);
    }

    /// <summary>Changes limits and the restart policy.</summary>
    public Task<Result> UpdateAsync(Actor actor, HostId host, ContainerId id, ContainerUpdate request, CancellationToken ct) =>
        engine.SendAsync(actor, host, new EngineRequest("UpdateContainer", "POST", $"containers/{id}/update").With(ContainerBodies.Of(request), EngineBody.Sparse.HostConfig), ct);

    /// <summary>Gives it another name.</summary>
    public Task<Result> RenameAsync(Actor actor, HostId host, ContainerId id, string name, CancellationToken ct) =>
        engine.SendAsync(actor, host, new("RenameContainer", "POST", $"containers/{id}/rename") { Query = [("name", name)] }, ct);

    /// <summary>Stops its processes where they are.</summary>
    public Task<Result> PauseAsync(Actor actor, HostId host, ContainerId id, CancellationToken ct) =>
        engine.SendAsync(actor, host, new("PauseContainer", "POST", $"containers/{id}/pause"), ct);

    /// <summary>Lets its processes go on.</summary>
    public Task<Result> UnpauseAsync(Actor actor, HostId host, ContainerId id, CancellationToken ct) =>
        engine.SendAsync(actor, host, new("UnpauseContainer", "POST", $"containers/{id}/unpause"), ct);

    /// <summary>Removes all that do not run.</summary>
    public async Task<Result<Pruned>> PruneAsync(Actor actor, HostId host, string? until, string? label, CancellationToken ct)
    {
        var request = new EngineRequest("PruneContainers", "POST", "containers/prune") { Query = EngineFilters.Query(("until", until), ("label", label)) };
        var swept = await engine.ReadAsync(actor, host, request, EngineJson.Default.ContainerPruneResponse, ct);
        return swept.Error is { } error ? error : new Pruned(swept.Value.ContainersDeleted ?? [], swept.Value.SpaceReclaimed);
    }

    /// <summary>Its processes.</summary>
    public async Task<Result<ContainerProcesses>> ProcessesAsync(Actor actor, HostId host, ContainerId id, CancellationToken ct)
    {
        var top = await engine.ReadAsync(actor, host, new("ListContainerProcesses", "GET", $"containers/{id}/top"), EngineJson.Default.ContainerTopResponse, ct);
        return top.Error is { } error ? error : new ContainerProcesses(top.Value.Titles ?? [], top.Value.Processes ?? []);
    }

    /// <summary>What of its files is not as in the image. An engine says null for nothing.</summary>
    public async Task<Result<IReadOnlyList<ContainerFileChange>>> ChangesAsync(Actor actor, HostId host, ContainerId id, CancellationToken ct)
    {
        var changes = await engine.ReadAsync(actor, host, new("ListContainerChanges", "GET", $"containers/{id}/changes"), EngineJson.Default.ListContainerChangeItem, ct, []);
        return changes.Error is { } error ? error : Result.Of<IReadOnlyList<ContainerFileChange>>([.. changes.Value.Select(change => new ContainerFileChange(change.Path, (FileChangeKind)change.Kind))]);
    }

    /// <summary>Reads a file or folder as an archive.</summary>
    public Task<Result> ReadFilesAsync(Actor actor, HostId host, ContainerId id, string path, Func<Stream, CancellationToken, Task> take, CancellationToken ct) =>
        engine.CopyAsync(actor, host, new("ReadContainerFiles", "GET", $"containers/{id}/archive") { Query = [("path", path)] }, take, ct);

    /// <summary>Unpacks an archive into a folder.</summary>
    public Task<Result> WriteFilesAsync(Actor actor, HostId host, ContainerId id, string path, Stream archive, bool overwrite, CancellationToken ct) => engine.SendAsync(
        actor, host,
        new("WriteContainerFiles", "PUT", $"containers/{id}/archive") { Query = [("path", path), ("noOverwriteDirNonDir", overwrite ? "0" : "1")], Archive = archive, Limit = Timeout.InfiniteTimeSpan }, ct);

    private static IEnumerable<(string Name, string Value)> Given(string name, string? value) => value is null ? [] : [(name, value)];
}
