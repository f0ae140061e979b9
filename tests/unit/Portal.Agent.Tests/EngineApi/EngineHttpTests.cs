using System.Net;
using System.Text;
using System.Text.Json;
using Portal.Agent.Tests.EngineApi.Fakes;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Logs;
using Portal.Runtime.Supervision;

namespace Portal.Agent.Tests.EngineApi;

public sealed class EngineHttpTests(EngineFixture engine) : IClassFixture<EngineFixture>
{
    private readonly HttpClient _client = engine.Client();

    [Theory]
    [InlineData("HEAD", "/_ping")]
    [InlineData("GET", "/_ping")]
    [InlineData("GET", "/v1.24/_ping")]
    public async Task Ping_AnyForm_CarriesWhatClientsNegotiateBy(string method, string path)
    {
        using var response = await _client.SendAsync(new(new(method), path));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(method == "HEAD" ? "" : "OK", await response.Content.ReadAsStringAsync());
        Assert.Equal("1.51", Header(response, "Api-Version"));
        Assert.Equal("linux", Header(response, "Ostype"));
        Assert.Equal("false", Header(response, "Docker-Experimental"));
        Assert.Equal("2", Header(response, "Builder-Version"));
        Assert.Equal("inactive", Header(response, "Swarm"));
        Assert.Equal("no-cache", Header(response, "Pragma"));
        Assert.StartsWith("Docker/", Header(response, "Server"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/v1.99/info", 400, "client version 1.99 is too new. Maximum supported API version is 1.51")]
    [InlineData("GET", "/v2.0/info", 400, "client version 2.0 is too new. Maximum supported API version is 1.51")]
    [InlineData("GET", "/v1.23/info", 400, "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version")]
    [InlineData("GET", "/v99999999999.1/info", 400, "client version 2147483647.1 is too new. Maximum supported API version is 1.51")]
    [InlineData("GET", "/v2/info", 400, "client version 2.0 is too new. Maximum supported API version is 1.51")]
    [InlineData("GET", "/v1./info", 400, "client version 1.0 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version")]
    [InlineData("GET", "/v1.x/info", 404, "page not found")]
    [InlineData("GET", "/nothing", 404, "page not found")]
    [InlineData("GET", "/", 404, "page not found")]
    [InlineData("PUT", "/v1.51/containers/json", 404, "page not found")]
    [InlineData("TRACE", "/info", 404, "page not found")]
    [InlineData("GET", "/containers/nosuch/json", 404, "No such container: nosuch")]
    [InlineData("POST", "/containers/nosuch/kill", 404, "cannot kill container: nosuch: No such container: nosuch")]
    [InlineData("GET", "/images/127.0.0.1:5000/x/im1/json", 404, "No such image: 127.0.0.1:5000/x/im1")]
    [InlineData("GET", "/volumes/nosuch", 404, "get nosuch: no such volume")]
    [InlineData("POST", "/containers/nosuch/pause", 404, "No such container: nosuch")]
    [InlineData("POST", "/session", 400, "no upgrade proto in request")]
    [InlineData("GET", "/services", 503, "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.")]
    [InlineData("POST", "/images/create?fromImage=nosuch&tag=latest", 404, "manifest for nosuch:latest not found: manifest unknown: manifest unknown")]
    [InlineData("GET", "/containers/json?filters=%7B%22nope%22%3A%5B%22x%22%5D%7D", 400, "invalid filter 'nope'")]
    [InlineData("POST", "/containers/create", 400, "invalid JSON: got EOF while reading request body")]
    public async Task Error_Always_IsAMessage(string method, string path, int status, string message)
    {
        using var response = await _client.SendAsync(new(new(method), path));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(message, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("message").GetString());
        Assert.Equal(message != "page not found", response.Headers.Contains("Api-Version"));
    }

    [Fact]
    public async Task Options_AnyPath_IsEmpty200()
    {
        using var response = await _client.SendAsync(new(HttpMethod.Options, "/v1.51/whatever"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Request_FromABrowser_IsRefused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/info");
        request.Headers.Add("Origin", "null");

        using var response = await _client.SendAsync(request);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task Programs_OfTheRuntime_AreInVersionAndInfo()
    {
        using var version = JsonDocument.Parse(await _client.GetStringAsync("/version"));
        using var info = JsonDocument.Parse(await _client.GetStringAsync("/info"));

        Assert.Equal(["Engine", "conmon", "crun"], version.RootElement.GetProperty("Components").EnumerateArray().Select(c => c.GetProperty("Name").GetString()));
        Assert.Equal("f8a096be", version.RootElement.GetProperty("Components")[2].GetProperty("Details").GetProperty("GitCommit").GetString());
        Assert.Equal("crun 1.8.1 (f8a096be)", info.RootElement.GetProperty("RuncCommit").GetProperty("ID").GetString());
        Assert.Equal("conmon 2.1.6", info.RootElement.GetProperty("ContainerdCommit").GetProperty("ID").GetString());
        Assert.Equal("", info.RootElement.GetProperty("InitCommit").GetProperty("ID").GetString());
    }

    [Theory]
    [InlineData("/v1.41/info", "KernelMemory", true)]
    [InlineData("/v1.42/info", "KernelMemory", false)]
    [InlineData("/v1.49/info", "BridgeNfIptables", true)]
    [InlineData("/v1.50/info", "BridgeNfIptables", false)]
    [InlineData("/v1.51/info", "GenericResources", true)]
    [InlineData("/v1.41/system/df", "BuilderSize", true)]
    [InlineData("/v1.42/system/df", "BuilderSize", false)]
    public async Task Member_OfSomeVersionsOnly_IsThereInThose(string path, string member, bool there)
    {
        using var answer = JsonDocument.Parse(await _client.GetStringAsync(path));

        Assert.Equal(there, answer.RootElement.TryGetProperty(member, out _));
    }

    [Fact]
    public async Task DefaultBridge_Inspected_NamesItsLink()
    {
        using var network = JsonDocument.Parse(await _client.GetStringAsync("/networks/bridge"));

        Assert.Equal("portal0", network.RootElement.GetProperty("Options").GetProperty("com.docker.network.bridge.name").GetString());
    }

    [Theory]
    [InlineData("""{"Image":"busybox"}""", "text/plain", "unsupported Content-Type header (text/plain; charset=utf-8): must be 'application/json'")]
    [InlineData("""{"Image":"busybox"} {}""", "application/json", null)]
    [InlineData("""{"Image":"busybox","HostConfig":{"Privileged":false,"privileged":true}}""", "application/json", null)]
    [InlineData("""{"Image":"busybox","Labels":{"a":"1","a":"2"}}""", "application/json", null)]
    [InlineData("""{"Image":"busybox","HostConfig":{"Memory":"64m"}}""", "application/json", "invalid JSON: HostConfig.Memory: a value of another type is expected")]
    [InlineData("""{"Image":"busybox","Env":["A=1",null]}""", "application/json", "invalid JSON: Env: a list must not have null in it")]
    [InlineData("""{"Image":"busybox","HostConfig":{"Mounts":[null]}}""", "application/json", "invalid JSON: Mounts: a list must not have null in it")]
    [InlineData("""{"Image":""", "application/json", null)]
    [InlineData("[]", "application/json", null)]
    public async Task Create_BadBody_Is400(string body, string type, string? message)
    {
        using var response = await _client.PostAsync("/containers/create", new StringContent(body, Encoding.UTF8, type));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var text = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("message").GetString()!;
        if (message is null)
        {
            Assert.StartsWith("invalid JSON: ", text, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(message, text);
        }
    }

    [Fact]
    public async Task Create_DeepBody_Is400()
    {
        var body = "{\"Labels\":" + string.Concat(Enumerable.Repeat("{\"a\":", 10_000)) + "1" + new string('}', 10_001);

        using var response = await _client.PostAsync("/containers/create", new StringContent(body, Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Create_ChunkOfASizeThatIsNone_Is400()
    {
        using var client = await engine.RawAsync(
            """
            POST /containers/create HTTP/1.1
            Host: docker
            Content-Type: application/json
            Transfer-Encoding: chunked

            FFFFFFFFFFFFFFFFFF
            {}

            """);

        Assert.StartsWith("HTTP/1.1 400 ", await client.HeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_BodyOverLimit_Is413()
    {
        using var client = await engine.RawAsync(
            """
            POST /containers/create HTTP/1.1
            Host: docker
            Content-Type: application/json
            Content-Length: 5000000


            """);

        Assert.StartsWith("HTTP/1.1 413 ", await client.HeadAsync(), StringComparison.Ordinal);
        Assert.Equal("{\"message\":\"request body is too large: the limit is 4194304 bytes\"}", Encoding.UTF8.GetString(await client.RestAsync()));
    }

    [Fact]
    public async Task Load_BodyOverTheJsonLimit_IsRead()
    {
        using var response = await _client.PostAsync("/images/load?quiet=1", new StringContent(new string('x', 5 * 1024 * 1024)));

        Assert.Equal("{\"stream\":\"Loaded image: busybox:latest\\n\"}\r\n", await response.Content.ReadAsStringAsync());
        Assert.Equal(5 * 1024 * 1024, engine.Images.Loaded?.Length);
    }

    [Theory]
    [InlineData("/images/busybox/json")]
    [InlineData("/v1.44/images/127.0.0.1:5000/team/app:1/json")]
    [InlineData("/images/127.0.0.1%3A5000%2Fteam%2Fapp:1/json")]
    public async Task ImageInspect_NameWithSlashes_IsFound(string path)
    {
        using var response = await _client.GetAsync(path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Wait_BeforeExit_SendsItsHeadAtOnce()
    {
        var own = new EngineFixture();
        await own.InitializeAsync();
        own.Containers.All.Add(Some.Container());
        using var client = own.Client();

        using var response = await client.SendAsync(new(HttpMethod.Post, "/v1.51/containers/web/wait?condition=removed"), HttpCompletionOption.ResponseHeadersRead);
        own.Containers.Exit.SetResult(new(3, null));

        Assert.Equal("{\"StatusCode\":3}", (await response.Content.ReadAsStringAsync()).Trim());
        await own.DisposeAsync();
    }

    [Theory]
    [InlineData("not-running", 127, "no such command", true)]
    [InlineData("next-exit", 127, "no such command", false)]
    [InlineData("removed", 127, "no such command", false)]
    [InlineData("removed", 255, "the exit code was lost", true)]
    public async Task Wait_AfterAnError_SaysItOnlyWhereNothingElseDoes(string condition, int code, string error, bool said)
    {
        var own = new EngineFixture();
        await own.InitializeAsync();
        own.Containers.All.Add(Some.Container());
        own.Containers.Exit.SetResult(new(code, error));
        using var client = own.Client();

        using var response = await client.PostAsync($"/v1.51/containers/web/wait?condition={condition}", null);

        Assert.Equal(said, (await response.Content.ReadAsStringAsync()).Contains(error, StringComparison.Ordinal));
        await own.DisposeAsync();
    }

    [Fact]
    public async Task Events_Filtered_ComeOnePerLineAsTheyHappen()
    {
        var own = new EngineFixture();
        await own.InitializeAsync();
        using var client = own.Client();

        using var response = await client.GetAsync("/v1.51/events?filters=%7B%22type%22%3A%7B%22container%22%3Atrue%7D%7D", HttpCompletionOption.ResponseHeadersRead);
        own.Events.Publish(new("image", "tag", "x", new Dictionary<string, string>(), Some.Time));
        own.Events.Publish(new("container", "start", Some.Id.Value, new Dictionary<string, string> { ["image"] = "busybox", ["name"] = "web" }, Some.Time));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var line = JsonDocument.Parse((await reader.ReadLineAsync())!).RootElement;

        Assert.Equal("start", line.GetProperty("status").GetString());
        Assert.Equal("busybox", line.GetProperty("from").GetString());
        Assert.Equal(Some.Time.ToUnixTimeSeconds() * 1_000_000_000, line.GetProperty("timeNano").GetInt64());
        await own.DisposeAsync();
    }

    [Fact]
    public async Task Logs_WithTimestamps_AreFramed()
    {
        var own = new EngineFixture();
        await own.InitializeAsync();
        own.Containers.All.Add(Some.Container());
        own.Containers.Log.Add(((Some.Time.ToUnixTimeSeconds() * 1_000_000_000) + 123_456_789, StdioStream.Stderr, "oh\n"u8.ToArray()));
        using var client = own.Client();

        using var response = await client.GetAsync("/v1.51/containers/web/logs?stdout=1&stderr=1&timestamps=1");
        var bytes = await response.Content.ReadAsByteArrayAsync();

        Assert.Equal("application/vnd.docker.multiplexed-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(2, bytes[0]);
        Assert.Equal("2026-11-23T19:00:00.123456789Z oh\n", Encoding.UTF8.GetString(bytes[8..]));
        await own.DisposeAsync();
    }

    [Theory]
    [InlineData("tail=3", 3)]
    [InlineData("tail=0", 0)]
    [InlineData("tail=99999999999", int.MaxValue)]
    [InlineData("tail=all", null)]
    [InlineData("tail=-5", null)]
    [InlineData("tail=1.5", null)]
    [InlineData("", null)]
    public async Task Logs_Tail_IsReadAsDockerDoes(string query, int? tail)
    {
        var own = new EngineFixture();
        await own.InitializeAsync();
        own.Containers.All.Add(Some.Container());
        using var client = own.Client();

        using var response = await client.GetAsync("/v1.51/containers/web/logs?stdout=1&" + query);

        Assert.Equal(new LogQuery(true, false, false, tail, null, null), own.Containers.LogRead);
        await own.DisposeAsync();
    }

    [Fact]
    public async Task Logs_OfADriverThatKeepsNothing_Are501AlsoForAnAttach()
    {
        var own = new EngineFixture();
        await own.InitializeAsync();
        own.Containers.All.Add(Some.Container() with { LogPath = "" });
        using var client = own.Client();

        using var logs = await client.GetAsync("/v1.51/containers/web/logs?stdout=1");
        using var attach = await client.PostAsync("/v1.51/containers/web/attach?stdout=1&logs=1&stream=1", null);

        Assert.Equal((HttpStatusCode.NotImplemented, HttpStatusCode.NotImplemented), (logs.StatusCode, attach.StatusCode));
        Assert.Equal("{\"message\":\"configured logging driver does not support reading\"}", await logs.Content.ReadAsStringAsync());
        await own.DisposeAsync();
    }

    private static string Header(HttpResponseMessage response, string name) => string.Join(',', response.Headers.GetValues(name));
}
