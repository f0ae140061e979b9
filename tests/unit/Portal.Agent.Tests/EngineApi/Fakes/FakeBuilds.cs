using System.Collections.Concurrent;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Contexts;

namespace Portal.Agent.Tests.EngineApi.Fakes;

/// <summary>A builder that does what a test tells it.</summary>
internal sealed class FakeBuilder : IBuilder
{
    public ConcurrentQueue<BuildRequest> Requests { get; } = [];

    public Func<BuildRequest, IBuildProgress, CancellationToken, Task<BuildResult>> Build { get; set; } = (_, _, _) => Task.FromResult(new BuildResult(null, null));

    public Task<BuildResult> BuildAsync(BuildRequest request, IBuildProgress progress, CancellationToken ct)
    {
        Requests.Enqueue(request);
        return Build(request, progress, ct);
    }

    public IReadOnlyList<BuildCacheRecord> Cache() => [];

    public Task<BuildCachePruning> PruneAsync(BuildCachePruneRequest request, CancellationToken ct) => Task.FromResult(new BuildCachePruning([], 0));
}

/// <summary>Contexts that are as long as what was sent.</summary>
internal sealed class FakeContexts : IBuildContexts
{
    public async Task<ReceivedContext> ReceiveAsync(Stream archive, CancellationToken ct)
    {
        using var content = new MemoryStream();
        await archive.CopyToAsync(content, ct);
        return new Context(content.ToArray());
    }

    public Task<ReceivedContext> FetchAsync(string address, CancellationToken ct) => throw new NotSupportedException();

    internal sealed class Context(byte[] content) : ReceivedContext
    {
        public byte[] Content => content;

        public override Task<IBuildTree> OpenAsync(BuildFilter filter, IBuildProgress progress, CancellationToken ct) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
        }
    }
}
