using Portal.Agent.BuildKit.Wire;
using Portal.BuildKitClient;
using Portal.E2E;

namespace Portal.Engine.E2E.Builds;

/// <summary>Builds that need a registry: what they start from is there and not here, or the result goes there.</summary>
public sealed class RegistryBuildTests(Engine engine, OpenRegistry registry) : EngineTest(engine), IClassFixture<OpenRegistry>, IClassFixture<BuildLeavings>
{
    private const string Htpasswd = "joe:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";

    private readonly string _host = registry.Server.Host;

    public static TheoryData<bool> Builders => [false, true];

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Image_ThatIsNotHere_IsPulled(bool buildKit)
    {
        var client = await ClientAsync(buildKit);
        var (image, other) = (await PublishAsync("base:1", "one"), await PublishAsync("files:1", "files"));
        var folder = BuildFolder.Make(Engine.Root, $"FROM {image} AS a\nRUN cp /v /copied\nFROM {image}\nCOPY --from=a /copied /a\nCOPY --from={other} /v /b\nRUN --mount=from={other},target=/m cp /m/v /c\n");

        (await client.RunAsync("build", "-t", "pulled:1", folder)).Succeeded();

        Assert.Equal(["one", "files", "files", "one"], (await Docker.RunAsync("run", "--rm", "pulled:1", "cat", "/a", "/b", "/c", "/v")).Succeeded().Lines);
        await RemoveAsync("pulled:1", image, other);
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Image_ThatIsHere_IsAskedForAnewWhenToldSo(bool buildKit)
    {
        var client = await ClientAsync(buildKit);
        var image = await PublishAsync("moving:1", "old");
        (await Docker.RunAsync("pull", image)).Succeeded();
        var old = (await Docker.RunAsync("images", "-q", "--no-trunc", image)).Line;
        await PublishAsync("moving:1", "new");
        (await Docker.RunAsync("pull", image)).Succeeded();
        (await Docker.RunAsync("tag", old, image)).Succeeded();
        var folder = BuildFolder.Make(Engine.Root, $"FROM {image}\nRUN cp /v /w\n");

        (await client.RunAsync("build", "-t", "asked:1", folder)).Succeeded();
        (await client.RunAsync("build", "-t", "asked:2", "--pull", folder)).Succeeded();

        Assert.Equal("old", (await Docker.RunAsync("run", "--rm", "asked:1", "cat", "/w")).Succeeded().Line);
        Assert.Equal("new", (await Docker.RunAsync("run", "--rm", "asked:2", "cat", "/w")).Succeeded().Line);
        await RemoveAsync("asked:1", "asked:2", image, old);
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Image_OfAPrivateRegistry_IsPulledAsWhoTheClientIs(bool buildKit)
    {
        var htpasswd = Path.Combine(Engine.Root, "htpasswd-build");
        await File.WriteAllTextAsync(htpasswd, Htpasswd);
        await using var server = await RegistryServer.StartAsync($"{{htpasswd: {{realm: test, path: {htpasswd}}}}}");
        var client = await ClientAsync(buildKit);
        var image = $"{server.Host}/secret/base:1";
        (await Docker.RunAsync("tag", "busybox", image)).Succeeded();
        (await Docker.RunWithInputAsync("secret", "login", "-u", "joe", "--password-stdin", server.Host)).Succeeded();
        (await Docker.RunAsync("push", image)).Succeeded();
        (await Docker.RunAsync("rmi", image)).Succeeded();
        var folder = BuildFolder.Make(Engine.Root, $"FROM busybox AS other\n\nFROM {image}\n");

        (await client.RunWithInputAsync("secret", "login", "-u", "joe", "--password-stdin", server.Host)).Succeeded();
        (await client.RunAsync("build", "-t", "private:1", folder)).Succeeded();
        (await client.RunAsync("logout", server.Host)).Succeeded();
        await RemoveAsync("private:1", image);
        var refused = await client.RunAsync("build", folder);

        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("no basic auth credentials", refused.Out + refused.Err, StringComparison.Ordinal);
        Assert.Contains(":3", refused.Out + refused.Err, StringComparison.Ordinal);
        Assert.DoesNotContain("secret\"", await Engine.LogAsync(), StringComparison.Ordinal);
        (await Docker.RunAsync("logout", server.Host)).Succeeded();
    }

    [Theory]
    [MemberData(nameof(Builders))]
    public async Task Image_ThatNoRegistryHas_IsNamedWithItsLine(bool buildKit)
    {
        var failed = await (await ClientAsync(buildKit)).RunAsync("build", BuildFolder.Make(Engine.Root, $"FROM busybox\n\nCOPY --from={_host}/none:1 /x /\n"));

        Assert.NotEqual(0, failed.ExitCode);
        Assert.Contains($"{_host}/none:1", failed.Out + failed.Err, StringComparison.Ordinal);
        Assert.Contains(":3", failed.Out + failed.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Result_ThatIsToBePushed_IsInTheRegistry()
    {
        var htpasswd = Path.Combine(Engine.Root, "htpasswd-push");
        await File.WriteAllTextAsync(htpasswd, Htpasswd);
        await using var server = await RegistryServer.StartAsync($"{{htpasswd: {{realm: test, path: {htpasswd}}}}}");
        var files = new ServedFiles();
        files.Add("dockerfile", ("Dockerfile", "FROM busybox\nCOPY f /f\n"));
        files.Add("context", ("f", "pushed"));
        var request = (SolveRequest solve, string name, string value) =>
        {
            solve.Exporters.Add(new Exporter { Type = "image", Attrs = { ["name"] = $"{server.Host}/pushed:1,{server.Host}/pushed:2", ["push"] = "true", [name] = value } });
            return solve;
        };
        await using (var stranger = await SessionClient.ConnectAsync(Engine.Socket, files))
        {
            Assert.Contains("no basic auth credentials", (await stranger.BuildAsync(request(stranger.Request(), "unpack", "true"))).Failure?.Status.Detail, StringComparison.Ordinal);
            Assert.Contains("push-by-digest", (await stranger.BuildAsync(request(stranger.Request(), "push-by-digest", "true"))).Failure?.Status.Detail, StringComparison.Ordinal);
        }

        files.Credentials[server.Host] = ("joe", "secret");
        await using var client = await SessionClient.ConnectAsync(Engine.Socket, files);
        var (answer, failure, _) = await client.BuildAsync(request(client.Request(), "unpack", "true"));

        Assert.Null(failure);
        var digests = new[] { await server.DigestAsync("pushed:1", "--creds", "joe:secret"), await server.DigestAsync("pushed:2", "--creds", "joe:secret") };
        Assert.Equal(digests[0], digests[1]);
        Assert.Equal(digests[0], answer!.ExporterResponse["containerimage.digest"]);
        Assert.Equal((await Docker.RunAsync("images", "-q", "--no-trunc", $"{server.Host}/pushed:1")).Line, answer.ExporterResponse["containerimage.config.digest"]);
        await RemoveAsync($"{server.Host}/pushed:1", $"{server.Host}/pushed:2");
    }

    /// <summary>Puts an image into the registry and leaves none here. Its file <c>/v</c> has the text.</summary>
    private async Task<string> PublishAsync(string name, string text)
    {
        var image = $"{_host}/{name}";
        (await Docker.With("DOCKER_BUILDKIT", "0").RunAsync("build", "-t", image, BuildFolder.Make(Engine.Root, $"FROM busybox\nRUN echo {text} > /v\n"))).Succeeded();
        (await Docker.RunAsync("push", image)).Succeeded();
        await RemoveAsync(image);
        return image;
    }

    private async Task RemoveAsync(params string[] images) => (await Docker.RunAsync(["rmi", .. images])).Succeeded();

    private async Task<DockerCli> ClientAsync(bool buildKit)
    {
        if (!buildKit) return Docker.With("DOCKER_BUILDKIT", "0");
        var client = new DockerCli(Engine.Socket, Path.Combine(Engine.Root, "cli"), Installed.BuildKitDocker).With("DOCKER_BUILDKIT", "1").With("BUILDKIT_PROGRESS", "plain");
        Assert.SkipWhen(Installed.BuildKitDocker is null, "docker 20.10 is not installed.");
        return client;
    }
}
