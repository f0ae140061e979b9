using System.Text;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;
using Portal.Runtime.Volumes;

namespace Portal.Agent.Tests.EngineApi.Fakes;

/// <summary>Says what it is asked.</summary>
internal sealed class FakeVolumeData : IVolumeFiles, IVolumeBackups
{
    /// <summary>The last call.</summary>
    public string Asked { get; private set; } = "";

    public Task<VolumeListing> ListAsync(string volume, VolumePath folder, byte[]? after, int limit, CancellationToken ct) => Note(
        $"list {volume} {folder} {(after is null ? "-" : Convert.ToHexString(after))} {limit}",
        new VolumeListing(
            [
                new([(byte)'a', 0xFF], VolumeEntryKind.File, 5, 0x1ED, 1, 2, Some.Time, null),
                new("link"u8.ToArray(), VolumeEntryKind.Link, 4, 0x1FF, 0, 0, Some.Time, "/etc"u8.ToArray()),
            ],
            7, "link"u8.ToArray()));

    public Task<VolumeEntry> StatAsync(string volume, VolumePath path, CancellationToken ct) =>
        Note($"stat {volume} {path}", new VolumeEntry(path.Leaf.ToArray(), VolumeEntryKind.CharacterDevice, 0, 0x1B6, 0, 0, Some.Time, null));

    public async Task ReadAsync(string volume, VolumePath path, long? length, Func<VolumeEntry, long, Stream> begin, CancellationToken ct)
    {
        Asked = $"read {volume} {path} {length}";
        await begin(await StatAsync(volume, path, ct), 5).WriteAsync("hello"u8.ToArray(), ct);
    }

    public async Task ReadArchiveAsync(string volume, VolumePath path, Func<VolumeEntry, Stream> begin, CancellationToken ct) =>
        await begin(await StatAsync(volume, path, ct)).WriteAsync("tar"u8.ToArray(), ct);

    public async Task WriteAsync(string volume, VolumePath path, Stream content, bool overwrite, CancellationToken ct)
    {
        using var reader = new StreamReader(content, Encoding.UTF8);
        Asked = $"write {volume} {path} {overwrite} {await reader.ReadToEndAsync(ct)}";
    }

    public Task WriteArchiveAsync(string volume, VolumePath folder, Stream archive, bool overwrite, CancellationToken ct) => Note($"unpack {volume} {folder} {overwrite}", 0);

    public Task MakeFolderAsync(string volume, VolumePath path, CancellationToken ct) => Note($"mkdir {volume} {path}", 0);

    public Task RenameAsync(string volume, VolumePath from, VolumePath to, bool overwrite, CancellationToken ct) => Note($"rename {volume} {from} {to} {overwrite}", 0);

    public Task DeleteAsync(string volume, VolumePath path, bool recursive, CancellationToken ct) => Note($"delete {volume} {path} {recursive}", 0);

    public async Task BackupAsync(string volume, QuietMode quiet, Func<VolumeManifest, Stream> begin, CancellationToken ct)
    {
        Asked = $"backup {volume} {quiet}";
        await begin(Manifest(volume)).WriteAsync("archive"u8.ToArray(), ct);
        if (volume == "broken")
        {
            throw new IOException("the disk");
        }
    }

    public Task<VolumeManifest> RestoreAsync(string volume, Stream archive, CancellationToken ct) => volume == "full"
        ? throw new ErrorException(ErrorKind.Conflict, "volume.not_empty", "volume full is not empty")
        : Note($"restore {volume}", Manifest("source"));

    public IReadOnlyList<VolumeWork> List() => [new("1", "data", true, Some.Time, 5, 10)];

    private static VolumeManifest Manifest(string name) => new(1, name, "local", new Dictionary<string, string> { ["a"] = "b" }, null, Some.Time, Some.Time, 12);

    private Task<T> Note<T>(string asked, T answer)
    {
        Asked = asked;
        return Task.FromResult(answer);
    }
}
