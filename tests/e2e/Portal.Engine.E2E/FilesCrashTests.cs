using System.Text;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Agents killed in the middle of work on a container's files.</summary>
public sealed class FilesCrashTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private const int Size = 40 << 20;

    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await engine.ClearAsync();

    [Fact]
    public async Task Commit_KilledAtAnyMoment_IsThereWhollyOrNotAtAll()
    {
        await _docker.RunAsync("run", "--name", "source", "busybox", "sh", "-c", $"head -c {Size} /dev/urandom > /big");
        var before = await ImagesAsync();
        foreach (var delay in (int[])[20, 120, 250, 400])
        {
            var committing = engine.Http.PostAsync("/commit?container=source&repo=cut", null);
            await Task.Delay(delay);
            await engine.KillAsync();
            _ = await Record.ExceptionAsync(() => committing);
            await engine.StartAsync();

            var tagged = (await _docker.RunAsync("images", "-q", "--no-trunc", "cut")).Succeeded().Lines;
            Assert.Equal(before.Concat(tagged).Order(), (await ImagesAsync()).Order());
            Assert.Empty(Directory.GetFileSystemEntries(engine.DataRoot + "/images/staging"));
            Assert.DoesNotContain(Directory.GetFileSystemEntries(engine.DataRoot + "/layers"), name => name.Contains(".unpack-", StringComparison.Ordinal));
            if (tagged.Length > 0)
            {
                Assert.Equal(Size.ToString(), (await _docker.RunAsync("run", "--rm", "cut", "sh", "-c", "wc -c < /big")).Succeeded().Line);
                (await _docker.RunAsync("rmi", "cut")).Succeeded();
            }
        }

        (await _docker.RunAsync("commit", "source", "cut")).Succeeded();
        (await _docker.RunAsync("rmi", "cut")).Succeeded();
    }

    [Fact]
    public async Task Copy_KilledInTheMiddle_LeavesNoMount()
    {
        await _docker.RunAsync("run", "--name", "stopped", "-v", "held:/held", "busybox", "sh", "-c", $"head -c {Size} /dev/zero > /big");
        using (var reader = await engine.ConnectAsync())
        {
            await reader.SendAsync(Encoding.ASCII.GetBytes("GET /containers/stopped/archive?path=/big HTTP/1.1\r\nHost: x\r\n\r\n"));
            await Patience.UntilAsync("the layer is mounted for the copy", () => Mounts().Any());
            await engine.KillAsync();
        }

        await engine.StartAsync();

        Assert.Empty(Mounts());
        (await _docker.RunAsync("start", "-a", "stopped")).Succeeded();
        (await _docker.RunAsync("rm", "-v", "stopped")).Succeeded();
    }

    private IEnumerable<string> Mounts() => Ledger.Mounts(engine.Root).Where(mount => mount.EndsWith("/merged", StringComparison.Ordinal));

    private async Task<string[]> ImagesAsync() => (await _docker.RunAsync("images", "-aq", "--no-trunc")).Succeeded().Lines;
}
