using System.Collections.Concurrent;
using System.Text;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Contexts;

namespace Portal.Agent.Tests.EngineApi.Fakes;

/// <summary>A builder that does what the test says.</summary>
internal sealed class FakeBuilds : IBuilder, IBuildContexts
{
    /// <summary>What a build does; by default it says that there is none.</summary>
    public Func<BuildRequest, IBuildProgress, CancellationToken, Task<BuildResult>> Build { get; set; } = (_, _, _) => throw new InvalidOperationException("No build was expected.");

    /// <summary>What was asked for, oldest first.</summary>
    public ConcurrentQueue<BuildRequest> Requests { get; } = [];

    public List<BuildCacheRecord> Records { get; } = [];

    public BuildCachePruneRequest? Pruned { get; private set; }

    public string Received { get; private set; } = "";

    public Task<BuildResult> BuildAsync(BuildRequest request, IBuildProgress progress, CancellationToken ct)
    {
        Requests.Enqueue(request);
        return Build(request, progress, ct);
    }

    public Task<DockerfileFacts> LookAsync(BuildRequest request, IBuildProgress progress, CancellationToken ct) => throw new NotSupportedException();

    public IReadOnlyList<BuildCacheRecord> Cache() => Records;

    public Task<BuildCachePruning> PruneAsync(BuildCachePruneRequest request, CancellationToken ct)
    {
        Pruned = request;
        return Task.FromResult(new BuildCachePruning([.. request.Ids ?? []], request.Ids is { Count: 0 } ? 0 : 7));
    }

    public async Task<ReceivedContext> ReceiveAsync(Stream archive, CancellationToken ct)
    {
        Received = await new StreamReader(archive, Encoding.UTF8).ReadToEndAsync(ct);
        return new Context();
    }

    public Task<ReceivedContext> FetchAsync(string address, bool keepGit, CancellationToken ct)
    {
        Received = address;
        return Task.FromResult<ReceivedContext>(new Context());
    }

    private sealed class Context : ReceivedContext
    {
        public override Task<IBuildTree> OpenAsync(BuildFilter filter, IBuildProgress progress, CancellationToken ct) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
        }
    }
}
