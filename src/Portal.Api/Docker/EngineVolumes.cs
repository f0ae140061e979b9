using Portal.Api.Adapters.Hosts;
using Portal.Api.Http;
using Portal.Api.Volumes;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;

namespace Portal.Api.Docker;

/// <summary>What endpoints ask of engines about volumes.</summary>
internal sealed class EngineVolumes(EngineRequests engine, DockerLookup lookup, IAccessPolicy access, IHostAccess facts)
{
    /// <summary>Those that the actor sees.</summary>
    public async Task<Result<IReadOnlyList<VolumeItem>>> ListAsync(Actor actor, HostId host, CancellationToken ct)
    {
        var volumes = await engine.ReadAsync(actor, host, new("ListVolumes", "GET", "volumes"), EngineJson.Default.VolumeListResponse, ct);
        return volumes.Error is { } error ? error : Result.Of<IReadOnlyList<VolumeItem>>([.. (volumes.Value.Volumes ?? []).Select(volume => Item(host, volume))]);
    }

    /// <summary>One of them.</summary>
    public async Task<Result<VolumeItem>> FindAsync(Actor actor, HostId host, string name, CancellationToken ct)
    {
        var found = await engine.ReadAsync(actor, host, new("GetVolume", "GET", "volumes/" + EngineRequests.Escape(name)), EngineJson.Default.VolumeResource, ct);
        return found.Error is { } error ? error : Item(host, found.Value);
    }

    /// <summary>Makes one. To an engine a volume of that name that is there already is as good as a new one; here it is a conflict.</summary>
    public async Task<Result<string>> CreateAsync(Actor actor, HostId host, NewVolume request, CancellationToken ct)
    {
        if (request.Name is { } name && access.Reaches(actor, Permission.VolumeCreate, facts.Target(host)) && await IsThereAsync(host, name, ct) is { IsSuccess: false } taken)
        {
            return taken.Error!;
        }

        var body = new VolumeCreateRequest
        {
            Name = request.Name,
            Driver = request.Driver,
            DriverOpts = request.Options is { } options ? new(options) : null,
            Labels = request.Labels is { } labels ? new(labels) : null,
        };
        var made = await engine.ReadAsync(actor, host, new EngineRequest("CreateVolume", "POST", "volumes/create").With(body, EngineBody.Sparse.VolumeCreateRequest), EngineJson.Default.VolumeResource, ct);
        return made.Error is { } error ? error : made.Value.Name;
    }

    /// <summary>Removes one.</summary>
    public Task<Result> RemoveAsync(Actor actor, HostId host, string name, bool force, CancellationToken ct) =>
        engine.SendAsync(actor, host, new("RemoveVolume", "DELETE", "volumes/" + EngineRequests.Escape(name)) { Query = [("force", force ? "1" : "0")] }, ct);

    /// <summary>Removes those that no container uses.</summary>
    public async Task<Result<Pruned>> PruneAsync(Actor actor, HostId host, bool all, string? label, CancellationToken ct)
    {
        var request = new EngineRequest("PruneVolumes", "POST", "volumes/prune") { Query = EngineFilters.Query(("all", all ? "true" : null), ("label", label)) };
        var swept = await engine.ReadAsync(actor, host, request, EngineJson.Default.VolumePruneResponse, ct);
        return swept.Error is { } error ? error : new Pruned(swept.Value.VolumesDeleted ?? [], swept.Value.SpaceReclaimed);
    }

    private async Task<Result> IsThereAsync(HostId host, string name, CancellationToken ct)
    {
        try
        {
            return await lookup.FindAsync(facts.Target(host), new DockerReference(ResourceKind.Volume, name, Permission.VolumeRead), ct) is null
                ? Result.Success
                : new Error(ErrorKind.Conflict, "volume.exists", $"There is a volume {Printable.Of(name, 64)} on host {host} already. Choose another name.");
        }
        catch (ErrorException e)
        {
            return e.Error;
        }
    }

    private static VolumeItem Item(HostId host, VolumeResource volume) => new(
        host.Value, volume.Name, volume.Driver, volume.Scope, EngineTime.Parse(volume.CreatedAt), volume.Mountpoint, VolumeOptions.Of(volume.Options).Shown ?? new Dictionary<string, string>(), volume.Labels ?? []);
}
