using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E.Builds;

/// <summary>An agent whose build cache is small.</summary>
public sealed class SmallCacheEngine() : AgentProcess(7)
{
    protected override IReadOnlyList<string> Options => ["--build-cache-limit", "5MB"];
}

/// <summary>The build cache shrinks by itself.</summary>
public sealed class BuildCacheTests(SmallCacheEngine engine) : IClassFixture<SmallCacheEngine>
{
    private readonly DockerCli _docker = engine.Docker.With("DOCKER_BUILDKIT", "0");

    [Fact]
    public async Task Cache_OverItsLimit_LosesWhatWasUsedLongestAgoAndNothingThatIsNeeded()
    {
        string Steps(string name) => $"FROM busybox\nRUN head -c 2000000 /dev/urandom > /{name}\nRUN test $(stat -c %s /{name}) = 2000000\n";
        string[] names = ["a", "b", "c"];
        string[] folders = [.. names.Select(name => BuildFolder.Make(engine.Root, Steps(name)))];
        (await _docker.RunAsync("build", "-q", folders[0])).Succeeded();
        (await _docker.RunAsync("build", "-q", folders[1])).Succeeded();
        (await _docker.RunAsync("image", "prune", "-f")).Succeeded();
        Assert.Equal(2, (await _docker.RunAsync("build", folders[0])).Succeeded().Lines.Count(line => line == "---> Using cache"));
        (await _docker.RunAsync("image", "prune", "-f")).Succeeded();

        // While it runs it needs more than the limit; its own steps come before those of the others.
        (await _docker.RunAsync("build", "-t", "kept", BuildFolder.Make(engine.Root, "FROM busybox\nRUN head -c 4000000 /dev/urandom > /k\nRUN head -c 4000000 /dev/urandom > /l\n"))).Succeeded();
        (await _docker.RunAsync("build", "-q", folders[2])).Succeeded();
        (await _docker.RunAsync("image", "prune", "-f")).Succeeded();
        (await _docker.RunAsync("build", "-q", BuildFolder.Make(engine.Root, "FROM scratch\nLABEL nothing=new\n"))).Succeeded();

        await Patience.UntilAsync("the cache is below its limit", async () => await SizeAsync() is > 0 and <= 5_000_000);
        Assert.Equal(2, (await _docker.RunAsync("build", folders[0])).Succeeded().Lines.Count(line => line == "---> Using cache"));
        Assert.DoesNotContain("---> Using cache", (await _docker.RunAsync("build", folders[1])).Succeeded().Lines);
        Assert.Equal("8000000", (await _docker.RunAsync("run", "--rm", "kept", "sh", "-c", "cat /k /l | wc -c")).Succeeded().Line);
    }

    [Fact]
    public async Task Prune_WithBounds_LeavesSoMuch()
    {
        (await _docker.RunAsync("builder", "prune", "-af")).Succeeded();
        foreach (var name in (string[])["x", "y"])
        {
            (await _docker.RunAsync("build", "-q", BuildFolder.Make(engine.Root, $"FROM busybox\nRUN head -c 2000000 /dev/urandom > /{name}\n"))).Succeeded();
            (await _docker.RunAsync("image", "prune", "-f")).Succeeded();
        }

        Assert.Equal(4_000_000, await SizeAsync());
        await PruneAsync("reserved-space=4000000");
        await PruneAsync("max-used-space=4000000");
        await PruneAsync("min-free-space=1");
        Assert.Equal(4_000_000, await SizeAsync());
        await PruneAsync("max-used-space=3000000&reserved-space=1000000");
        Assert.Equal(2_000_000, await SizeAsync());
        await PruneAsync("min-free-space=9000000000000000000&reserved-space=2000000");
        Assert.Equal(2_000_000, await SizeAsync());
        await PruneAsync("min-free-space=9000000000000000000");
        Assert.Equal(0, await SizeAsync());
    }

    private async Task PruneAsync(string query) => (await engine.Http.PostAsync("/build/prune?" + query, null)).EnsureSuccessStatusCode();

    /// <summary>Of what no image has.</summary>
    private async Task<long> SizeAsync()
    {
        using var usage = JsonDocument.Parse(await engine.Http.GetStringAsync("/system/df"));
        return usage.RootElement.GetProperty("BuildCache").EnumerateArray().Where(record => !record.GetProperty("Shared").GetBoolean()).Sum(record => record.GetProperty("Size").GetInt64());
    }
}
