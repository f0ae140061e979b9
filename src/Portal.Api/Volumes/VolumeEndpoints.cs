using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;

namespace Portal.Api.Volumes;

/// <summary>What is in volumes, and whole volumes as archives.</summary>
internal static class VolumeEndpoints
{
    private const int LongestPath = 4095;
    private const string Bytes = LargeBodies.Bytes, Tar = LargeBodies.Tar, Backup = "application/zstd";

    public static void MapVolumes(this IEndpointRouteBuilder api)
    {
        api.MapGet("/hosts/{host}/volume-work", WorkAsync).WithName("ListVolumeWork").WithTags("Volumes").RequirePermission(Permission.VolumeBackup).ProducesProblems(400, 404, 501, 503);
        var group = api.MapGroup("/hosts/{host}/volumes/{name}").WithTags("Volumes").ProducesProblems(400, 404, 409, 501, 503);
        group.MapGet("/files", ListAsync).WithName("ListVolumeFiles").RequirePermission(Permission.VolumeFilesRead);
        group.MapDelete("/files", DeleteAsync).WithName("DeleteVolumeFile").RequirePermission(Permission.VolumeFilesWrite);
        group.MapGet("/content", ReadAsync).WithName("ReadVolumeFile").RequirePermission(Permission.VolumeFilesRead).Produces(200, contentType: Bytes);
        group.MapPut("/content", WriteAsync).WithName("WriteVolumeFile").RequirePermission(Permission.VolumeFilesWrite).Takes(Bytes);
        group.MapGet("/archive", ReadArchiveAsync).WithName("ReadVolumeArchive").RequirePermission(Permission.VolumeFilesRead).Produces(200, contentType: Tar);
        group.MapPut("/archive", WriteArchiveAsync).WithName("WriteVolumeArchive").RequirePermission(Permission.VolumeFilesWrite).Takes(Tar);
        group.MapPost("/folder", MakeFolderAsync).WithName("MakeVolumeFolder").RequirePermission(Permission.VolumeFilesWrite);
        group.MapPost("/rename", RenameAsync).WithName("RenameVolumeFile").RequirePermission(Permission.VolumeFilesWrite);
        group.MapGet("/backup", BackupAsync).WithName("BackupVolume").RequirePermission(Permission.VolumeBackup).Produces(200, contentType: Backup);
        group.MapPut("/restore", RestoreAsync).WithName("RestoreVolume").RequirePermission(Permission.VolumeRestore).Takes(Backup);
        group.MapPost("/copy", CopyAsync).WithName("CopyVolume").RequirePermission(Permission.VolumeBackup);
    }

    /// <summary>Lists a folder of a volume, in parts.</summary>
    /// <param name="host">The host's id.</param>
    /// <param name="name">The volume's name.</param>
    /// <param name="path">The folder, from the volume's root.</param>
    /// <param name="after">Where to go on, from the part before.</param>
    /// <param name="limit">How many to answer, 1 to 1000.</param>
    internal static async Task<Results<Ok<VolumeFilePage>, Problem>> ListAsync(
        string host, [MaxLength(255)] string name, CurrentActor caller, Targets targets, IQueryHandler<ListVolumeFiles, VolumeFolderView> list, CancellationToken ct,
        [MaxLength(LongestPath)] string path = "", [MaxLength(1024)] string? after = null, [Range(1, 1000)] int limit = 200)
    {
        var actor = await caller.GetAsync(ct);
        var place = Place(targets, actor, host, name, path);
        var folder = place.Error is { } missing ? missing : await list.HandleAsync(new(place.Value, after, limit), actor, ct);
        return folder.Error is { } error ? error.ToProblem() : TypedResults.Ok(new VolumeFilePage([.. folder.Value.Files.Select(VolumeFileItem.From)], folder.Value.Total, folder.Value.Next));
    }

    /// <summary>Reads a file of a volume.</summary>
    /// <param name="host">The host's id.</param>
    /// <param name="name">The volume's name.</param>
    /// <param name="path">The file, from the volume's root.</param>
    /// <param name="head">Only so many bytes of its beginning.</param>
    internal static Task<Results<FileStreamHttpResult, Problem>> ReadAsync(
        string host, [MaxLength(255)] string name, [MaxLength(LongestPath)] string path, CurrentActor caller, Targets targets, IQueryHandler<ReadVolumeFile, VolumeContent> read, CancellationToken ct,
        [Range(0, long.MaxValue)] long? head = null) =>
        StreamAsync(host, name, path, caller, targets, (place, actor) => read.HandleAsync(new(place, head), actor, ct), Bytes, Leaf(path), ct);

