using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Files of containers whose ids are others on the host: archives speak of the container's.</summary>
public sealed class RemappedCopyTests(RemappedEngine engine) : IClassFixture<RemappedEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await engine.ClearAsync();
        await engine.ClearVolumesAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cp_InAndOut_KeepsTheContainersOwners(bool running)
    {
        var folder = Directory.CreateDirectory(Path.Combine(engine.Root, $"copied-{running}")).FullName;
        await File.WriteAllTextAsync(folder + "/f", "f");
        (await ChildProcess.RunAsync("chown", ["5:6", folder + "/f"])).Succeeded();
        (await _docker.RunAsync(running
            ? ["run", "-d", "--name", "mapped", "-v", "vol:/vol", "busybox", "sleep", "300"]
            : ["create", "--name", "mapped", "-v", "vol:/vol", "busybox", "true"])).Succeeded();

        (await _docker.RunAsync("cp", folder, "mapped:/in")).Succeeded();
        (await _docker.RunAsync("cp", folder + "/f", "mapped:/vol/f")).Succeeded();
        var member = await ChildProcess.RunAsync(
            "bash",
            ["-c", "\"$0\" cp mapped:/in/f - | tar --numeric-owner -tvf - && \"$0\" cp mapped:/vol/f - | tar --numeric-owner -tvf - && \"$0\" export mapped | tar --numeric-owner -tvf - in", DockerCli.Usual],
            new Dictionary<string, string> { ["DOCKER_HOST"] = $"unix://{engine.Socket}" });
        (await _docker.RunAsync("commit", "--pause=false", "mapped", "copied")).Succeeded();

        Assert.Equal(["5/6", "5/6", "0/0", "5/6"], member.Succeeded().Lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]));
        Assert.Equal(["5 6", "0 0", "5 6"], (await _docker.RunAsync("run", "--rm", "-v", "vol:/vol", "copied", "stat", "-c", "%u %g", "/in/f", "/in", "/vol/f")).Succeeded().Lines);
        Assert.Equal(["A /in", "A /in/f", "A /vol"], (await _docker.RunAsync("diff", "mapped")).Lines);
        (await _docker.RunAsync("rmi", "copied")).Succeeded();
    }

    [Fact]
    public async Task Cp_OfAnOwnerThatTheContainerCannotHave_IsRefusedByName()
    {
        var file = Path.Combine(engine.Root, "foreign");
        await File.WriteAllTextAsync(file, "x");
        (await ChildProcess.RunAsync("chown", ["3000000:0", file])).Succeeded();
        (await _docker.RunAsync("create", "--name", "strict", "busybox", "true")).Succeeded();

        var copy = await _docker.RunAsync("cp", file, "strict:/x");

        Assert.Contains("3000000:0", copy.Err, StringComparison.Ordinal);
        Assert.NotEqual(0, copy.ExitCode);
    }
}
