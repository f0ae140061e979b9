using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Docker;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;

namespace Portal.Api.Volumes;

/// <summary>Volumes of a host.</summary>
internal static class VolumeEndpoints
{
    public static void MapVolumes(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/hosts/{host}/volumes").WithTags("Volumes").ProducesProblems(400, 404, 503);
        group.MapGet("", ListAsync).WithName("ListVolumes").RequirePermission(Permission.VolumeRead, On.PartOfHost);
        group.MapPost("", CreateAsync).WithName("CreateVolume").RequirePermission(Permission.VolumeCreate, On.Volume).ProducesProblems(409);
        group.MapPost("/prune", PruneAsync).WithName("PruneVolumes").RequirePermission(Permission.VolumePrune, On.Host).ProducesProblems(409);
        group.MapGet("/{name}", GetAsync).WithName("GetVolume").RequirePermission(Permission.VolumeRead, On.Volume);
        group.MapDelete("/{name}", RemoveAsync).WithName("RemoveVolume").RequirePermission(Permission.VolumeRemove, On.Volume).ProducesProblems(409);
    }

    /// <summary>Lists volumes of a host by name.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="name">Only those whose name contains this text.</param>
    /// <param name="driver">Only those of this driver.</param>
    /// <param name="label">Only those with this label, as <c>key</c> or <c>key=value</c>.</param>
    /// <param name="stack">Only those of this stack or Compose project.</param>
    /// <param name="sort"><c>name</c>, <c>created</c> or <c>driver</c>; with a minus before it, the other way round.</param>
    /// <param name="page">Which page; the first is 1.</param>
    /// <param name="pageSize">How many items a page has, 1 to 500.</param>
    internal static async Task<Results<Ok<Page<VolumeItem>>, Problem>> ListAsync(
        string host, Addressee addressee, EngineVolumes engine, CancellationToken ct, [MaxLength(255)] string? name = null, [MaxLength(255)] string? driver = null,
        [MaxLength(LabelFilter.Longest)] string? label = null, [MaxLength(255)] string? stack = null,
        [AllowedValues("name", "-name", "created", "-created", "driver", "-driver")] string sort = "name",
        [Range(1, int.MaxValue)] int page = 1, [Range(1, Paging.Largest)] int pageSize = Paging.Usual)
    {
        var target = await addressee.HostAsync(host, ct);
        var listed = target.Error is { } missing ? missing : await engine.ListAsync(target.Value.Actor, target.Value.Host, ct);
        if (listed.Error is { } error)
        {
            return error.ToProblem();
        }

        var wanted = listed.Value.Where(volume => (name is null || volume.Name.Contains(name, StringComparison.OrdinalIgnoreCase)) && (driver is null || volume.Driver == driver)
            && volume.Labels.Fits(label) && (stack is null || StackLabels.Of(volume.Labels) == stack));
        var order = sort switch
        {
            "-name" => wanted.OrderByDescending(volume => volume.Name, StringComparer.Ordinal),
            "created" => wanted.OrderBy(volume => volume.Created),
            "-created" => wanted.OrderByDescending(volume => volume.Created),
            "driver" => wanted.OrderBy(volume => volume.Driver, StringComparer.Ordinal),
            "-driver" => wanted.OrderByDescending(volume => volume.Driver, StringComparer.Ordinal),
            _ => wanted.OrderBy(volume => volume.Name, StringComparer.Ordinal),
        };
        return TypedResults.Ok(order.ThenBy(volume => volume.Name, StringComparer.Ordinal).ToArray().Page(page, pageSize, volume => volume));
    }

    /// <summary>Gets one volume.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="name" example="data">The volume's name.</param>
    internal static async Task<Results<Ok<VolumeItem>, Problem>> GetAsync(string host, [MaxLength(255)] string name, Addressee addressee, EngineVolumes engine, CancellationToken ct)
    {
        var target = await addressee.HostAsync(host, ct);
        var found = target.Error is { } missing ? missing : await engine.FindAsync(target.Value.Actor, target.Value.Host, name, ct);
        return found.Error is { } error ? error.ToProblem() : TypedResults.Ok(found.Value);
    }

    /// <summary>Makes a volume. Takes an <c>Idempotency-Key</c>.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="request">The volume.</param>
    internal static async Task<Results<Created<CreatedVolume>, Problem>> CreateAsync(
        string host, NewVolume request, HttpContext http, Addressee addressee, EngineVolumes engine, Idempotency once, CancellationToken ct)
    {
        var target = await addressee.HostAsync(host, ct);
        if (target.Error is { } missing)
        {
            return missing.ToProblem();
        }

        var (actor, id) = target.Value;
        var made = await once.OnceAsync(http, actor, null, request, () => engine.CreateAsync(actor, id, request, ct), ct);
        return made.Error is { } failed ? failed.ToProblem() : TypedResults.Created($"/api/v1/hosts/{id}/volumes/{made.Value}", new CreatedVolume(made.Value));
    }

    /// <summary>Removes a volume that no container uses, with all that is in it.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="name" example="data">The volume's name.</param>
    /// <param name="force">Even when its driver does not find it any more.</param>
    internal static async Task<Results<NoContent, Problem>> RemoveAsync(
        string host, [MaxLength(255)] string name, Addressee addressee, EngineVolumes engine, CancellationToken ct, bool force = false)
    {
        var target = await addressee.HostAsync(host, ct);
        var removed = target.Error is { } missing ? missing : await engine.RemoveAsync(target.Value.Actor, target.Value.Host, name, force, ct);
        return removed.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    /// <summary>Removes volumes of a host that no container uses, with all that is in them.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="all">Those with a name of their own too.</param>
    /// <param name="label">Only those with this label, as <c>key</c> or <c>key=value</c>.</param>
    internal static async Task<Results<Ok<Pruned>, Problem>> PruneAsync(
        string host, Addressee addressee, EngineVolumes engine, CancellationToken ct, bool all = false, [MaxLength(LabelFilter.Longest)] string? label = null)
    {
        var target = await addressee.HostAsync(host, ct);
        var swept = target.Error is { } missing ? missing : await engine.PruneAsync(target.Value.Actor, target.Value.Host, all, label, ct);
        return swept.Error is { } error ? error.ToProblem() : TypedResults.Ok(swept.Value);
    }
}
