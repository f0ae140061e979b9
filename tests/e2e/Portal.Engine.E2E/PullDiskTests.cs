using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class PullDiskTests(SmallDiskEngine engine, OpenRegistry registry) : IClassFixture<SmallDiskEngine>, IClassFixture<OpenRegistry>
{
    [Fact]
    public async Task Pull_OnAFullDisk_SaysSoLeavesNothingAndSucceedsOnceThereIsSpace()
    {
        var image = $"{registry.Server.Host}/big:1";
        (await engine.Docker.RunAsync("run", "--name", "source", "busybox", "sh", "-c", "head -c 12000000 /dev/urandom > /big")).Succeeded();
        (await engine.Docker.RunAsync("commit", "source", image)).Succeeded();
        (await engine.Docker.RunAsync("push", image)).Succeeded();
        (await engine.Docker.RunAsync("rm", "source")).Succeeded();
        (await engine.Docker.RunAsync("rmi", image)).Succeeded();
        var running = await engine.Docker.RunDetachedAsync("--name", "bystander", "busybox", "sleep", "60");
        var before = Files();

        // Too little for the archive, and enough for it but not for what is in it.
        foreach (var left in (int[])[6, 19])
        {
            var filler = Path.Combine(engine.Disk, "filler");
            var free = new DriveInfo(engine.Disk).AvailableFreeSpace;
            (await ChildProcess.RunAsync("fallocate", ["-l", (free - (left << 20)).ToString(), filler])).Succeeded();

            var pull = await engine.Docker.RunAsync("pull", image);

            Assert.Equal(1, pull.ExitCode);
            Assert.Contains("no space left on device", pull.Err, StringComparison.Ordinal);
            Assert.Equal("true", await engine.Docker.InspectAsync("bystander", "{{.State.Running}}"));
            Assert.True((await engine.Http.GetAsync("/_ping")).IsSuccessStatusCode);
            File.Delete(filler);
            Assert.Equal(before, Files());
        }

        (await engine.Docker.RunAsync("pull", image)).Succeeded();
        (await engine.Docker.RunAsync("rm", "-f", running)).Succeeded();
        (await engine.Docker.RunAsync("rmi", image)).Succeeded();
    }

    [Fact]
    public async Task Pull_OnADiskWithoutInodes_SaysSoLeavesNothingAndSucceedsOnceThereAreSome()
    {
        var image = $"{registry.Server.Host}/many-files:1";
        (await engine.Docker.RunAsync("run", "--name", "source", "busybox", "sh", "-c", "mkdir /many && cd /many && for i in $(seq 1000); do : > $i; done")).Succeeded();
        (await engine.Docker.RunAsync("commit", "source", image)).Succeeded();
        (await engine.Docker.RunAsync("push", image)).Succeeded();
        (await engine.Docker.RunAsync("rm", "source")).Succeeded();
        (await engine.Docker.RunAsync("rmi", image)).Succeeded();
        var before = Files();
        var fillers = Directory.CreateDirectory(Path.Combine(engine.Disk, "fillers")).FullName;
        try
        {
            for (var i = 0; ; i++)
            {
                File.Create($"{fillers}/{i}").Dispose();
            }
        }
        catch (IOException)
        {
            // All are taken: some for the archive and the first files in it.
            for (var i = 0; i < 500; i++)
            {
                File.Delete($"{fillers}/{i}");
            }
        }

        var pull = await engine.Docker.RunAsync("pull", image);

        Assert.Equal(1, pull.ExitCode);
        Assert.Contains("no space left on device", pull.Err, StringComparison.Ordinal);
        Directory.Delete(fillers, recursive: true);
        Assert.Equal(before, Files());
        (await engine.Docker.RunAsync("pull", image)).Succeeded();
        (await engine.Docker.RunAsync("rmi", image)).Succeeded();
    }

    private string[] Files() => [.. ((string[])["images/blobs", "images/partial", "images/staging", "images/records"])
        .SelectMany(f => Directory.GetFiles(Path.Combine(engine.DataRoot, f), "*", SearchOption.AllDirectories))
        .Concat(Directory.GetDirectories(Path.Combine(engine.DataRoot, "layers"))).Order()];
}
