using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>A registry for anybody.</summary>
public sealed class OpenRegistry : IAsyncLifetime
{
    private RegistryServer? _server;

    public RegistryServer Server => _server!;

    public async ValueTask InitializeAsync() => _server = await RegistryServer.StartAsync();

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}

public sealed class RegistryTests(Engine engine, OpenRegistry registry) : EngineTest(engine), IClassFixture<OpenRegistry>, IAsyncLifetime
{
    private const string Htpasswd = "joe:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";

    private readonly string _host = registry.Server.Host;

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await DisposeAsync();
        var busybox = await BusyboxAsync();
        // Their names at busybox first, then the images that are theirs alone.
        foreach (var name in (await Docker.RunAsync("image", "inspect", "--format", "{{range .RepoTags}}{{println .}}{{end}}", busybox)).Lines.Where(n => n != "busybox:latest"))
            await Docker.RunAsync("rmi", name);
        var left = (await Docker.RunAsync("images", "-q", "--no-trunc")).Lines.Distinct().Where(id => id != busybox).ToArray();
        if (left.Length > 0) await Docker.RunAsync(["rmi", "-f", .. left]);
    }

    [Theory]
    [InlineData("v2s2", "gzip")]
    [InlineData("oci", "gzip")]
    [InlineData("oci", "zstd")]
    public async Task RoundTrip_OfAnImageThatSkopeoMade_KeepsItsDigest(string format, string compression)
    {
        var image = $"{_host}/made/{format}-{compression}:1";
        await SkopeoAsync(image, "--format", format, "--dest-compress-format", compression);
        var digest = await registry.Server.DigestAsync($"made/{format}-{compression}:1");

        var pull = (await Docker.RunAsync("pull", image)).Succeeded();
        Assert.Contains($"Digest: {digest}", pull.Out, StringComparison.Ordinal);
        Assert.Contains($"Status: Downloaded newer image for {image}", pull.Out, StringComparison.Ordinal);
        Assert.Equal("it runs", (await Docker.RunAsync("run", "--rm", image, "echo", "it runs")).Succeeded().Line);
        Assert.Contains($"Status: Image is up to date for {image}", (await Docker.RunAsync("pull", image)).Succeeded().Out, StringComparison.Ordinal);

        var copy = $"{_host}/copied/{format}-{compression}:2";
        (await Docker.RunAsync("tag", image, copy)).Succeeded();
        var push = (await Docker.RunAsync("push", copy)).Succeeded();
        Assert.Contains($"2: digest: {digest} size: ", push.Out, StringComparison.Ordinal);
        Assert.Contains("Mounted from made/", push.Out, StringComparison.Ordinal);
        Assert.Equal(digest, await registry.Server.DigestAsync($"copied/{format}-{compression}:2"));
        Assert.Contains("Layer already exists", (await Docker.RunAsync("push", copy)).Succeeded().Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_OfAnImportedImage_ComesBackAsTheSame()
    {
        var image = $"{_host}/imported:1";
        (await Docker.RunAsync("tag", "busybox", image)).Succeeded();
        (await Docker.RunAsync("push", image)).Succeeded();
        var pushed = await registry.Server.DigestAsync("imported:1");
        Assert.Equal([$"{_host}/imported@{pushed}"], (await Docker.RunAsync("image", "inspect", "--format", "{{range .RepoDigests}}{{println .}}{{end}}", image)).Lines.Where(l => l.Length > 0));

        (await Docker.RunAsync("rmi", image)).Succeeded();
        (await Docker.RunAsync("pull", image)).Succeeded();
        Assert.Equal(await BusyboxAsync(), (await Docker.RunAsync("images", "-q", "--no-trunc", image)).Line);
    }

    [Fact]
    public async Task Run_OfAnImageThatIsNotHere_PullsIt()
    {
        await SkopeoAsync($"{_host}/absent:1");

        var run = (await Docker.RunAsync("run", "--rm", $"{_host}/absent:1", "echo", "pulled")).Succeeded();

        Assert.Equal("pulled", run.Line);
        Assert.Contains("Unable to find image", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithPull_PullsAlwaysWhenMissingOrNever()
    {
        var image = $"{_host}/policy:1";
        await SkopeoAsync(image);

        var never = await Docker.RunAsync("run", "--rm", "--pull", "never", image, "true");
        Assert.Equal(125, never.ExitCode);
        Assert.Contains($"No such image: {image}", never.Err, StringComparison.Ordinal);

        Assert.Contains("Downloaded newer image", (await Docker.RunAsync("run", "--rm", "--pull", "missing", image, "true")).Succeeded().Err, StringComparison.Ordinal);
        Assert.Empty((await Docker.RunAsync("run", "--rm", "--pull", "missing", image, "true")).Succeeded().Err);
        Assert.Contains("Image is up to date", (await Docker.RunAsync("run", "--rm", "--pull", "always", image, "true")).Succeeded().Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pull_OnATerminal_DrawsALineForEachLayer()
    {
        await SkopeoAsync($"{_host}/drawn:1");
        await using var relay = new SlowRelay(_host);
        var image = $"{relay.Host}/drawn:1";
        relay.Reset(400_000);
        var letting = Patience.UntilAsync("some of the layer has come", () => relay.Passed >= 400_000).ContinueWith(_ => relay.Allowance = long.MaxValue, TaskScheduler.Default);

        var pull = (await Docker.RunOnTerminalAsync("", "pull", image)).Succeeded();
        await letting;

        // The cursor goes up to the line of the layer, which is drawn anew. Without a width there is no room for the bar beside the numbers.
        Assert.Matches(@"\u001b\[1A.*: Downloading +[^\r]*[0-9.]+[kM]?B/[0-9.]+[kM]B", pull.Out);
        Assert.Matches(@"\u001b\[1A.*: Pull complete", pull.Out);
    }

    [Fact]
    public async Task Digest_IsAReferenceEverywhere()
    {
        await SkopeoAsync($"{_host}/pinned:1");
        var digest = await registry.Server.DigestAsync("pinned:1");
        var name = $"{_host}/pinned@{digest}";

        (await Docker.RunAsync("pull", name)).Succeeded();

        Assert.Equal($"<none> {digest}", (await Docker.RunAsync("images", "--digests", "--format", "{{.Tag}} {{.Digest}}", $"{_host}/pinned")).Line);
        Assert.Equal("ok", (await Docker.RunAsync("run", "--rm", name, "echo", "ok")).Succeeded().Line);
        Assert.Contains($"Untagged: {name}", (await Docker.RunAsync("rmi", name)).Succeeded().Out, StringComparison.Ordinal);
        Assert.Equal(1, (await Docker.RunAsync("image", "inspect", name)).ExitCode);
    }

    [Fact]
    public async Task AllTags_ArePulledAndPushed()
    {
        await SkopeoAsync($"{_host}/many:a");
        await SkopeoAsync($"{_host}/many:b");

        (await Docker.RunAsync("pull", "-a", $"{_host}/many")).Succeeded();
        Assert.Equal(["a", "b"], (await Docker.RunAsync("images", "--format", "{{.Tag}}", $"{_host}/many")).Lines.Order());
        (await Docker.RunAsync("tag", $"{_host}/many:a", $"{_host}/more:c")).Succeeded();
        (await Docker.RunAsync("tag", $"{_host}/many:a", $"{_host}/more:d")).Succeeded();
        (await Docker.RunAsync("push", "-a", $"{_host}/more")).Succeeded();

        Assert.Equal(await registry.Server.DigestAsync("more:c"), await registry.Server.DigestAsync("more:d"));
    }

    [Fact]
    public async Task Index_WithManyPlatforms_GivesTheOneThatIsAskedFor()
    {
        await SkopeoAsync($"{_host}/multi:native");
        var (native, nativeType) = await ManifestAsync("multi", "native");
        var foreignConfig = Encoding.UTF8.GetBytes("""{"architecture":"s390x","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}""");
        await PutBlobAsync("multi", foreignConfig);
        var foreign = Encoding.UTF8.GetBytes($$$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{{DigestOf(foreignConfig)}}}","size":{{{foreignConfig.Length}}}},"layers":[]}
            """);
        await PutManifestAsync("multi", "foreign", foreign, "application/vnd.oci.image.manifest.v1+json");
        var architecture = (await Docker.RunAsync("image", "inspect", "--format", "{{.Architecture}}", "busybox")).Line;
        var index = Encoding.UTF8.GetBytes($$$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[
            {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{{{DigestOf(foreign)}}}","size":{{{foreign.Length}}},"platform":{"architecture":"s390x","os":"linux"}},
            {"mediaType":"{{{nativeType}}}","digest":"{{{DigestOf(native)}}}","size":{{{native.Length}}},"platform":{"architecture":"{{{architecture}}}","os":"linux"}}]}
            """);
        await PutManifestAsync("multi", "1", index, "application/vnd.oci.image.index.v1+json");

        Assert.Contains($"Digest: {DigestOf(index)}", (await Docker.RunAsync("pull", $"{_host}/multi:1")).Succeeded().Out, StringComparison.Ordinal);
        Assert.Equal(architecture, (await Docker.RunAsync("image", "inspect", "--format", "{{.Architecture}}", $"{_host}/multi:1")).Line);
        (await Docker.RunAsync("pull", "--platform", "linux/s390x", $"{_host}/multi:1")).Succeeded();
        Assert.Equal("s390x", (await Docker.RunAsync("image", "inspect", "--format", "{{.Architecture}}", $"{_host}/multi:1")).Line);
        Assert.Contains("no matching manifest for linux/mips64le in the manifest list entries", (await Docker.RunAsync("pull", "--platform", "linux/mips64le", $"{_host}/multi:1")).Err, StringComparison.Ordinal);

        using var distribution = JsonDocument.Parse(await Http.GetStringAsync($"/distribution/{_host}/multi:1/json"));
        Assert.Equal(DigestOf(index), distribution.RootElement.GetProperty("Descriptor").GetProperty("digest").GetString());
        Assert.Equal(2, distribution.RootElement.GetProperty("Platforms").GetArrayLength());
    }

    [Fact]
    public async Task Pull_OfWhatIsNotThere_SaysSoInDockersWords()
    {
        Assert.Equal(
            $"Error response from daemon: manifest for {_host}/nothing:1 not found: manifest unknown: manifest unknown",
            (await Docker.RunAsync("pull", $"{_host}/nothing:1")).Err.Trim());
        Assert.Contains("connection refused", (await Docker.RunAsync("pull", $"127.0.0.1:{RegistryServer.FreePort()}/x")).Err, StringComparison.Ordinal);
        Assert.Contains($"An image does not exist locally with the tag: {_host}/nothing", (await Docker.RunAsync("push", $"{_host}/nothing")).Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_OfPullAndPush_NameTheReference()
    {
        await SkopeoAsync($"{_host}/told:1");
        await using var events = Docker.Start("events", "--filter", "type=image", "--filter", "event=pull", "--filter", "event=push", "--format", "{{.Action}} {{.ID}} {{.Actor.Attributes.name}}");
        await Task.Delay(300);

        (await Docker.RunAsync("pull", $"{_host}/told:1")).Succeeded();
        (await Docker.RunAsync("push", $"{_host}/told:1")).Succeeded();

        Assert.Equal($"pull {_host}/told:1 {_host}/told", await events.ReadLineAsync());
        Assert.Equal($"push {_host}/told:1 {_host}/told", await events.ReadLineAsync());
    }

    [Fact]
    public async Task Push_ThroughAProxyThatTakesLittleAtATime_GoesInChunksAndOnWhereItBroke()
    {
        await using var proxy = new StrictProxy(_host, limit: 10_000_000, failing: 8_388_608);
        var image = $"{proxy.Host}/chunks:1";
        (await Docker.RunAsync("run", "--name", "source", "busybox", "sh", "-c", "head -c 20000000 /dev/urandom > /big && md5sum /big > /sum")).Succeeded();
        (await Docker.RunAsync("commit", "source", image)).Succeeded();

        (await Docker.RunAsync("push", image)).Succeeded();

        Assert.Equal(["413", "ok 0-8388607", "502 8388608-16777215", "ok 8388608-16777215"], proxy.Parts.Where(p => !IsOfBusybox(p)).Take(4));
        (await Docker.RunAsync("rmi", image)).Succeeded();
        (await Docker.RunAsync("rm", "source")).Succeeded();
        (await Docker.RunAsync("pull", $"{_host}/chunks:1")).Succeeded();
        Assert.Equal("/big: OK", (await Docker.RunAsync("run", "--rm", $"{_host}/chunks:1", "md5sum", "-c", "/sum")).Succeeded().Line);

        // The other layer goes in one piece.
        static bool IsOfBusybox(string part) => part == "ok";
    }

    [Fact]
    public async Task Basic_IsWantedLoggedInWithAndUsed()
    {
        var htpasswd = Path.Combine(Engine.Root, "htpasswd");
        await File.WriteAllTextAsync(htpasswd, Htpasswd);
        await using var server = await RegistryServer.StartAsync($"{{htpasswd: {{realm: test, path: {htpasswd}}}}}");
        var image = $"{server.Host}/secret:1";
        (await Docker.RunAsync("tag", "busybox", image)).Succeeded();

        Assert.Contains("no basic auth credentials", (await Docker.RunAsync("push", image)).Err, StringComparison.Ordinal);
        Assert.Contains("401 Unauthorized", (await Docker.RunWithInputAsync("wrong", "login", "-u", "joe", "--password-stdin", server.Host)).Err, StringComparison.Ordinal);
        Assert.Contains("Login Succeeded", (await Docker.RunWithInputAsync("secret", "login", "-u", "joe", "--password-stdin", server.Host)).Succeeded().Out, StringComparison.Ordinal);
        (await Docker.RunAsync("push", image)).Succeeded();
        (await Docker.RunAsync("rmi", image)).Succeeded();
        (await Docker.RunAsync("pull", image)).Succeeded();
        (await Docker.RunAsync("logout", server.Host)).Succeeded();
        Assert.Contains("no basic auth credentials", (await Docker.RunAsync("pull", image)).Err, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", await Engine.LogAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bearer_IsFetchedForWhatIsDone()
    {
        await using var tokens = new TokenServer();
        await using var server = await RegistryServer.StartAsync(tokens.Section);
        var image = $"{server.Host}/team/app:1";
        (await Docker.RunAsync("tag", "busybox", image)).Succeeded();

        Assert.Contains("denied", (await Docker.RunAsync("push", image)).Err, StringComparison.Ordinal);
        (await Docker.RunWithInputAsync("secret", "login", "-u", "joe", "--password-stdin", server.Host)).Succeeded();
        Assert.Equal(1, (await Docker.RunWithInputAsync("wrong", "login", "-u", "joe", "--password-stdin", server.Host)).ExitCode);
        Assert.Contains("stands for joe", await File.ReadAllTextAsync(Path.Combine(Engine.Root, "docker/config.json")), StringComparison.Ordinal);
        (await Docker.RunAsync("push", image)).Succeeded();
        (await Docker.RunAsync("logout", server.Host)).Succeeded();
        (await Docker.RunAsync("rmi", image)).Succeeded();
        (await Docker.RunAsync("pull", image)).Succeeded();

        Assert.Contains("joe:secret repository:team/app:pull,push", tokens.Asked);
        Assert.Contains(" repository:team/app:pull", tokens.Asked);
    }

    private async Task SkopeoAsync(string image, params string[] options)
    {
        var archive = Path.Combine(Engine.Root, "for-skopeo.tar");
        if (!File.Exists(archive))
        {
            // Not an image that is here already: nothing of that would be pulled.
            (await Docker.RunAsync("import", "-c", "CMD [\"sh\"]", "-c", "LABEL for=skopeo", Path.Combine(Engine.Root, "busybox.tar"), "for-skopeo:1")).Succeeded();
            (await Docker.RunAsync("save", "-o", archive, "for-skopeo:1")).Succeeded();
            (await Docker.RunAsync("rmi", "for-skopeo:1")).Succeeded();
        }
        (await ChildProcess.RunAsync("skopeo", ["copy", "--insecure-policy", "--dest-tls-verify=false", .. options, $"docker-archive:{archive}", $"docker://{image}"])).Succeeded();
    }

    private async Task<string> BusyboxAsync() => (await Docker.RunAsync("image", "inspect", "--format", "{{.Id}}", "busybox:latest")).Succeeded().Line;

    private static string DigestOf(byte[] content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));

    private async Task<(byte[] Content, string Type)> ManifestAsync(string repository, string tag)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{_host}/v2/{repository}/manifests/{tag}");
        request.Headers.Accept.Add(new("application/vnd.oci.image.manifest.v1+json"));
        request.Headers.Accept.Add(new("application/vnd.docker.distribution.manifest.v2+json"));
        using var answer = await http.SendAsync(request);
        return (await answer.Content.ReadAsByteArrayAsync(), answer.Content.Headers.ContentType!.MediaType!);
    }

    private async Task PutManifestAsync(string repository, string tag, byte[] manifest, string type)
    {
        using var http = new HttpClient();
        using var content = new ByteArrayContent(manifest) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
        using var answer = await http.PutAsync($"http://{_host}/v2/{repository}/manifests/{tag}", content);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
    }

    private async Task PutBlobAsync(string repository, byte[] blob)
    {
        using var http = new HttpClient();
        using var begin = await http.PostAsync($"http://{_host}/v2/{repository}/blobs/uploads/", null);
        using var answer = await http.PutAsync($"{begin.Headers.Location}&digest={DigestOf(blob)}", new ByteArrayContent(blob));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
    }
}
