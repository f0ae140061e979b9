using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Api.Adapters.Storage;
using Portal.Api.Operations;
using Portal.Api.Security;
using Portal.Api.Tests.Access;
using Portal.Api.Tests.Adapters.Hosts;
using Portal.Domain.Access;

namespace Portal.Api.Tests.Operations;

/// <summary>Long work: begun by a request, and going on without it.</summary>
public sealed class OperationTests : IAsyncLifetime
{
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously), _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FakeEngineSocket _engine = null!;
    private PortalHost _portal = null!;

    public async ValueTask InitializeAsync()
    {
        _engine = await FakeEngineSocket.StartAsync(AnswerAsync);
        _portal = new PortalHost { AgentSocket = _engine.Path };
    }

    public async ValueTask DisposeAsync()
    {
        _release.TrySetResult();
        await _portal.DisposeAsync();
        await _engine.DisposeAsync();
    }

    [Fact]
    public async Task Pull_Begun_IsAnsweredAtOnce_AndGoesOn()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);

        using var begun = await ann.PostAsync("/api/v1/hosts/local/images/pull", System.Net.Http.Json.JsonContent.Create(new { image = "slow" }));

        Assert.Equal(HttpStatusCode.Accepted, begun.StatusCode);
        var path = begun.Headers.Location!.ToString()["/api/v1".Length..];
        var running = await UntilAsync(ann, path, operation => operation.GetProperty("progress").GetProperty("parts").GetArrayLength() > 0);
        Assert.Equal(("running", "imagePull", "local", "slow:latest"), (Text(running, "state"), Text(running, "kind"), Text(running, "host"), Text(running, "target")));
        Assert.Equal(5, running.GetProperty("progress").GetProperty("currentBytes").GetInt64());
        _release.SetResult();
        var ended = await UntilAsync(ann, path, HasEnded);
        Assert.Equal("succeeded", Text(ended, "state"));
        Assert.Equal(("sha256:slow", "sha256:abc"), (Text(ended.GetProperty("result"), "imageId"), Text(ended.GetProperty("result"), "digest")));
        Assert.Contains(await _portal.AuditAsync(), line => line is { Operation: "PullImage", Target: "local/slow:latest", Outcome: "ok" });
    }

    [Fact]
    public async Task Cancel_OfWorkUnderWay_EndsItAtTheEngine_AndOnlyOnce()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);
        var path = await BeginAsync(ann, "slow");
        await UntilAsync(ann, path, operation => Text(operation, "state") == "running");

        var cancelled = await ann.CallAsync("POST", path + "/cancel");

        Assert.Equal((HttpStatusCode.OK, "cancelled", "operation.cancelled"), (cancelled.Status, cancelled.Text("state"), Text(cancelled.Body.GetProperty("error"), "code")));
        await _aborted.Task.WaitAsync(TimeSpan.FromSeconds(10));
        var again = await ann.CallAsync("POST", path + "/cancel");
        Assert.Equal((HttpStatusCode.Conflict, "operation.ended"), (again.Status, again.Code));
        Assert.Contains(await _portal.AuditAsync(), line => line is { Operation: "PullImage", Outcome: "docker.cancelled" });
        Assert.Contains(await _portal.AuditAsync(), line => line is { Operation: "CancelOperation", Outcome: "ok" });
    }

    [Fact]
    public async Task Error_OfTheEngine_IsWhyItFailed()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);

        var ended = await UntilAsync(ann, await BeginAsync(ann, "secret"), HasEnded);

        Assert.Equal(("failed", "engine.failed", "pull access denied"), (Text(ended, "state"), Text(ended.GetProperty("error"), "code"), Text(ended.GetProperty("error"), "message")));
    }

    [Fact]
    public async Task Operations_OfOthers_AreForWhoManagesThem()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);
        using var ben = await _portal.SignedInAsync(BuiltInRoles.Helpdesk);
        using var root = await _portal.SignedInAsync(BuiltInRoles.Operator);
        var path = await BeginAsync(ann, "slow");

        Assert.Equal(0, (await ben.CallAsync("GET", "/operations")).Body.GetProperty("total").GetInt32());
        foreach (var (method, of) in ((string, string)[])[("GET", ""), ("GET", "/events"), ("POST", "/cancel")])
        {
            Assert.Equal("operation.unknown", (await ben.CallAsync(method, path + of)).Code);
        }

        Assert.Equal(1, (await root.CallAsync("GET", "/operations?kind=imagePull&host=local&sort=-ended")).Body.GetProperty("total").GetInt32());
        Assert.Equal(0, (await root.CallAsync("GET", "/operations?kind=imagePush")).Body.GetProperty("total").GetInt32());
        Assert.Equal(HttpStatusCode.BadRequest, (await root.CallAsync("GET", "/operations?state=gone")).Status);
        Assert.Equal("cancelled", (await root.CallAsync("POST", path + "/cancel")).Text("state"));
        Assert.Equal(1, (await root.CallAsync("GET", "/operations?state=cancelled")).Body.GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Refused_IsNoOperation()
    {
        using var viewer = await _portal.SignedInAsync(BuiltInRoles.Viewer);

        var answer = await viewer.CallAsync("POST", "/hosts/local/images/pull", new { image = "busybox" });

        Assert.Equal((HttpStatusCode.Forbidden, "access.denied"), (answer.Status, answer.Code));
        Assert.Equal(0, (await viewer.CallAsync("GET", "/operations")).Body.GetProperty("total").GetInt32());
        Assert.DoesNotContain(_engine.Requests, request => request.StartsWith("POST", StringComparison.Ordinal));
        Assert.Contains(await _portal.AuditAsync(), line => line is { Operation: "PullImage", Outcome: "access.denied" });
    }

    [Fact]
    public async Task Start_SentAgainWithItsKey_IsOneOperation()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);

        var first = await ann.CallAsync("POST", "/hosts/local/images/pull", new { image = "busybox" }, key: "k1");
        var second = await ann.CallAsync("POST", "/hosts/local/images/pull", new { image = "busybox" }, key: "k1");

        Assert.Equal((HttpStatusCode.Accepted, first.Id), (second.Status, second.Id));
        await _portal.Services.GetRequiredService<OperationBoard>().Find(first.Id)!.Ended;
        Assert.Single(_engine.Requests, request => request.StartsWith("POST /images/create", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Events_ShowWhatIsNew_AndEndWithIt()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);
        var path = await BeginAsync(ann, "slow");
        await UntilAsync(ann, path, operation => operation.GetProperty("progress").GetProperty("parts").GetArrayLength() > 0);
        using var stream = await ann.GetAsync("/api/v1" + path + "/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync());

        Assert.Equal("text/event-stream", stream.Content.Headers.ContentType!.MediaType);
        Assert.Equal("running", Text((await NextAsync(reader))!.Value.GetProperty("operation"), "state"));
        _release.SetResult();
        JsonElement last = default;
        List<string> lines = [];
        while (await NextAsync(reader) is { } next)
        {
            last = next;
            lines.AddRange(next.GetProperty("output").EnumerateArray().Select(line => line.GetString()!));
        }

        Assert.Equal("succeeded", Text(last.GetProperty("operation"), "state"));
        Assert.Equal(["Digest: sha256:abc"], lines);
        Assert.Equal(["slow: Pulling from library/slow", "Digest: sha256:abc"], (await EventsAsync(ann, path)).GetProperty("output").EnumerateArray().Select(line => line.GetString()));
    }

    [Fact]
    public async Task Rights_Lost_EndTheWork()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);
        using var root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
        var path = await BeginAsync(ann, "slow");
        await UntilAsync(ann, path, operation => Text(operation, "state") == "running");
        await using (var db = await DbAsync())
        {
            await db.Grants.Where(grant => grant.Role == "Developer").ExecuteDeleteAsync();
        }

        var ended = await UntilAsync(root, path, HasEnded);

        Assert.Equal(("cancelled", "access.revoked"), (Text(ended, "state"), Text(ended.GetProperty("error"), "code")));
        await _aborted.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Portal_ThatEnds_LeavesItsWorkFailed_AndItsRecordsForTheNext()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);
        var path = await BeginAsync(ann, "slow");
        await UntilAsync(ann, path, operation => Text(operation, "state") == "running");
        var store = _portal.Services.GetRequiredService<OperationStore>();

        // One that was killed, and then one that is told to end.
        using var next = new OperationBoard(store, _portal.Services.GetRequiredService<Reauthorisation>(), _portal.Time, NullLogger<OperationBoard>.Instance);
        await next.StartAsync(default);
        await _portal.Services.GetRequiredService<OperationBoard>().StopAsync(default);

        var known = next.Find(path.Split('/')[^1])!.Operation;
        Assert.Equal(("Failed", "operation.restarted"), (known.State.ToString(), known.Error!.Code));
        var ended = await UntilAsync(ann, path, HasEnded);
        Assert.Equal(("failed", "operation.restarted"), (Text(ended, "state"), Text(ended.GetProperty("error"), "code")));
        Assert.Equal("Failed", Assert.Single(await store.ListAsync(default)).State.ToString());
        await _aborted.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Operations_UnderWay_AreBounded_AndWaitForTheirTurn()
    {
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);
        for (var i = 0; i < OperationBoard.MostOfOne; i++)
        {
            await BeginAsync(ann, "slow");
        }

        var tooMany = await ann.CallAsync("POST", "/hosts/local/images/pull", new { image = "slow" });

        Assert.Equal((HttpStatusCode.TooManyRequests, "operation.full"), (tooMany.Status, tooMany.Code));
        Assert.Equal(OperationBoard.MostOfOne - OperationBoard.MostRunning, (await ann.CallAsync("GET", "/operations?state=queued")).Body.GetProperty("total").GetInt32());
        var queued = (await ann.CallAsync("GET", "/operations?state=queued")).Body.GetProperty("items")[0];
        Assert.Equal("cancelled", (await ann.CallAsync("POST", $"/operations/{Text(queued, "id")}/cancel")).Text("state"));
    }

    private static async Task<string> BeginAsync(HttpClient client, string image)
    {
        var begun = await client.CallAsync("POST", "/hosts/local/images/pull", new { image });
        Assert.True(begun.Status == HttpStatusCode.Accepted, begun.Body.ToString());
        return "/operations/" + begun.Id;
    }

    private static async Task<JsonElement> UntilAsync(HttpClient client, string path, Func<JsonElement, bool> isSo)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var answer = await client.CallAsync("GET", path);
            if (answer.Status == HttpStatusCode.OK && isSo(answer.Body))
            {
                return answer.Body;
            }

            await Task.Delay(20, limit.Token);
        }
    }

    private static async Task<JsonElement> EventsAsync(HttpClient client, string path)
    {
        using var stream = await client.GetAsync("/api/v1" + path + "/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync());
        return (await NextAsync(reader))!.Value;
    }

    private static async Task<JsonElement?> NextAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return JsonSerializer.Deserialize<JsonElement>(line[6..]);
            }
        }

        return null;
    }

    private static bool HasEnded(JsonElement operation) => operation.GetProperty("ended").ValueKind != JsonValueKind.Null;

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString()!;

    private Task<PortalDb> DbAsync() => _portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var (response, image) = (context.Response, context.Request.Query["fromImage"].ToString());
        switch (context.Request.Path.Value)
        {
            case "/images/create" when image == "slow":
                await response.WriteAsync("""{"status":"Pulling from library/slow","id":"slow"}""" + "\n" + """{"status":"Downloading","id":"a1","progressDetail":{"current":5,"total":10}}""" + "\n");
                await response.Body.FlushAsync();
                try
                {
                    await _release.Task.WaitAsync(context.RequestAborted);
                }
                catch (OperationCanceledException)
                {
                    _aborted.TrySetResult();
                    throw;
                }

                await response.WriteAsync("""{"status":"Digest: sha256:abc"}""");
                break;
            case "/images/create":
                await response.WriteAsync(image == "secret" ? """{"errorDetail":{"message":"pull access denied"},"error":"pull access denied"}""" : """{"status":"Done"}""");
                break;
            case "/images/slow:latest/json":
                await response.WriteAsync("""{"Id":"sha256:slow"}""");
                break;
            default:
                response.StatusCode = 404;
                await response.WriteAsync("""{"message":"no such thing"}""");
                break;
        }
    }
}
