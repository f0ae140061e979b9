using System.Text;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;

namespace Portal.Api.Tests;

/// <summary>Volumes of which a test knows what was asked.</summary>
internal sealed class FakeVolumes : IVolumeGateway
{
    /// <summary>What arrived.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>What every call answers instead.</summary>
    public Error? Failure { get; set; }

    /// <summary>The last content that was handed out was disposed of.</summary>
    public bool Disposed { get; private set; }

    public Task<Result<VolumeFolderView>> ListAsync(VolumePlace folder, string? after, int limit, CancellationToken ct) => AnswerAsync(
        $"list {folder} {after} {limit}",
        new VolumeFolderView([new("file", true, VolumeEntryKind.CharacterDevice, 5, 0x1A4, 1, 2, DateTimeOffset.UnixEpoch, null)], 9, "next"));

    public Task<Result<VolumeContent>> ReadAsync(VolumePlace file, long? head, CancellationToken ct) => AnswerAsync($"read {file} {head}", Content("hello"));

    public Task<Result<VolumeContent>> ReadArchiveAsync(VolumePlace place, CancellationToken ct) => AnswerAsync($"archive {place}", Content("tar"));

    public Task<Result> WriteAsync(VolumePlace file, Stream content, bool overwrite, CancellationToken ct) => TakeAsync($"write {file} {overwrite}", content);

    public Task<Result> WriteArchiveAsync(VolumePlace folder, Stream archive, bool overwrite, CancellationToken ct) => TakeAsync($"unpack {folder} {overwrite}", archive);

    public Task<Result> MakeFolderAsync(VolumePlace folder, CancellationToken ct) => TakeAsync($"folder {folder}", null);

    public Task<Result> RenameAsync(VolumePlace from, string to, bool overwrite, CancellationToken ct) => TakeAsync($"rename {from} {to} {overwrite}", null);

    public Task<Result> DeleteAsync(VolumePlace place, bool recursive, CancellationToken ct) => TakeAsync($"delete {place} {recursive}", null);

    public Task<Result<VolumeContent>> BackupAsync(HostId host, string volume, VolumeQuiet quiet, CancellationToken ct) => AnswerAsync($"backup {host}/{volume} {quiet}", Content("backup"));

    public Task<Result> RestoreAsync(HostId host, string volume, Stream archive, CancellationToken ct) => TakeAsync($"restore {host}/{volume}", archive);

    public Task<Result<IReadOnlyList<VolumeWorkView>>> WorkAsync(HostId host, CancellationToken ct) =>
        AnswerAsync<IReadOnlyList<VolumeWorkView>>($"work {host}", [new("1", "data", true, DateTimeOffset.UnixEpoch, 5, 10)]);

    private VolumeContent Content(string text)
    {
        Disposed = false;
        return new(new WatchedStream(Encoding.UTF8.GetBytes(text), () => Disposed = true), text.Length);
    }

    private Task<Result<T>> AnswerAsync<T>(string call, T answer)
    {
        Calls.Add(call);
        return Task.FromResult(Failure is { } failure ? failure : Result.Of(answer));
    }

    private async Task<Result> TakeAsync(string call, Stream? content)
    {
        if (content is not null)
        {
            using var read = new MemoryStream();
            await content.CopyToAsync(read);
            call += read.Length < 100 ? " " + Encoding.UTF8.GetString(read.ToArray()) : $" {read.Length} bytes";
        }

        Calls.Add(call);
        return Failure is { } failure ? failure : Result.Success;
    }

    private sealed class WatchedStream(byte[] content, Action disposed) : MemoryStream(content)
    {
        protected override void Dispose(bool disposing)
        {
            disposed();
            base.Dispose(disposing);
        }
    }
}
