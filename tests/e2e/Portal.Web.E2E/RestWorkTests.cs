using System.Formats.Tar;
using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Web.E2E;

/// <summary>What programs do with what they make themselves on a host: all by REST, as an administrator and as somebody who may do it with their own.</summary>
public sealed class RestWorkTests(ReadyPortal portal) : IAsyncLifetime
{
    private const string Host = "/hosts/local";

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await portal.ClearAsync();
        await portal.ClearVolumesAsync();
        await portal.ClearImagesAsync();
    }

    [Theory]
    [InlineData("administrator")]
    [InlineData("developer")]
    public async Task Work_FromThePullToTheRemoval_IsDone(string who)
    {
        await using var registry = await PrivateRegistry.StartAsync(portal, "shop/app:1");
        await registry.MakeKnownAsync(portal, everybody: true);
        var token = await TokenAsync(who);
        var image = $"{registry.Host}/shop/app:1";

        var (pulled, _) = await FollowAsync(await AskAsync(HttpMethod.Post, $"{Host}/images/pull", token, new { image }), token);
        Assert.Equal("succeeded", State(pulled));
        Assert.Equal(await registry.DigestAsync("shop/app:1"), pulled.GetProperty("result").GetProperty("digest").GetString());
        Assert.Equal(image, Assert.Single(Items(await AskAsync(HttpMethod.Get, $"{Host}/images?name=shop", token))).GetProperty("tags")[0].GetString());

        await AskAsync(HttpMethod.Post, $"{Host}/networks", token, new { name = "rest-net" });
        await AskAsync(HttpMethod.Post, $"{Host}/volumes", token, new { name = "rest-data" });
        var made = await AskAsync(HttpMethod.Post, $"{Host}/containers", token, new
        {
            image,
            name = "rest-work",
            command = (string[])["sh", "-c", "echo kept > /data/file; echo said; trap 'exit 7' TERM; while :; do sleep 0.1; done"],
            mounts = new[] { new { source = "rest-data", target = "/data" } },
            networks = new[] { new { network = "rest-net" } },
        });
        var id = made.GetProperty("id").GetString()!;
        await AskAsync(HttpMethod.Post, $"{Host}/containers/{id}/start", token);
        await Patience.UntilAsync("the container has spoken", async () =>
            (await AskAsync(HttpMethod.Get, $"{Host}/containers/{id}/logs", token)).EnumerateArray().Any(line => line.GetProperty("text").GetString() == "said"));
        Assert.Contains("rest-work", (await AskAsync(HttpMethod.Get, $"{Host}/networks/rest-net", token)).GetProperty("containers").EnumerateArray().Select(member => member.GetProperty("name").GetString()));
        Assert.Equal("kept\n", await TextAsync($"{Host}/volumes/rest-data/content?path=/file", token));
        await AskAsync(HttpMethod.Post, $"{Host}/containers/{id}/stop", token);
        Assert.Equal(7, (await AskAsync(HttpMethod.Get, $"{Host}/containers/{id}", token)).GetProperty("exitCode").GetInt32());

        // What is in use stays, and the answer says why.
        Assert.Contains("in use", await RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Delete, $"{Host}/volumes/rest-data", token), StringComparison.Ordinal);
        await AskAsync(HttpMethod.Delete, $"{Host}/containers/{id}", token);
        await AskAsync(HttpMethod.Delete, $"{Host}/volumes/rest-data", token);
        await AskAsync(HttpMethod.Delete, $"{Host}/networks/rest-net", token);
        await AskAsync(HttpMethod.Delete, $"{Host}/images/{Uri.EscapeDataString(image)}", token);

        Assert.Empty((await portal.Docker.RunAsync("ps", "-aq")).Lines);
        Assert.Empty((await portal.Docker.RunAsync("volume", "ls", "-q")).Lines);
        Assert.Equal(["bridge", "host", "none"], (await portal.Docker.RunAsync("network", "ls", "--format", "{{.Name}}")).Lines.Order());
        Assert.Equal(["busybox:latest"], (await portal.Docker.RunAsync("images", "--format", "{{.Repository}}:{{.Tag}}")).Lines);
    }

    [Theory]
    [InlineData("administrator")]
    [InlineData("developer")]
    public async Task Build_OfAnArchive_IsFollowedAndRuns(string who)
    {
        var token = await TokenAsync(who);
        // What the cache has is not run again.
        var word = Guid.NewGuid().ToString("n");

        var (built, lines) = await FollowAsync(await BuildAsync(token, "rest-built:1", "FROM busybox\nARG WORD\nRUN echo the word is $WORD > /word && cat /word\nCMD [\"cat\", \"/word\"]\n", $"&argument=WORD={word}"), token);

        Assert.Equal("succeeded", State(built));
        Assert.Contains($"the word is {word}", lines);
        Assert.Equal(built.GetProperty("result").GetProperty("imageId").GetString(), (await AskAsync(HttpMethod.Get, $"{Host}/images/rest-built:1", token)).GetProperty("id").GetString());
        var id = (await AskAsync(HttpMethod.Post, $"{Host}/containers", token, new { image = "rest-built:1", start = true })).GetProperty("id").GetString()!;
        await Patience.UntilAsync("it has said the word", async () =>
            (await AskAsync(HttpMethod.Get, $"{Host}/containers/{id}/logs", token)).EnumerateArray().Any(line => line.GetProperty("text").GetString() == $"the word is {word}"));
    }

    [Fact]
    public async Task Build_ThatFails_IsAFailedOperationThatSaysWhere()
    {
        var token = await TokenAsync("developer");

        var (built, lines) = await FollowAsync(await BuildAsync(token, "rest-broken:1", "FROM busybox\nRUN echo before the end; exit 4\n"), token);

        Assert.Equal("failed", State(built));
        Assert.Contains("before the end", lines);
        Assert.Contains("4", built.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(Items(await AskAsync(HttpMethod.Get, $"{Host}/images?name=rest-broken", token)));
    }

    /// <summary>Cancelled is ended at the engine too.</summary>
    [Theory]
    [InlineData("administrator")]
    [InlineData("developer")]
    public async Task Build_Cancelled_EndsItsStep(string who)
    {
        var token = await TokenAsync(who);
        var seconds = Random.Shared.Next(10_000, 99_999);
        var operation = await BuildAsync(token, "rest-cancelled:1", $"FROM busybox\nRUN sleep {seconds}\n");
        await Patience.UntilAsync("the step runs", async () => (await ChildProcess.RunAsync("pgrep", ["-f", $"^sleep {seconds}$"])).ExitCode == 0);

        var cancelled = await AskAsync(HttpMethod.Post, $"/operations/{Id(operation)}/cancel", token);

        Assert.Equal("cancelled", State(cancelled));
        Assert.Equal("operation.cancelled", cancelled.GetProperty("error").GetProperty("code").GetString());
        await Patience.UntilAsync("the step has ended", async () => (await ChildProcess.RunAsync("pgrep", ["-f", $"^sleep {seconds}$"])).ExitCode == 1);
        Assert.Equal("cancelled", State((await FollowAsync(operation, token)).Last));
    }

    /// <summary>A registry that takes the connection and says nothing.</summary>
    [Fact]
    public async Task Pull_FromARegistryThatIsSilent_CanBeCancelled()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var token = await TokenAsync("developer");

        var operation = await AskAsync(HttpMethod.Post, $"{Host}/images/pull", token, new { image = $"{silent.LocalEndpoint}/never:1" });
        Assert.Contains(Id(operation), Items(await AskAsync(HttpMethod.Get, "/operations?kind=imagePull&state=running", token)).Select(Id));
        var cancelled = await AskAsync(HttpMethod.Post, $"/operations/{Id(operation)}/cancel", token);

        Assert.Equal("cancelled", State(cancelled));
        Assert.Equal("operation.ended", Code(await RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Post, $"/operations/{Id(operation)}/cancel", token)));
    }

    [Fact]
    public async Task Developer_BeyondTheirRights_IsToldWhy()
    {
        var admin = await portal.TokenAsync();
        var token = await TokenAsync("developer");
        var id = await portal.Docker.RunDetachedAsync("--name", "others", "busybox", "sleep", "60");
        (await portal.Docker.RunAsync("volume", "create", "others-data")).Succeeded();
        (await portal.Docker.RunAsync("network", "create", "others-net")).Succeeded();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var theirs = Id(await AskAsync(HttpMethod.Post, $"{Host}/images/pull", admin, new { image = $"{silent.LocalEndpoint}/never:1" }));

        // What is not theirs is not there.
        Assert.Empty(Items(await AskAsync(HttpMethod.Get, $"{Host}/containers", token)));
        Assert.Empty(Items(await AskAsync(HttpMethod.Get, $"{Host}/volumes", token)));
        Assert.Empty(Items(await AskAsync(HttpMethod.Get, "/operations?state=running", token)));
        foreach (var (method, path) in ((HttpMethod, string)[])
        [
            (HttpMethod.Get, $"{Host}/containers/{id}"), (HttpMethod.Get, $"{Host}/containers/{id}/logs"), (HttpMethod.Post, $"{Host}/containers/{id}/stop"),
            (HttpMethod.Delete, $"{Host}/containers/others?force=true"), (HttpMethod.Delete, $"{Host}/volumes/others-data"), (HttpMethod.Delete, $"{Host}/networks/others-net"),
            (HttpMethod.Get, $"/operations/{theirs}"), (HttpMethod.Get, $"/operations/{theirs}/events"), (HttpMethod.Post, $"/operations/{theirs}/cancel"),
        ])
        {
            await RefusedAsync(HttpStatusCode.NotFound, method, path, token);
        }

        // What no grant or the host does not give is refused, by name.
        object New(object more) => more;
        foreach (var (words, method, path, body) in ((string, HttpMethod, string, object?)[])
        [
            ("ContainerPrune", HttpMethod.Post, "/containers/prune", null),
            ("ImagePrune", HttpMethod.Post, "/images/prune", New(new { })),
            ("privileged container", HttpMethod.Post, "/containers", New(new { image = "busybox", privileged = true })),
            ("the host's /etc", HttpMethod.Post, "/containers", New(new { image = "busybox", mounts = new[] { new { type = "bind", source = "/etc", target = "/x" } } })),
            ("the host's network", HttpMethod.Post, "/containers", New(new { image = "busybox", networkMode = "host" })),
            ("the host's /etc", HttpMethod.Post, "/volumes", New(new { name = "v", options = new { type = "none", o = "bind", device = "/etc" } })),
            ("a build context that the host fetches", HttpMethod.Post, "/builds/remote", New(new { context = "http://127.0.0.1:1/x.tar" })),
        ])
        {
            Assert.Contains(words, await RefusedAsync(HttpStatusCode.Forbidden, method, Host + path, token, body), StringComparison.Ordinal);
        }

        Assert.Equal("others running", (await portal.Docker.RunAsync("ps", "-a", "--format", "{{.Names}} {{.State}}")).Line);
        Assert.Equal("others-data", (await portal.Docker.RunAsync("volume", "ls", "-q")).Line);
        Assert.Equal("cancelled", State(await AskAsync(HttpMethod.Post, $"/operations/{theirs}/cancel", admin)));
    }

    [Fact]
    public async Task Hosts_WithoutAnyGrant_AreRefused()
    {
        var nobody = await Person.MakeAsync(portal);

        await RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Get, "/hosts", nobody.Token);
        Assert.Equal("local", Assert.Single(Items(await AskAsync(HttpMethod.Get, "/hosts", await TokenAsync("developer")))).GetProperty("id").GetString());
    }

    private async Task<string> TokenAsync(string who) => who == "administrator" ? await portal.TokenAsync() : (await Person.DeveloperAsync(portal)).Token;

    private Task<JsonElement> AskAsync(HttpMethod method, string path, string token, object? body = null) => Person.AskAsync(portal, method, path, token, body);

    /// <summary>Begins a build, of a context with nothing but a Dockerfile.</summary>
    private async Task<JsonElement> BuildAsync(string token, string tag, string dockerfile, string more = "")
    {
        using var context = new MemoryStream();
        await using (var tar = new TarWriter(context, leaveOpen: true))
        {
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "Dockerfile") { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(dockerfile)) });
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1{Host}/builds?tag={tag}{more}") { Content = new ByteArrayContent(context.ToArray()) };
        request.Content.Headers.ContentType = new("application/x-tar");
        request.Headers.Authorization = new("Bearer", token);
        using var answer = await portal.Web.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, $"{(int)answer.StatusCode} {text}");
        return JsonElement.Parse(text);
    }

    /// <summary>Follows an operation to its end.</summary>
    /// <returns>How it was then, and all that it has said.</returns>
    private async Task<(JsonElement Last, IReadOnlyList<string> Lines)> FollowAsync(JsonElement operation, string token)
    {
        using var deadline = new CancellationTokenSource(Patience.Seconds(60));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/operations/{Id(operation)}/events");
        request.Headers.Authorization = new("Bearer", token);
        using var answer = await portal.Web.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var (last, lines) = (operation, new List<string>());
        await foreach (var told in SseParser.Create(await answer.Content.ReadAsStreamAsync(deadline.Token)).EnumerateAsync(deadline.Token))
        {
            var news = JsonElement.Parse(told.Data);
            last = news.GetProperty("operation");
            lines.AddRange(news.GetProperty("output").EnumerateArray().Select(line => line.GetString()!.TrimEnd()));
        }

        return (last, lines);
    }

    /// <summary>Asks for what is to be refused.</summary>
    /// <returns>The problem.</returns>
    private async Task<string> RefusedAsync(HttpStatusCode status, HttpMethod method, string path, string token, object? body = null)
    {
        using var answer = await portal.SendAsync(method, "/api/v1" + path, token, body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(status == answer.StatusCode, $"{method} {path}: {(int)answer.StatusCode} {text}");
        Assert.Equal(MediaTypeHeaderValue.Parse("application/problem+json"), answer.Content.Headers.ContentType);
        return JsonElement.Parse(text).GetRawText().Replace("\\u0027", "'", StringComparison.Ordinal);
    }

    private async Task<string> TextAsync(string path, string token)
    {
        using var answer = await portal.SendAsync(HttpMethod.Get, "/api/v1" + path, token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync();
    }

    private static JsonElement[] Items(JsonElement page) => [.. page.GetProperty("items").EnumerateArray()];

    private static string Id(JsonElement operation) => operation.GetProperty("id").GetString()!;

    private static string State(JsonElement operation) => operation.GetProperty("state").GetString()!;

    private static string Code(string problem) => JsonElement.Parse(problem).GetProperty("code").GetString()!;
}
