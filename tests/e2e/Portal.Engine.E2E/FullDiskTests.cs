using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class FullDiskTests(SmallDiskEngine engine) : IClassFixture<SmallDiskEngine>, IAsyncLifetime
{
    private const string NoSpace = "no space left on device";

    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        MakeRoom();
        await engine.ClearAsync();
    }

    private string Filler => Path.Combine(engine.Disk, "filler");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task FullDisk_RefusesWhatNeedsSpaceAndDeletesAllTheSame(bool inodes)
    {
        (await _docker.RunAsync("run", "--name", "ended", "--network", "none", "-v", "/mark", "busybox", "sh", "-c", "echo ran >>/mark/runs")).Succeeded();
        await _docker.RunDetachedAsync("--name", "running", "--network", "none", "busybox", "sleep", "600");
        await _docker.RunDetachedAsync("--name", "kept", "--restart", "always", "--network", "none", "busybox", "sleep", "600");
        var marks = await _docker.InspectAsync("ended", "{{(index .Mounts 0).Source}}/runs");
        await FillAsync(inodes);

        await RefusedAsync("run", "--name", "new", "--network", "none", "busybox", "true");
        await RefusedAsync("create", "--name", "new", "-v", "/anonymous", "busybox");
        await RefusedAsync("volume", "create", "newvolume");
        await RefusedAsync("start", "ended");
        await RefusedAsync("tag", "busybox", "other");
        await RefusedAsync("cp", Environment.ProcessPath!, "running:/there");
        Assert.Equal("ran\n", await File.ReadAllTextAsync(marks));
        Assert.Equal(3, (await _docker.RunAsync("ps", "-aq")).Lines.Length);
        (await _docker.RunAsync("stop", "-t", "0", "kept")).Succeeded();
        (await _docker.RunAsync("rm", "kept")).Succeeded();
        (await _docker.RunAsync("rm", "-f", "running")).Succeeded();

        MakeRoom();
        (await _docker.RunAsync("run", "--name", "new", "--network", "none", "busybox", "true")).Succeeded();
        (await _docker.RunAsync("start", "-a", "ended")).Succeeded();
        Assert.Equal("ran\nran\n", await File.ReadAllTextAsync(marks));
        Assert.Equal(2, Directory.GetDirectories(engine.Disk + "/containers").Length);
        Assert.Equal(2, Directory.GetDirectories(engine.Disk + "/containers-rw").Length);
        Assert.Empty(Directory.GetFiles(engine.Disk, "*.tmp", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None }));
    }

    private void MakeRoom()
    {
        File.Delete(Filler);
        if (Directory.Exists(Filler + "s"))
        {
            Directory.Delete(Filler + "s", recursive: true);
        }
    }

    private async Task RefusedAsync(params string[] arguments)
    {
        var answer = await _docker.RunAsync(arguments);
        Assert.NotEqual(0, answer.ExitCode);
        Assert.Contains(NoSpace, answer.Err, StringComparison.Ordinal);
    }

    private async Task FillAsync(bool inodes)
    {
        Directory.CreateDirectory(Filler + "s");
        if (!inodes)
        {
            await ChildProcess.RunAsync("dd", ["if=/dev/zero", $"of={Filler}", "bs=4k"]);
            return;
        }

        try
        {
            for (var i = 0; ; i++)
            {
                File.Create($"{Filler}s/{i}").Dispose();
            }
        }
        catch (IOException)
        {
            // All are taken.
        }
    }
}
