using System.Text;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Images;

namespace Portal.Testcontainers.E2E;

/// <summary>Testcontainers for .NET as its users have it, but for the reaper, whose image would have to be fetched.</summary>
public sealed class TestcontainersTests
{
    private const string Server = "trap 'exit 0' TERM; httpd -p 8080 -h /srv; echo started by $WHO; while :; do sleep 0.1; done";

    private readonly Engine _engine;

    public TestcontainersTests(Engine engine)
    {
        TestcontainersSettings.ResourceReaperEnabled = false;
        _engine = engine;
    }

    [Fact]
    public async Task Container_OfItsBuilder_WaitsServesAndLeavesNothing()
    {
        var ct = TestContext.Current.CancellationToken;
        var volume = new VolumeBuilder().WithDockerEndpoint(Endpoint).WithName("kept").Build();
        await volume.CreateAsync(ct);
        var container = new ContainerBuilder("busybox:latest")
            .WithDockerEndpoint(Endpoint)
            .WithImagePullPolicy(PullPolicy.Never)
            .WithName("web")
            .WithLabel("role", "web")
            .WithEnvironment("WHO", "a test")
            .WithResourceMapping("page\n"u8.ToArray(), "/srv/index.html")
            .WithVolumeMount(volume, "/data")
            .WithTmpfsMount("/fast")
            .WithPortBinding(8080, assignRandomHostPort: true)
            .WithCommand("sh", "-c", Server)
            .WithWaitStrategy(Wait.ForUnixContainer()
                .UntilMessageIsLogged("started by a test")
                .UntilInternalTcpPortIsAvailable(8080)
                .UntilHttpRequestIsSucceeded(request => request.ForPort(8080).ForPath("/index.html")))
            .Build();

        await using (container)
        {
            await container.StartAsync(ct);
            Assert.Equal(TestcontainersStates.Running, container.State);
            Assert.Equal("web", (await _engine.Docker.RunAsync("ps", "--filter", "label=role=web", "--filter", "label=org.testcontainers=true", "--format", "{{.Names}}")).Line);

            using (var http = new HttpClient())
                Assert.Equal("page\n", await http.GetStringAsync(new UriBuilder("http", container.Hostname, container.GetMappedPublicPort(8080), "index.html").Uri, ct));

            var exec = await container.ExecAsync(["sh", "-c", "cat /srv/index.html; mount | grep -c ' /fast '; echo warn >&2; exit 3"], ct);
            Assert.Equal((3, "page\n1\n", "warn\n"), (exec.ExitCode, exec.Stdout, exec.Stderr));

            await container.CopyAsync(Encoding.UTF8.GetBytes("copied"), "/data/file", ct: ct);
            Assert.Equal("copied", Encoding.UTF8.GetString(await container.ReadFileAsync("/data/file", ct)));

            var (stdout, stderr) = await container.GetLogsAsync(timestampsEnabled: false, ct: ct);
            Assert.Equal(("started by a test\n", ""), (stdout, stderr));

            await container.PauseAsync(ct);
            Assert.Equal(TestcontainersStates.Paused, container.State);
            await container.UnpauseAsync(ct);
            await container.StopAsync(ct);
            Assert.Equal(0, await container.GetExitCodeAsync(ct));
            await container.StartAsync(ct);
            Assert.Equal("copied", (await container.ExecAsync(["cat", "/data/file"], ct)).Stdout);
        }
        await volume.DeleteAsync(ct);

        Assert.Empty((await _engine.Docker.RunAsync("ps", "-aq")).Lines);
        Assert.Empty((await _engine.Docker.RunAsync("volume", "ls", "-q")).Lines);
    }

    [Fact]
    public async Task Container_ThatFails_IsToldWithItsLogs()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var container = new ContainerBuilder("busybox:latest")
            .WithDockerEndpoint(Endpoint)
            .WithImagePullPolicy(PullPolicy.Never)
            .WithCommand("sh", "-c", "echo broken >&2; exit 5")
            .WithWaitStrategy(Wait.ForUnixContainer().UntilMessageIsLogged("never"))
            .Build();

        var failure = await Assert.ThrowsAsync<ContainerNotRunningException>(() => container.StartAsync(ct));

        Assert.Matches("(?s)exited with code 5\\..*broken", failure.Message);
    }

    private string Endpoint => $"unix://{_engine.Socket}";
}