    /// <summary>Reads a file or a folder of a volume, with all that is in it, as a tar archive.</summary>
    /// <param name="host">The host's id.</param>
    /// <param name="name">The volume's name.</param>
    /// <param name="path">From the volume's root; empty for all of the volume.</param>
    internal static Task<Results<FileStreamHttpResult, Problem>> ReadArchiveAsync(
        string host, [MaxLength(255)] string name, CurrentActor caller, Targets targets, IQueryHandler<ReadVolumeArchive, VolumeContent> read, CancellationToken ct,
        [MaxLength(LongestPath)] string path = "") =>
        StreamAsync(host, name, path, caller, targets, (place, actor) => read.HandleAsync(new(place), actor, ct), Tar, (Leaf(path) is { Length: > 0 } leaf ? leaf : name) + ".tar", ct);

    /// <summary>Makes a file in a volume: wholly or not at all.</summary>
    /// <param name="host">The host's id.</param>
    /// <param name="name">The volume's name.</param>
    /// <param name="path">The file, from the volume's root; its folder must exist.</param>
    /// <param name="overwrite">It may take the place of another file.</param>
    internal static Task<Results<NoContent, Problem>> WriteAsync(
        string host, [MaxLength(255)] string name, [MaxLength(LongestPath)] string path, HttpContext http, CurrentActor caller, Targets targets, IHandler<WriteVolumeFile> write, CancellationToken ct,
        bool overwrite = false) =>
        CommandAsync(host, name, path, caller, targets, (place, actor) => write.HandleAsync(new(place, http.LargeBody(), overwrite), actor, ct), ct);

    /// <summary>Unpacks a tar archive, plain or packed, into a folder of a volume.</summary>
    /// <param name="host">The host's id.</param>
    /// <param name="name">The volume's name.</param>
    /// <param name="path">The folder, from the volume's root.</param>
    /// <param name="overwrite">Its files may take the place of others.</param>
    internal static Task<Results<NoContent, Problem>> WriteArchiveAsync(
        string host, [MaxLength(255)] string name, HttpContext http, CurrentActor caller, Targets targets, IHandler<WriteVolumeArchive> write, CancellationToken ct,
        [MaxLength(LongestPath)] string path = "", bool overwrite = false) =>
        CommandAsync(host, name, path, caller, targets, (place, actor) => write.HandleAsync(new(place, http.LargeBody(), overwrite), actor, ct), ct);

    /// <summary>Makes a folder in a volume.</summary>
    /// <param name="host">The host's id.</param>
    /// <param name="name">The volume's name.</param>
    /// <param name="path">The folder, from the volume's root.</param>
    internal static Task<Results<NoContent, Problem>> MakeFolderAsync(
        string host, [MaxLength(255)] string name, [MaxLength(LongestPath)] string path, CurrentActor caller, Targets targets, IHandler<MakeVolumeFolder> make, CancellationToken ct) =>
        CommandAsync(host, name, path, caller, targets, (place, actor) => make.HandleAsync(new(place), actor, ct), ct);

    /// <summary>Gives something in a volume another name or place there.</summary>
    /// <param name="host">The host's id.</param>
    /// <param name="name">The volume's name.</param>
    /// <param name="path">What it is, from the volume's root.</param>
    /// <param name="to">Its new path.</param>
    /// <param name="overwrite">It may take the place of another.</param>
    internal static Task<Results<NoContent, Problem>> RenameAsync(
        string host, [MaxLength(255)] string name, [MaxLength(LongestPath)] string path, [MaxLength(LongestPath)] string to, CurrentActor caller, Targets targets, IHandler<RenameVolumeFile> rename, CancellationToken ct,
        bool overwrite = false) =>
        CommandAsync(host, name, path, caller, targets, (place, actor) => rename.HandleAsync(new(place, to, overwrite), actor, ct), ct);

    /// <summary>Deletes something in a volume.</summary>
    /// <param name="host">The host's id.</param>
    /// <param name="name">The volume's name.</param>
    /// <param name="path">What it is, from the volume's root.</param>
    /// <param name="recursive">A folder with everything in it.</param>
    internal static Task<Results<NoContent, Problem>> DeleteAsync(
        string host, [MaxLength(255)] string name, [MaxLength(LongestPath)] string path, CurrentActor caller, Targets targets, IHandler<DeleteVolumeFile> delete, CancellationToken ct,
        bool recursive = false) =>
        CommandAsync(host, name, path, caller, targets, (place, actor) => delete.HandleAsync(new(place, recursive), actor, ct), ct);

