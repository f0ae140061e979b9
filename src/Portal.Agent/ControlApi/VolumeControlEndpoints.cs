using System.Globalization;
using System.Text;
using Portal.Agent.EngineApi;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Runtime.Volumes;

namespace Portal.Agent.ControlApi;

/// <summary>The files of volumes, and whole volumes as archives: what Portal needs beyond the Engine API.</summary>
internal sealed class VolumeControlEndpoints(IVolumeFiles files, IVolumeBackups backups)
{
    private const int DefaultPart = 200, LargestPart = 1000;

    public void Map(RouteTable routes)
    {
        routes.Get("control/v1/volume-work", Work);
        routes.Get("control/v1/volumes/{name}/files", ListAsync);
        routes.Delete("control/v1/volumes/{name}/files", DeleteAsync);
        routes.Get("control/v1/volumes/{name}/entry", StatAsync);
        routes.Get("control/v1/volumes/{name}/content", ReadAsync);
        routes.Put("control/v1/volumes/{name}/content", WriteAsync);
        routes.Get("control/v1/volumes/{name}/archive", ReadArchiveAsync);
        routes.Put("control/v1/volumes/{name}/archive", WriteArchiveAsync);
        routes.Post("control/v1/volumes/{name}/folder", MakeFolderAsync);
        routes.Post("control/v1/volumes/{name}/rename", RenameAsync);
        routes.Get("control/v1/volumes/{name}/backup", BackupAsync);
        routes.Put("control/v1/volumes/{name}/restore", RestoreAsync);
    }

    private async Task ListAsync(EngineRequest request)
    {
        var limit = request.Number("limit") ?? DefaultPart;
        if (limit is < 1 or > LargestPart)
        {
            throw EngineErrors.Invalid("api.query", $"invalid value for limit: it is 1 to {LargestPart}");
        }

        var part = await files.ListAsync(request.Target, Path(request, "path"), request.Query("after") is { } after ? Bytes("after", after) : null, limit, request.Aborted);
        await request.Json(
            new ControlVolumeListing { Entries = [.. part.Entries.Select(Show)], Total = part.Total, Next = part.Next is { } next ? Convert.ToBase64String(next) : null },
            EngineJson.Default.ControlVolumeListing);
    }

    private async Task StatAsync(EngineRequest request) =>
        await request.Json(Show(await files.StatAsync(request.Target, Path(request, "path"), request.Aborted)), EngineJson.Default.ControlVolumeEntry);

    private Task ReadAsync(EngineRequest request)
    {
        var response = request.Http.Response;
        var head = request.Query("head") is not { } text ? (long?)null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw EngineErrors.Invalid("api.query", "invalid value for head: it is a number of bytes");
        return files.ReadAsync(
            request.Target, Path(request, "path"), head,
            (_, length) =>
            {
                response.ContentType = "application/octet-stream";
                response.ContentLength = length;
                return response.Body;
            },
            request.Streaming);
    }

    private async Task WriteAsync(EngineRequest request)
    {
        ArchiveEndpoints.LiftLimits(request.Http);
        await files.WriteAsync(request.Target, Path(request, "path"), request.Http.Request.Body, request.Flag("overwrite"), request.Streaming);
        await request.Empty(StatusCodes.Status204NoContent);
    }

    private Task ReadArchiveAsync(EngineRequest request)
    {
        var response = request.Http.Response;
        return files.ReadArchiveAsync(
            request.Target, Path(request, "path"),
            _ =>
            {
                response.ContentType = "application/x-tar";
                return response.Body;
            },
            request.Streaming);
    }

    private async Task WriteArchiveAsync(EngineRequest request)
    {
        ArchiveEndpoints.LiftLimits(request.Http);
        await files.WriteArchiveAsync(request.Target, Path(request, "path"), request.Http.Request.Body, request.Flag("overwrite"), request.Streaming);
        await request.Empty(StatusCodes.Status204NoContent);
    }

    private async Task MakeFolderAsync(EngineRequest request)
    {
        await files.MakeFolderAsync(request.Target, Path(request, "path"), request.Aborted);
        await request.Empty(StatusCodes.Status201Created);
    }

    private async Task RenameAsync(EngineRequest request)
    {
        await files.RenameAsync(request.Target, Path(request, "path"), Path(request, "to"), request.Flag("overwrite"), request.Aborted);
        await request.Empty(StatusCodes.Status204NoContent);
    }

    private async Task DeleteAsync(EngineRequest request)
    {
        await files.DeleteAsync(request.Target, Path(request, "path"), request.Flag("recursive"), request.Streaming);
        await request.Empty(StatusCodes.Status204NoContent);
    }

    private Task BackupAsync(EngineRequest request)
    {
        var quiet = request.Query("quiet") switch
        {
            null or "none" => QuietMode.None,
            "pause" => QuietMode.Pause,
            "stop" => QuietMode.Stop,
            _ => throw EngineErrors.Invalid("api.query", "invalid value for quiet: it is none, pause or stop"),
        };
        var response = request.Http.Response;
        return backups.BackupAsync(
            request.Target, quiet,
            _ =>
            {
                response.ContentType = "application/zstd";
                return response.Body;
            },
            request.Streaming);
    }

    private async Task RestoreAsync(EngineRequest request)
    {
        ArchiveEndpoints.LiftLimits(request.Http);
        var manifest = await backups.RestoreAsync(request.Target, request.Http.Request.Body, request.Streaming);
        await request.Json(
            new ControlVolumeBackup
            {
                Volume = manifest.Volume,
                Driver = manifest.Driver,
                Labels = new(manifest.Labels),
                Options = manifest.Options is { } options ? new(options) : null,
                Created = EngineTime.Format(manifest.Created),
                Taken = EngineTime.Format(manifest.Taken),
                SizeBytes = manifest.SizeBytes,
            },
            EngineJson.Default.ControlVolumeBackup, StatusCodes.Status201Created);
    }

    private Task Work(EngineRequest request) => request.Json(
        [
            .. backups.List().Select(work => new ControlVolumeWork
            {
                Id = work.Id,
                Volume = work.Volume,
                Kind = work.IsRestore ? "restore" : "backup",
                Started = EngineTime.Format(work.Started),
                Bytes = work.Bytes,
                TotalBytes = work.TotalBytes,
            }),
        ],
        EngineJson.Default.ListControlVolumeWork);

    /// <summary>A path as text, or as bytes where it is none: <c>path</c> or <c>path64</c>. Without either the volume itself.</summary>
    private static VolumePath Path(EngineRequest request, string name) => request.Query(name + "64") is { } bytes
        ? VolumePath.Parse(Bytes(name + "64", bytes))
        : VolumePath.Parse(request.Query(name) ?? "");

    private static byte[] Bytes(string name, string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : throw EngineErrors.Invalid("api.query", $"invalid value for {name}: it is no base64");
    }

    private static ControlVolumeEntry Show(VolumeEntry entry)
    {
        var kind = entry.Kind.ToString();
        return new()
        {
            Name = entry.Text,
            NameBytes = Encoding.UTF8.GetBytes(entry.Text).AsSpan().SequenceEqual(entry.Name) ? null : Convert.ToBase64String(entry.Name),
            Kind = char.ToLowerInvariant(kind[0]) + kind[1..],
            Size = entry.Size,
            Mode = (int)entry.Mode,
            UserId = entry.UserId,
            GroupId = entry.GroupId,
            Modified = EngineTime.Format(entry.Modified),
            LinkTarget = entry.LinkTarget is { } target ? Encoding.UTF8.GetString(target) : null,
        };
    }
}
