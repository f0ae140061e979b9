using Portal.E2E;
using Portal.Engine.E2E.Builds;

namespace Portal.Engine.E2E;

/// <summary>
/// Images that go from this engine to dockerd and podman and from those to this one, by a registry and by archives. An image's id is the digest of its
/// configuration, which names the digests of its layers: with the same id it is the same image, and it has to lead to the same files.
/// </summary>
public sealed class ImageRoundTripTests(Engine engine, OtherEngines others) : EngineTest(engine), IClassFixture<OtherEngines>, IClassFixture<BuildLeavings>
{
    private const string Dockerfile = """
        FROM busybox
        LABEL of="round trips"
        ENV WORDS="two words"
        COPY files/ /files/
        RUN ln -s ../files/one /files/link && ln /files/one /files/hard && chown 12:34 /files/two && chmod 4755 /files/two && mkfifo /files/pipe
        RUN rm /files/three && rm -rf /home && mkdir -m 2750 /home && touch /home/new
        USER 1000:10
        EXPOSE 8080/udp
        VOLUME /kept
        STOPSIGNAL SIGUSR1
        ENTRYPOINT ["cat"]
        CMD ["/files/one"]
        """;

    private DockerCli Own => Docker.With("DOCKER_BUILDKIT", "0");

    [Theory]
    [InlineData("dockerd")]
    [InlineData("podman")]
    public async Task ImageBuiltHere_ThroughARegistry_IsTheSameThere(string name)
    {
        var (other, _) = others.Find(name);
        var image = $"{others.Registry.Host}/here/for-{name}:1";
        await BuildAsync(Own, image);

        (await Docker.RunAsync("push", image)).Succeeded();
        (await other.RunAsync("pull", image)).Succeeded();

        var digest = await others.Registry.DigestAsync($"here/for-{name}:1");
        Assert.Contains($"{others.Registry.Host}/here/for-{name}@{digest}", await DigestsAsync(Docker, image));
        Assert.Contains($"{others.Registry.Host}/here/for-{name}@{digest}", await DigestsAsync(other, image));
        await AreSameAsync(other, image);
    }

    [Theory]
    [InlineData("dockerd", "gzip")]
    [InlineData("podman", "gzip")]
    [InlineData("podman", "zstd")]
    public async Task ImageBuiltThere_ThroughARegistry_IsTheSameHere(string name, string compression)
    {
        var (other, options) = others.Find(name);
        var image = $"{others.Registry.Host}/{name}/{compression}:1";
        await BuildAsync(other, image, options);

        (await other.RunAsync(["push", .. compression == "zstd" ? (string[])["--compression-format", "zstd"] : [], image])).Succeeded();
        var pull = (await Docker.RunAsync("pull", image)).Succeeded();

        var digest = await others.Registry.DigestAsync($"{name}/{compression}:1");
        Assert.Contains($"Digest: {digest}", pull.Out, StringComparison.Ordinal);
        Assert.Equal([$"{others.Registry.Host}/{name}/{compression}@{digest}"], await DigestsAsync(Docker, image));
        await AreSameAsync(other, image);
        Assert.Equal("1", (await Docker.RunAsync("run", "--rm", image)).Succeeded().Line);

        // And back again, unchanged.
        var copy = $"{others.Registry.Host}/{name}/{compression}-back:1";
        (await Docker.RunAsync("tag", image, copy)).Succeeded();
        (await Docker.RunAsync("push", copy)).Succeeded();
        Assert.Equal(digest, await others.Registry.DigestAsync($"{name}/{compression}-back:1"));
    }

    [Theory]
    [InlineData("dockerd")]
    [InlineData("podman")]
    public async Task ImageSavedHere_AndLoadedThere_IsTheSame(string name)
    {
        var (other, _) = others.Find(name);
        var image = $"localhost/saved/for-{name}:1";
        var archive = Path.Combine(Engine.Root, "saved.tar");
        await BuildAsync(Own, image);

        (await Docker.RunAsync("save", "-o", archive, image)).Succeeded();
        (await other.RunAsync("load", "-i", archive)).Succeeded();

        await AreSameAsync(other, image);
    }

    [Theory]
    [InlineData("dockerd", null)]
    [InlineData("podman", "docker-archive")]
    [InlineData("podman", "oci-archive")]
    public async Task ImageSavedThere_AndLoadedHere_IsTheSame(string name, string? format)
    {
        var (other, options) = others.Find(name);
        var image = $"localhost/loaded/from-{name}-{format ?? "docker"}:1";
        var archive = Path.Combine(Engine.Root, $"from-{name}-{format}.tar");
        await BuildAsync(other, image, options);

        (await other.RunAsync(["save", .. format is null ? (string[])[] : ["--format", format], "-o", archive, image])).Succeeded();
        Assert.Contains($"Loaded image: {image}", (await Docker.RunAsync("load", "-i", archive)).Succeeded().Out, StringComparison.Ordinal);

        await AreSameAsync(other, image);
        Assert.Equal("1", (await Docker.RunAsync("run", "--rm", image)).Succeeded().Line);
    }

    private async Task BuildAsync(DockerCli engine, string image, params string[] options)
    {
        var folder = Path.Combine(Engine.Root, "round-trip");
        Directory.CreateDirectory(Path.Combine(folder, "files"));
        foreach (var (file, content) in new[] { ("one", "1\n"), ("two", "2\n"), ("three", "3\n"), (new string('n', 200), "a long name\n") })
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "files", file), content);
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "Dockerfile"), Dockerfile);
        (await engine.RunAsync(["build", .. options, "-t", image, folder])).Succeeded();
    }

    private async Task AreSameAsync(DockerCli other, string image)
    {
        Assert.Equal(await IdAsync(other, image), await IdAsync(Docker, image));
        var (theirs, ours) = (await ImageContents.TreeAsync(other, image, Engine.Root), await ImageContents.TreeAsync(Docker, image, Engine.Root));
        Assert.Equal("F 4755 12:34 \"2\\n\"", ours["files/two"]);
        Assert.DoesNotContain("files/three", ours.Keys);
        Assert.Empty(ImageContents.Difference(theirs, ours));
        (await other.RunAsync("rmi", image)).Succeeded();
    }

    private static async Task<string> IdAsync(DockerCli engine, string image) =>
        (await engine.RunAsync("image", "inspect", "--format", "{{.Id}}", image)).Succeeded().Line.Replace("sha256:", "", StringComparison.Ordinal);

    private static async Task<string[]> DigestsAsync(DockerCli engine, string image) =>
        (await engine.RunAsync("image", "inspect", "--format", "{{range .RepoDigests}}{{println .}}{{end}}", image)).Succeeded().Lines;
}