    /// <summary>Reads a whole volume as an archive that can be restored: tar, packed with zstd, with a checksum at its end.</summary>
    /// <param name="host">The host's id.</param>
    /// <param name="name">The volume's name.</param>
    /// <param name="quiet">What the containers that use it do until the archive is read: <c>none</c> (go on), <c>pause</c> or <c>stop</c>.</param>
    internal static Task<Results<FileStreamHttpResult, Problem>> BackupAsync(
        string host, [MaxLength(255)] string name, CurrentActor caller, Targets targets, IQueryHandler<BackupVolume, VolumeContent> backup, CancellationToken ct,
        [AllowedValues(null, "none", "pause", "stop")] string? quiet = null) =>
        StreamAsync(
            host, name, "", caller, targets, (place, actor) => backup.HandleAsync(new(place.Host, place.Volume, Enum.Parse<VolumeQuiet>(quiet ?? "none", ignoreCase: true)), actor, ct),
            Backup, name + ".tar.zst", ct);

    /// <summary>Makes a volume, or fills an empty one, from a backup: wholly or not at all.</summary>
    /// <param name="host">The host's id.</param>
    /// <param name="name">The volume's name.</param>
    internal static Task<Results<NoContent, Problem>> RestoreAsync(
        string host, [MaxLength(255)] string name, HttpContext http, CurrentActor caller, Targets targets, IHandler<RestoreVolume> restore, CancellationToken ct) =>
        CommandAsync(host, name, "", caller, targets, (place, actor) => restore.HandleAsync(new(place.Host, place.Volume, http.LargeBody()), actor, ct), ct);

    /// <summary>Copies a volume to another host, or to another name. What breaks off leaves nothing and can be asked for again.</summary>
    /// <param name="host">The host's id.</param>
    /// <param name="name">The volume's name.</param>
    /// <param name="request">Where to.</param>
    internal static Task<Results<NoContent, Problem>> CopyAsync(
        string host, [MaxLength(255)] string name, VolumeCopyRequest request, CurrentActor caller, Targets targets, IHandler<CopyVolume> copy, CancellationToken ct) =>
        CommandAsync(
            host, name, "", caller, targets,
            async (place, actor) => targets.Host(actor, request.Host) is { Error: { } missing }
                ? missing
                : await copy.HandleAsync(new(place.Host, place.Volume, request.Quiet, new HostId(request.Host), request.Volume), actor, ct),
            ct);

    /// <summary>Lists backups and restores that are under way on a host.</summary>
    /// <param name="host">The host's id.</param>
    internal static async Task<Results<Ok<IReadOnlyList<VolumeWorkItem>>, Problem>> WorkAsync(
        string host, CurrentActor caller, Targets targets, IQueryHandler<ListVolumeWork, IReadOnlyList<VolumeWorkView>> list, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        if (targets.Host(actor, host) is { Error: { } missing })
        {
            return missing.ToProblem();
        }

        var works = await list.HandleAsync(new(new HostId(host)), actor, ct);
        return works.Error is { } error ? error.ToProblem() : TypedResults.Ok<IReadOnlyList<VolumeWorkItem>>([.. works.Value.Select(VolumeWorkItem.From)]);
    }

    private static string Leaf(string path) => path.TrimEnd('/')[(path.TrimEnd('/').LastIndexOf('/') + 1)..];

    private static Result<VolumePlace> Place(Targets targets, Actor actor, string host, string name, string path) =>
        targets.Host(actor, host) is { Error: { } missing } ? missing : new VolumePlace(new HostId(host), name, path);

    private static async Task<Results<NoContent, Problem>> CommandAsync(
        string host, string name, string path, CurrentActor caller, Targets targets, Func<VolumePlace, Actor, Task<Result>> run, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var place = Place(targets, actor, host, name, path);
        var result = place.Error is { } missing ? missing : await run(place.Value, actor);
        return result.Error is { } error ? error.ToProblem() : TypedResults.NoContent();
    }

    private static async Task<Results<FileStreamHttpResult, Problem>> StreamAsync(
        string host, string name, string path, CurrentActor caller, Targets targets, Func<VolumePlace, Actor, Task<Result<VolumeContent>>> open, string type, string file, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var place = Place(targets, actor, host, name, path);
        var content = place.Error is { } missing ? missing : await open(place.Value, actor);

        // To be saved, not shown: what is in a volume must not become a page of ours.
        return content.Error is { } error ? error.ToProblem() : TypedResults.Stream(content.Value.Stream, type, file);
    }
}
