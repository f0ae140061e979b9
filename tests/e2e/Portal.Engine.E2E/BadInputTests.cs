using System.Net;
using System.Text;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Each is answered with the status and message that Docker's clients know, and nothing half-created is left.</summary>
public sealed class BadInputTests(Engine engine) : EngineTest(engine)
{
    [Theory]
    [InlineData("{", "invalid JSON")]
    [InlineData("{\"Image\":", "invalid JSON")]
    [InlineData("[]", "")]
    [InlineData("", "invalid JSON")]
    [InlineData("{\"Image\":\"busybox\"} trailing", "invalid JSON")]
    public async Task Create_WithBadJson_IsABadRequest(string json, string words)
    {
        using var answer = await PostJsonAsync("/containers/create", json);

        await ExpectErrorAsync(answer, HttpStatusCode.BadRequest, words);
        await ExpectNothingAsync();
    }

    [Fact]
    public async Task Create_WithAnotherContentType_IsABadRequest()
    {
        using var answer = await Http.PostAsync("/containers/create", new StringContent("{\"Image\":\"busybox\"}", Encoding.UTF8, "text/plain"));

        await ExpectErrorAsync(answer, HttpStatusCode.BadRequest, "");
        await ExpectNothingAsync();
    }

    [Fact]
    public async Task Create_OfAnUnknownImage_IsNotFound()
    {
        using var answer = await PostJsonAsync("/containers/create", "{\"Image\":\"nowhere\"}");

        await ExpectErrorAsync(answer, HttpStatusCode.NotFound, "No such image: nowhere:latest");
        await ExpectNothingAsync();
    }

    [Fact]
    public async Task Create_WithABadName_IsABadRequest()
    {
        using var answer = await PostJsonAsync("/containers/create?name=-bad", "{\"Image\":\"busybox\"}");

        await ExpectErrorAsync(answer, HttpStatusCode.BadRequest, "Invalid container name (-bad), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
        await ExpectNothingAsync();
    }

    [Theory]
    [InlineData("GET", "/nowhere")]
    [InlineData("GET", "/v1.51/nowhere/at/all")]
    [InlineData("PUT", "/containers/json")]
    [InlineData("DELETE", "/version")]
    public async Task Request_ForAnUnknownRouteOrMethod_IsPageNotFound(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var answer = await Http.SendAsync(request);

        await ExpectErrorAsync(answer, HttpStatusCode.NotFound, "page not found");
    }

    [Theory]
    [InlineData("/v1.99/version", "client version 1.99 is too new. Maximum supported API version is 1.51")]
    [InlineData("/v1.12/version", "client version 1.12 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version")]
    public async Task Request_OfAnotherApiVersion_IsABadRequest(string path, string message)
    {
        using var answer = await Http.GetAsync(path);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(message, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/containers/json?filters={\"nope\":[\"x\"]}", "nvalid filter 'nope'")]
    [InlineData("/containers/json?filters={", "")]
    [InlineData("/containers/x/logs?stdout=1", "No such container: x")]
    public async Task Request_WithBadParameters_SaysWhichOne(string path, string words)
    {
        using var answer = await Http.GetAsync(path);

        await ExpectErrorAsync(answer, path.Contains("filters", StringComparison.Ordinal) ? HttpStatusCode.BadRequest : HttpStatusCode.NotFound, words);
    }

    [Fact]
    public async Task Logs_OfNoStream_AreABadRequest()
    {
        await Docker.RunAsync("run", "--name", "mute", "busybox", "true");
        using var answer = await Http.GetAsync("/containers/mute/logs");

        await ExpectErrorAsync(answer, HttpStatusCode.BadRequest, "you must choose at least one stream");
    }

    [Fact]
    public async Task Kill_WithAnUnknownSignal_IsABadRequest()
    {
        await RunSleeperAsync("--name", "alive");
        using var answer = await Http.PostAsync("/containers/alive/kill?signal=NOSUCH", null);

        await ExpectErrorAsync(answer, HttpStatusCode.BadRequest, "NOSUCH");
        Assert.Equal("running", await Docker.InspectAsync("alive", "{{.State.Status}}"));
    }

    [Fact]
    public async Task Create_WithAnOversizedBody_IsRefusedBeforeItIsRead()
    {
        using var socket = await Engine.ConnectAsync();
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            "POST /containers/create HTTP/1.1\r\nHost: e\r\nContent-Type: application/json\r\nContent-Length: 104857600\r\n\r\n{\"Image\":\""));

        var buffer = new byte[4096];
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var received = await socket.ReceiveAsync(buffer, deadline.Token);

        Assert.StartsWith("HTTP/1.1 413", Encoding.ASCII.GetString(buffer, 0, received), StringComparison.Ordinal);
        await ExpectNothingAsync();
    }

    [Fact]
    public async Task Engine_AfterGarbageOnItsSocket_StillAnswers()
    {
        using (var socket = await Engine.ConnectAsync())
            await socket.SendAsync("\0\0garbage\r\n\r\n"u8.ToArray());

        Assert.Equal("OK", await Http.GetStringAsync("/_ping"));
    }

    private async Task ExpectNothingAsync()
    {
        Assert.Empty((await Docker.RunAsync("ps", "-aq")).Lines);
        Assert.DoesNotContain(Ledger.Mounts(Engine.Root), m => m.EndsWith("/merged", StringComparison.Ordinal));
    }
}
