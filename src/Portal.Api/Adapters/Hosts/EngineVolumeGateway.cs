using System.Globalization;
using Portal.Api.Http;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;

namespace Portal.Api.Adapters.Hosts;

/// <summary>Reaches what is in volumes by the Control API, which only Portal's own agents have.</summary>
internal sealed class EngineVolumeGateway(EngineCalls engine) : IVolumeGateway
{
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(30);

    /// <summary>What comes before the first byte of a backup: containers may have to be stopped, and a tree to be measured.</summary>
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(15);

    public Task<Result<VolumeFolderView>> ListAsync(VolumePlace folder, string? after, int limit, CancellationToken ct) => TryAsync(folder.Host, async () =>
    {
        var query = string.Create(CultureInfo.InvariantCulture, $"&limit={limit}") + (after is null ? "" : "&after=" + Uri.EscapeDataString(after));
        var part = await engine.ReadAsync(folder.Host, Path(folder, "files") + query, EngineJson.Default.ControlVolumeListing, s_short, ct);
        return new VolumeFolderView([.. part.Entries.Select(View)], part.Total, part.Next);
    });

    public Task<Result<VolumeContent>> ReadAsync(VolumePlace file, long? head, CancellationToken ct) =>
        OpenAsync(file.Host, Path(file, "content") + (head is { } length ? string.Create(CultureInfo.InvariantCulture, $"&head={length}") : ""), s_short, ct);

    public Task<Result<VolumeContent>> ReadArchiveAsync(VolumePlace place, CancellationToken ct) => OpenAsync(place.Host, Path(place, "archive"), s_short, ct);

    public Task<Result> WriteAsync(VolumePlace file, Stream content, bool overwrite, CancellationToken ct) =>
        SendAsync(file.Host, HttpMethod.Put, Path(file, "content") + Flag("overwrite", overwrite), content, ct);

    public Task<Result> WriteArchiveAsync(VolumePlace folder, Stream archive, bool overwrite, CancellationToken ct) =>
        SendAsync(folder.Host, HttpMethod.Put, Path(folder, "archive") + Flag("overwrite", overwrite), archive, ct);

    public Task<Result> MakeFolderAsync(VolumePlace folder, CancellationToken ct) => SendAsync(folder.Host, HttpMethod.Post, Path(folder, "folder"), null, ct);

    public Task<Result> RenameAsync(VolumePlace from, string to, bool overwrite, CancellationToken ct) =>
        SendAsync(from.Host, HttpMethod.Post, Path(from, "rename") + "&to=" + Uri.EscapeDataString(to) + Flag("overwrite", overwrite), null, ct);

    public Task<Result> DeleteAsync(VolumePlace place, bool recursive, CancellationToken ct) =>
        SendAsync(place.Host, HttpMethod.Delete, Path(place, "files") + Flag("recursive", recursive), null, ct);

    public Task<Result<VolumeContent>> BackupAsync(HostId host, string volume, VolumeQuiet quiet, CancellationToken ct) => OpenAsync(
        host, Path(new(host, volume, ""), "backup") + "&quiet=" + quiet switch { VolumeQuiet.Pause => "pause", VolumeQuiet.Stop => "stop", VolumeQuiet.None => "none" }, s_long, ct);

    public Task<Result> RestoreAsync(HostId host, string volume, Stream archive, CancellationToken ct) =>
        SendAsync(host, HttpMethod.Put, Path(new(host, volume, ""), "restore"), archive, ct);

    public Task<Result<IReadOnlyList<VolumeWorkView>>> WorkAsync(HostId host, CancellationToken ct) => TryAsync<IReadOnlyList<VolumeWorkView>>(host, async () =>
    {
        var works = await engine.ReadAsync(host, EngineApi.ControlPrefix + "/volume-work", EngineJson.Default.ListControlVolumeWork, s_short, ct);
        return [.. works.Select(work => new VolumeWorkView(work.Id, Printable.Of(work.Volume, 255), work.Kind == "restore", Time(work.Started), work.Bytes, work.TotalBytes))];
    });

    private static string Path(VolumePlace place, string part) =>
        $"{EngineApi.ControlPrefix}/volumes/{Uri.EscapeDataString(place.Volume)}/{part}?path={Uri.EscapeDataString(place.Path)}";

    private static string Flag(string name, bool value) => value ? $"&{name}=1" : "";

    private static VolumeFileView View(ControlVolumeEntry entry) => new(
        entry.Name, entry.NameBytes is null, Enum.TryParse<VolumeEntryKind>(entry.Kind, ignoreCase: true, out var kind) ? kind : VolumeEntryKind.File,
        entry.Size, entry.Mode, entry.UserId, entry.GroupId, Time(entry.Modified), entry.LinkTarget);

    private static DateTimeOffset Time(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : DateTimeOffset.UnixEpoch;

    private Task<Result<VolumeContent>> OpenAsync(HostId host, string path, TimeSpan limit, CancellationToken ct) => TryAsync(host, async () =>
    {
        var response = await engine.OpenAsync(host, HttpMethod.Get, path, limit, ct);
        return new VolumeContent(await response.Content.ReadAsStreamAsync(ct), response.Content.Headers.ContentLength);
    });

    private async Task<Result> SendAsync(HostId host, HttpMethod method, string path, Stream? body, CancellationToken ct)
    {
        var result = await TryAsync(host, async () =>
        {
            using var response = body is null ? await engine.OpenAsync(host, method, path, s_long, ct) : await engine.SendAsync(host, method, path, body, ct);
            return true;
        });
        return new(result.Error);
    }

    private static async Task<Result<T>> TryAsync<T>(HostId host, Func<Task<T>> act)
    {
        try
        {
            return await act();
        }
        catch (ErrorException ex) when (ex.Error is { Kind: ErrorKind.NotFound, Message: "page not found" })
        {
            return new Error(ErrorKind.NotImplemented, "volume.no_files", $"The engine on host {host} does not show what is in its volumes; Portal's agent does.");
        }
        catch (ErrorException ex)
        {
            return ex.Error;
        }
    }
}
