using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class ImageDiskTests(SmallDiskEngine engine) : IClassFixture<SmallDiskEngine>
{
    [Theory]
    [InlineData("load")]
    [InlineData("import")]
    [InlineData("commit")]
    public async Task FullDisk_OfWhatMakesAnImage_SaysSoLeavesNothingAndSucceedsOnceThereIsSpace(string operation)
    {
        var docker = engine.Docker;
        var archive = Path.Combine(engine.Root, "made.tar");
        (await docker.RunAsync("run", "--name", "source", "--network", "none", "busybox", "sh", "-c", "head -c 12000000 /dev/urandom > /big")).Succeeded();
        if (operation == "load")
        {
            (await docker.RunAsync("commit", "source", "made:1")).Succeeded();
            (await docker.RunAsync("save", "-o", archive, "made:1")).Succeeded();
            (await docker.RunAsync("rmi", "made:1")).Succeeded();
        }
        else
        {
            (await docker.RunAsync("export", "-o", archive, "source")).Succeeded();
        }

        string[] command = operation switch { "load" => ["load", "-i", archive], "import" => ["import", archive, "made:1"], _ => ["commit", "source", "made:1"] };
        var before = Files();
        // Too little for the archive, and enough for it but not for what is in it.
        foreach (var left in (int[])[6, 19])
        {
            var filler = Path.Combine(engine.Disk, "filler");
            (await ChildProcess.RunAsync("fallocate", ["-l", (new DriveInfo(engine.Disk).AvailableFreeSpace - (left << 20)).ToString(), filler])).Succeeded();

            var answer = await docker.RunAsync(command);

            Assert.NotEqual(0, answer.ExitCode);
            Assert.Contains("no space left on device", answer.Err, StringComparison.Ordinal);
            Assert.Equal(["busybox:latest"], (await docker.RunAsync("images", "-a", "--format", "{{.Repository}}:{{.Tag}}")).Succeeded().Lines);
            Assert.Equal("fine", (await docker.RunAsync("run", "--rm", "--network", "none", "busybox", "echo", "fine")).Succeeded().Line);
            File.Delete(filler);
            Assert.Equal(before, Files());
        }

        (await docker.RunAsync(command)).Succeeded();
        Assert.Equal("12000000", (await docker.RunAsync("run", "--rm", "--network", "none", "made:1", "sh", "-c", "wc -c < /big")).Succeeded().Line);
        (await docker.RunAsync("rm", "source")).Succeeded();
        (await docker.RunAsync("rmi", "made:1")).Succeeded();

        string[] Files() => [.. ((string[])["images/blobs", "images/partial", "images/staging", "images/records"])
            .SelectMany(f => Directory.GetFiles(Path.Combine(engine.DataRoot, f), "*", SearchOption.AllDirectories))
            .Concat(Directory.GetDirectories(Path.Combine(engine.DataRoot, "layers"))).Order(StringComparer.Ordinal)];
    }
}
