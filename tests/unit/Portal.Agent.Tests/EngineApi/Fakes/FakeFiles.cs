using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Files;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;

namespace Portal.Agent.Tests.EngineApi.Fakes;

/// <summary>One file in every container, and what was written beside it.</summary>
internal sealed class FakeFiles : IContainerFiles, IDiskUsage
{
    public List<ContainerChange> Changes { get; } = [];

    public CommitSpec? Committed { get; private set; }

    public string? Written { get; private set; }

    public CopyOptions? Options { get; private set; }

    public Task<PathStatus> StatAsync(string container, string path, CancellationToken ct) => path == "/etc/passwd"
        ? Task.FromResult(new PathStatus("passwd", 309, 420, 1_700_000_000, 120_000_000, ""))
        : throw new ErrorException(ErrorKind.NotFound, "files.not_found", $"Could not find the file {path} in container {container}");

    public async Task ReadAsync(string container, string path, Func<PathStatus, Stream> begin, CancellationToken ct) =>
        await begin(await StatAsync(container, path, ct)).WriteAsync("tar"u8.ToArray(), ct);

    public async Task WriteAsync(string container, string path, Stream archive, CopyOptions options, CancellationToken ct)
    {
        using var reader = new StreamReader(archive, Encoding.UTF8);
        (Written, Options) = (await reader.ReadToEndAsync(ct), options);
    }

    public Task<IReadOnlyList<ContainerChange>> ChangesAsync(string container, CancellationToken ct) => Task.FromResult<IReadOnlyList<ContainerChange>>([.. Changes]);

    public Task ExportAsync(string container, Func<Stream> begin, CancellationToken ct) => begin().WriteAsync("root"u8.ToArray(), ct).AsTask();

    public Task<Digest> CommitAsync(string container, CommitSpec spec, CancellationToken ct)
    {
        Committed = spec;
        return Task.FromResult(Some.Digest);
    }

    public Task<long> SizeAsync(ContainerId container, CancellationToken ct) => Task.FromResult(1000L);

    public Task<DiskUsageSnapshot> ReadAsync(CancellationToken ct) => Task.FromResult(new DiskUsageSnapshot(
        5000, new Dictionary<Digest, long> { [Some.Image.Id] = 400 }, new Dictionary<ContainerId, long>(), new Dictionary<string, long>()));

    public Task<long> VolumeBytesAsync(string folder, CancellationToken ct) => Task.FromResult(7L);

    /// <summary>The defaults that the commit asked for, over those of a container.</summary>
    public ImageConfig Config(ImageConfig own) => Committed!.Config(own);
}
