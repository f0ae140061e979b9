using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Runtime.Files;

namespace Portal.Agent.EngineApi;

/// <summary>The files of containers: copies in both directions, changes, export.</summary>
internal sealed class ArchiveEndpoints(IContainerFiles files)
{
    private const string StatusHeader = "X-Docker-Container-Path-Stat";

    public void Map(RouteTable routes)
    {
        routes.Head("containers/{id}/archive", StatAsync);
        routes.Get("containers/{id}/archive", ReadAsync);
        routes.Put("containers/{id}/archive", WriteAsync);
        routes.Get("containers/{id}/changes", ChangesAsync);
        routes.Get("containers/{id}/export", ExportAsync);
    }

    /// <summary>Archives may be of any size and come as slowly as a pipe delivers them.</summary>
    public static void LiftLimits(HttpContext http)
    {
        http.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = null;
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    private async Task StatAsync(EngineRequest request) =>
        request.Http.Response.Headers[StatusHeader] = Header(await files.StatAsync(request.Target, Path(request), request.Aborted));

    private Task ReadAsync(EngineRequest request)
    {
        var response = request.Http.Response;
        return files.ReadAsync(
            request.Target,
            Path(request),
            status =>
            {
                response.Headers[StatusHeader] = Header(status);
                response.ContentType = "application/x-tar";
                return response.Body;
            },
            request.Streaming);
    }

    private Task WriteAsync(EngineRequest request)
    {
        LiftLimits(request.Http);
        var options = new CopyOptions(request.Flag("noOverwriteDirNonDir"), request.Flag("copyUIDGID"));
        return files.WriteAsync(request.Target, Path(request), request.Http.Request.Body, options, request.Streaming);
    }

    private async Task ChangesAsync(EngineRequest request)
    {
        var changes = await files.ChangesAsync(request.Target, request.Aborted);
        await request.Json(
            changes.Count == 0 ? null : changes.Select(change => new ContainerChangeItem { Path = change.Path, Kind = (int)change.Kind }).ToList(),
            EngineJson.Default.ListContainerChangeItem!);
    }

    private Task ExportAsync(EngineRequest request)
    {
        var response = request.Http.Response;
        return files.ExportAsync(
            request.Target,
            () =>
            {
                response.ContentType = "application/octet-stream";
                return response.Body;
            },
            request.Streaming);
    }

    private static string Path(EngineRequest request) => request.Query("path") ?? throw EngineErrors.Invalid("files.path", "bad parameter: path cannot be empty");

    private static string Header(PathStatus status) => Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(
        new PathStatusItem { Name = status.Name, Size = status.Size, Mode = status.Mode, Mtime = Time(status), LinkTarget = status.LinkTarget }, EngineJson.Default.PathStatusItem));

    /// <summary>As Go writes a time in UTC: as many digits of a second as there are.</summary>
    internal static string Time(PathStatus status)
    {
        // What no calendar of ours holds, Go could not write either.
        var seconds = Math.Clamp(status.ModifiedSeconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        var text = DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);
        var fraction = status.ModifiedNanoseconds == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $".{status.ModifiedNanoseconds:d9}").TrimEnd('0');
        return text + fraction + "Z";
    }
}
