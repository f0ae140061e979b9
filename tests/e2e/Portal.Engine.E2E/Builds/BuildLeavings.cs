namespace Portal.Engine.E2E.Builds;

/// <summary>Takes away the build cache of a class, when the class is through: other tests count layers of the shared agent.</summary>
public sealed class BuildLeavings(Engine engine) : IAsyncDisposable
{
    public async ValueTask DisposeAsync() => (await engine.Docker.RunAsync("builder", "prune", "-af")).Succeeded();
}
