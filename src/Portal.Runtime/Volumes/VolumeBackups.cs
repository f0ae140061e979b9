using System.Collections.Concurrent;
using Portal.Runtime.Linux;
using Portal.Runtime.Mounts;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Volumes;

/// <inheritdoc cref="IVolumeBackups"/>
internal sealed class VolumeBackups(LocalVolumes volumes, QuietContainers containers, TimeProvider time) : IVolumeBackups
{
    private readonly ConcurrentDictionary<string, Work> _works = new(StringComparer.Ordinal);

    public IReadOnlyList<VolumeWork> List() => [.. _works.Values.Select(work => work.Show()).OrderBy(work => work.Started)];

    public async Task BackupAsync(string volume, QuietMode quiet, Func<VolumeManifest, Stream> begin, CancellationToken ct)
    {
        var snapshot = volumes.Resolve(volume);
        using var work = Begin(volume, isRestore: false);

        // The volume stays while its containers are stopped. What can be done before they are is.
        using var used = await ArchiveThread.RunAsync(() => volumes.Use(volume), ct).ConfigureAwait(false);
        var size = await ArchiveThread.RunAsync(() => TreeSize.Of(snapshot.MountPoint, ct), ct).ConfigureAwait(false);
        work.TotalBytes = size;
        await using var quieted = await containers.BeginAsync(volume, quiet, ct).ConfigureAwait(false);
        await ArchiveThread.RunAsync(
            () =>
            {
                using var root = SafeSubpath.OpenFolder(snapshot.MountPoint);
                var manifest = new VolumeManifest(VolumeArchive.Format, volume, "local", snapshot.Labels, snapshot.Options.Shown, snapshot.Created, time.GetUtcNow(), size);
                using var output = new BlockingOutput(begin(manifest), ct);
                VolumeArchive.Write(output, manifest, root, work.Add, ct);
                output.Flush();
            },
            ct).ConfigureAwait(false);
    }

    public async Task<VolumeManifest> RestoreAsync(string volume, Stream archive, CancellationToken ct)
    {
        using var work = Begin(volume, isRestore: true);
        return await ArchiveThread.RunAsync(
            () =>
            {
                using var place = volumes.BeginRestore(volume);
                var manifest = VolumeArchive.Read(archive, place.OpenFolder(), SpaceBudget.For(place.Folder), begun => work.TotalBytes = begun.SizeBytes, work.Add, ct);
                place.Commit(manifest);
                return manifest;
            },
            ct).ConfigureAwait(false);
    }

    private Work Begin(string volume, bool isRestore)
    {
        var work = new Work(_works, volume, isRestore, time.GetUtcNow());
        _works[work.Id] = work;
        return work;
    }

    private sealed class Work(ConcurrentDictionary<string, Work> works, string volume, bool isRestore, DateTimeOffset started) : IDisposable
    {
        private long _bytes;
        private long _total;

        public string Id { get; } = Guid.NewGuid().ToString("n");

        public long TotalBytes { set => Interlocked.Exchange(ref _total, value); }

        public void Add(int bytes) => Interlocked.Add(ref _bytes, bytes);

        public VolumeWork Show() => new(Id, volume, isRestore, started, Interlocked.Read(ref _bytes), Interlocked.Read(ref _total));

        public void Dispose() => works.TryRemove(Id, out _);
    }
}
