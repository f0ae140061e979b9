using System.ComponentModel.DataAnnotations;
using System.Net.Mime;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Docker;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;

namespace Portal.Api.Containers;

/// <summary>What is in containers: files and processes.</summary>
internal static class ContainerFileEndpoints
{
    private const int LongestPath = 4095;

    public static void MapContainerFiles(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/hosts/{host}/containers/{id}").WithTags("Containers").ProducesProblems(400, 404, 409, 503);
        group.MapGet("/processes", ProcessesAsync).WithName("ListContainerProcesses").RequirePermission(Permission.ContainerRead, On.Container);
        group.MapGet("/changes", ChangesAsync).WithName("ListContainerChanges").RequirePermission(Permission.ContainerFilesRead, On.Container);
        group.MapGet("/archive", ReadAsync).WithName("ReadContainerFiles").RequirePermission(Permission.ContainerFilesRead, On.Container).Produces<Stream>(200, RawBodies.Tar);
        group.MapPut("/archive", WriteAsync).WithName("WriteContainerFiles").RequirePermission(Permission.ContainerFilesWrite, On.Container).Takes(RawBodies.Tar);
    }

    /// <summary>Lists the processes of a running container.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    internal static async Task<Results<Ok<ContainerProcesses>, Problem>> ProcessesAsync(string host, string id, Addressee addressee, EngineContainers engine, CancellationToken ct)
    {
        var target = await addressee.ContainerAsync(host, id, "ListContainerProcesses", ct);
        var listed = target.Error is { } missing ? missing : await engine.ProcessesAsync(target.Value.Actor, target.Value.Container.Host, target.Value.Container.Id, ct);
        return listed.Error is { } error ? error.ToProblem() : TypedResults.Ok(listed.Value);
    }

    /// <summary>Lists files of a container that are not as in its image, by their paths.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    /// <param name="page">Which page; the first is 1.</param>
    /// <param name="pageSize">How many items a page has, 1 to 500.</param>
    internal static async Task<Results<Ok<Page<ContainerFileChange>>, Problem>> ChangesAsync(
        string host, string id, Addressee addressee, EngineContainers engine, CancellationToken ct,
        [Range(1, int.MaxValue)] int page = 1, [Range(1, Paging.Largest)] int pageSize = Paging.Usual)
    {
        var target = await addressee.ContainerAsync(host, id, "ListContainerChanges", ct);
        var listed = target.Error is { } missing ? missing : await engine.ChangesAsync(target.Value.Actor, target.Value.Container.Host, target.Value.Container.Id, ct);
        return listed.Error is { } error
            ? error.ToProblem()
            : TypedResults.Ok(listed.Value.OrderBy(change => change.Path, StringComparer.Ordinal).ToArray().Page(page, pageSize, change => change));
    }

    /// <summary>Reads a file or a folder of a container, with all that is in it, as a tar archive.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    /// <param name="path" example="/etc/app.conf">Where, from the container's root.</param>
    internal static async Task<Results<EmptyHttpResult, Problem>> ReadAsync(
        string host, string id, [MinLength(1), MaxLength(LongestPath)] string path, HttpContext http, Addressee addressee, EngineContainers engine, CancellationToken ct)
    {
        var target = await addressee.ContainerAsync(host, id, "ReadContainerFiles", ct);
        var read = target.Error is { } missing ? missing : await engine.ReadFilesAsync(target.Value.Actor, target.Value.Container.Host, target.Value.Container.Id, path, SendAsync, ct);
        if (read.Error is null || !http.Response.HasStarted)
        {
            return read.Error is { } error ? error.ToProblem() : TypedResults.Empty;
        }

        // Half an archive must not look like a whole one.
        http.Abort();
        return TypedResults.Empty;

        Task SendAsync(Stream archive, CancellationToken bound)
        {
            // To be saved, not shown: what is in a container must not become a page of ours.
            http.Response.ContentType = RawBodies.Tar;
            http.Response.Headers.ContentDisposition = new ContentDisposition { DispositionType = DispositionTypeNames.Attachment, FileName = $"{target.Value.Container.Name}.tar" }.ToString();
            return archive.CopyToAsync(http.Response.Body, bound);
        }
    }

    /// <summary>Unpacks a tar archive, plain or packed, into a folder of a container.</summary>
    /// <param name="host" example="local">The host's id.</param>
    /// <param name="id" example="web">The container's id, its beginning, or the name.</param>
    /// <param name="path" example="/etc/app.conf">The folder, from the container's root.</param>
    /// <param name="overwrite">A file may take the place of a folder, and a folder that of a file.</param>
    internal static async Task<Results<NoContent, Problem>> WriteAsync(
        string host, string id, [MinLength(1), MaxLength(LongestPath)] string path, HttpContext http, Addressee addressee, EngineContainers engine, CancellationToken ct, bool overwrite = false)
    {
        var target = await addressee.ContainerAsync(host, id, "WriteContainerFiles", ct);
        var written = target.Error is { } missing
            ? missing
            : await engine.WriteFilesAsync(target.Value.Actor, target.Value.Container.Host, target.Value.Container.Id, path, http.EndlessBody(), overwrite, ct);
        return written.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }
}
