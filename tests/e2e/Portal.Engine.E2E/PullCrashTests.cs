using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Agents killed in the middle of a pull.</summary>
public sealed class PullCrashTests(KilledEngine engine, OpenRegistry registry) : IClassFixture<KilledEngine>, IClassFixture<OpenRegistry>, IAsyncLifetime
{
    private const int Size = 24 << 20;

    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await engine.ClearAsync();

    [Fact]
    public async Task Pull_KilledInTheMiddle_GoesOnAfterTheStart()
    {
        await using var relay = new SlowRelay(registry.Server.Host);
        var image = $"{relay.Host}/big:1";
        (await _docker.RunAsync("run", "--name", "source", "busybox", "sh", "-c", $"head -c {Size} /dev/urandom > /big && md5sum /big > /sum")).Succeeded();
        (await _docker.RunAsync("commit", "source", image)).Succeeded();
        (await _docker.RunAsync("push", image)).Succeeded();
        (await _docker.RunAsync("rm", "source")).Succeeded();
        (await _docker.RunAsync("rmi", image)).Succeeded();

        relay.Reset(Size / 2);
        await using (var pull = _docker.Start("pull", image))
        {
            await Patience.UntilAsync("half of the image has come", () => relay.Passed >= Size / 2);
            await engine.KillAsync();
        }

        relay.Reset(long.MaxValue);
        await engine.StartAsync();
        Assert.Equal(1, (await _docker.RunAsync("image", "inspect", image)).ExitCode);
        Assert.NotEmpty(Directory.GetFiles(engine.DataRoot + "/images/partial"));

        (await _docker.RunAsync("pull", image)).Succeeded();

        Assert.InRange(relay.Passed, Size / 4, Size * 3 / 4);
        Assert.Equal("/big: OK", (await _docker.RunAsync("run", "--rm", image, "md5sum", "-c", "/sum")).Succeeded().Line);
        Assert.Empty(Directory.GetFiles(engine.DataRoot + "/images/partial"));

        (await _docker.RunAsync("rmi", image)).Succeeded();
        foreach (var delay in (int[])[30, 90, 150, 250, 400])
        {
            await using (var pull = _docker.Start("pull", image))
            {
                await Task.Delay(delay);
                await engine.KillAsync();
            }

            await engine.StartAsync();
            if ((await _docker.RunAsync("image", "inspect", image)).ExitCode == 0)
            {
                // What is there is there wholly.
                Assert.Equal("/big: OK", (await _docker.RunAsync("run", "--rm", image, "md5sum", "-c", "/sum")).Succeeded().Line);
                (await _docker.RunAsync("rmi", image)).Succeeded();
            }

            Assert.Empty(Directory.GetFileSystemEntries(engine.DataRoot + "/images/staging"));
            Assert.DoesNotContain(Directory.GetFileSystemEntries(engine.DataRoot + "/layers"), name => name.Contains(".unpack-", StringComparison.Ordinal));
        }

        (await _docker.RunAsync("pull", image)).Succeeded();
        Assert.Equal("/big: OK", (await _docker.RunAsync("run", "--rm", image, "md5sum", "-c", "/sum")).Succeeded().Line);
        (await _docker.RunAsync("rmi", image)).Succeeded();
    }
}
