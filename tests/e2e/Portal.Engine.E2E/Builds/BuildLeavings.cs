namespace Portal.Engine.E2E.Builds;

/// <summary>Takes away what the builds of a class made: other tests count images and layers of the shared agent.</summary>
public sealed class BuildLeavings(Engine engine) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        var kept = (await engine.Docker.RunAsync("image", "inspect", "-f", "{{.Id}}", "busybox")).Succeeded().Line;
        string[] made = [.. (await engine.Docker.RunAsync("images", "-aq", "--no-trunc")).Succeeded().Lines.Distinct().Where(id => id != kept)];
        if (made.Length > 0)
        {
            (await engine.Docker.RunAsync(["rmi", "-f", .. made])).Succeeded();
        }

        (await engine.Docker.RunAsync("builder", "prune", "-af")).Succeeded();
    }
}
