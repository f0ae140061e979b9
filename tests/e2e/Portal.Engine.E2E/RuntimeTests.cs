using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Containers under an OCI runtime of their choice. What crun does is the subject of all other tests.</summary>
public sealed class RuntimeTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await engine.ClearAsync();

    [Fact]
    public async Task Runtime_Unknown_IsRefused()
    {
        var run = await _docker.RunAsync("run", "--runtime", "nope", "busybox", "true");

        Assert.Contains("unknown or invalid runtime name: nope", run.Err, StringComparison.Ordinal);
        Assert.Empty((await _docker.RunAsync("ps", "-aq")).Lines);
    }

    [Fact]
    public async Task Runtime_ByTheNameOfTheShim_IsTheDefault() =>
        Assert.Equal("hi", (await _docker.RunAsync("run", "--rm", "--runtime", "io.containerd.runc.v2", "busybox", "echo", "hi")).Succeeded().Line);

    [Fact]
    public async Task Runc_WholeLife_IsAsUnderCrun()
    {
        Assert.SkipUnless((await _docker.RunAsync("info", "--format", "{{.Runtimes}}")).Succeeded().Out.Contains("runc:{", StringComparison.Ordinal), "runc is not installed.");
        await _docker.RunDetachedAsync("--name", "other", "--runtime", "runc", "-m", "32m", "busybox", "sh", "-c", "trap 'exit 5' TERM; while :; do sleep 0.1; done");

        Assert.Equal("runc", await _docker.InspectAsync("other", "{{.HostConfig.Runtime}}"));
        Assert.True(File.Exists($"{engine.RunRoot}/oci/{await _docker.InspectAsync("other", "{{.Id}}")}/state.json"));
        Assert.Equal("in", (await _docker.RunAsync("exec", "other", "echo", "in")).Succeeded().Line);
        var missing = await _docker.RunAsync("exec", "other", "nope");
        Assert.Equal(127, missing.ExitCode);
        Assert.Contains("exec: \"nope\": executable file not found in $PATH", missing.Out + missing.Err, StringComparison.Ordinal);
        var terminal = await _docker.RunOnTerminalAsync("echo sum $((40+2)); tty\nexit 7\n", "exec", "-it", "other", "sh");
        Assert.Contains("sum 42", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("/dev/pts/", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(7, terminal.ExitCode);

        await engine.KillAsync();
        await engine.StartAsync();

        Assert.Equal("again", (await _docker.RunAsync("exec", "other", "echo", "again")).Succeeded().Line);
        (await _docker.RunAsync("stop", "other")).Succeeded();
        Assert.Equal("exited 5", await _docker.InspectAsync("other", "{{.State.Status}} {{.State.ExitCode}}"));
        (await _docker.RunAsync("start", "other")).Succeeded();
        (await _docker.RunAsync("rm", "-f", "other")).Succeeded();
        Assert.Empty(Directory.GetDirectories($"{engine.RunRoot}/oci"));

        var absent = await _docker.RunAsync("run", "--rm", "--runtime", "runc", "busybox", "nope");
        Assert.Equal(127, absent.ExitCode);
        Assert.Contains("executable file not found in $PATH", absent.Err, StringComparison.Ordinal);
    }
}
