using Portal.Agent.EngineApi.Filters;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Files;
using Portal.Runtime.Volumes;

namespace Portal.Agent.EngineApi;

/// <summary>Local volumes.</summary>
internal sealed class VolumeEndpoints(IVolumes volumes, IContainers containers, IDiskUsage usage, PruneNews news)
{
    private const string AnonymousLabel = "com.docker.volume.anonymous";

    public void Map(RouteTable routes)
    {
        routes.Get("volumes", List);
        routes.Post("volumes/create", CreateAsync);
        routes.Post("volumes/prune", PruneAsync);
        routes.Get("volumes/{name}", r => r.Json(Resource(volumes.Resolve(r.Target)), EngineJson.Default.VolumeResource));
        routes.Put("volumes/{name}", _ => throw EngineErrors.NotSupported("cluster volumes are"));
        routes.Delete("volumes/{name}", RemoveAsync);
    }

    public static VolumeResource Resource(VolumeSnapshot volume, VolumeUsage? usage = null) => new()
    {
        CreatedAt = EngineTime.Format(volume.Created),
        Driver = "local",
        Labels = volume.Labels.Count > 0 ? new(volume.Labels) : volume.Anonymous ? new() { [AnonymousLabel] = "" } : null,
        Mountpoint = volume.MountPoint,
        Name = volume.Name,
        Options = volume.Options.Shown is { } options ? new(options) : null,
        Scope = "local",
        UsageData = usage,
    };

    private Task List(EngineRequest request)
    {
        var filters = request.Filters("dangling", "driver", "label", "name");
        var dangling = filters.Boolean("dangling");
        var used = dangling is null ? [] : Used();
        var names = filters.Values("name").Select(text => new NamePattern(text)).ToList();
        List<VolumeResource> list =
        [
            .. volumes.List()
                .Where(v => (dangling is null || dangling == !used.Contains(v.Name))
                    && filters.Any("driver", d => d == "local")
                    && (!filters.Has("name") || names.Exists(name => name.IsMatch(v.Name)))
                    && filters.Labels(v.Labels))
                .Select(v => Resource(v)),
        ];
        return request.Json(new VolumeListResponse { Volumes = list, Warnings = null }, EngineJson.Default.VolumeListResponse);
    }

    private async Task CreateAsync(EngineRequest request)
    {
        var body = await request.ReadAsync(EngineBody.Strict.VolumeCreateRequest) ?? new();
        if (body.Driver is not (null or "" or "local"))
        {
            throw new ErrorException(ErrorKind.NotFound, "volume.driver", $"create {body.Name}: error looking up volume plugin {body.Driver}: plugin \"{body.Driver}\" not found");
        }

        var volume = await volumes.CreateAsync(string.IsNullOrEmpty(body.Name) ? null : body.Name, body.Labels ?? [], body.DriverOpts, request.Aborted);
        await request.Json(Resource(volume), EngineJson.Default.VolumeResource, StatusCodes.Status201Created);
    }

    private async Task RemoveAsync(EngineRequest request)
    {
        await volumes.RemoveAsync(request.Target, request.Flag("force"), request.Aborted);
        await request.Empty(StatusCodes.Status204NoContent);
    }

    private async Task PruneAsync(EngineRequest request)
    {
        var filters = request.Filters("all", "label", "label!");

        // Before 1.42 prune took named volumes too.
        var all = !request.Version.AtLeast(42) || (filters.Boolean("all") ?? false);
        var used = Used();
        var response = new VolumePruneResponse();
        foreach (var volume in volumes.List())
        {
            // What is on somebody else's file system is nobody's to tidy up: as in Docker, options keep a volume.
            if (used.Contains(volume.Name) || (!all && !IsAnonymous(volume)) || volume.Options.Given is { Count: > 0 } || !filters.Labels(volume.Labels))
            {
                continue;
            }

            try
            {
                var size = await usage.VolumeBytesAsync(volume.MountPoint, request.Aborted);
                await volumes.RemoveAsync(volume.Name, force: false, request.Aborted);
                (response.VolumesDeleted ??= []).Add(volume.Name);
                response.SpaceReclaimed += size;
            }
            catch (ErrorException)
            {
                // Taken into use, or removed by somebody else, since it was listed.
            }
        }

        news.Tell("volume", response.SpaceReclaimed);
        await request.Json(response, EngineJson.Default.VolumePruneResponse);
    }

    private static bool IsAnonymous(VolumeSnapshot volume) => volume.Anonymous || volume.Labels.ContainsKey(AnonymousLabel);

    private HashSet<string> Used() => [.. containers.List().SelectMany(c => c.Mounts).Select(m => m.VolumeName).OfType<string>()];
}
