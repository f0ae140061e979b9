using System.Net;
using System.Text.Json;
using Portal.Api.Tests.Access;
using Portal.Api.Tests.Docker;
using Portal.Domain.Access;

namespace Portal.Api.Tests.Volumes;

public sealed class VolumeEndpointsTests : IAsyncLifetime
{
    private const string Volumes = "/hosts/local/volumes";

    private readonly EngineWorld _world = new();

    public async ValueTask InitializeAsync()
    {
        await _world.InitializeAsync();
        _world.AddVolume("logs");
        _world.AddVolume("data", """{"com.docker.compose.project":"shop","tier":"db"}""", """{"type":"cifs","o":"username=ann,password=secret,ro","device":"//x/y"}""");
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task List_FiltersSortsAndPages_WithoutPasswords()
    {
        var viewer = await _world.ClientAsync(BuiltInRoles.Viewer);

        Assert.Equal("data logs", await NamesAsync(viewer, ""));
        Assert.Equal("logs data", await NamesAsync(viewer, "?sort=-name"));
        Assert.Equal("logs data", await NamesAsync(viewer, "?sort=created"));
        Assert.Equal("data", await NamesAsync(viewer, "?label=tier"));
        Assert.Equal("data", await NamesAsync(viewer, "?stack=shop"));
        Assert.Equal("logs", await NamesAsync(viewer, "?name=OG"));
        Assert.Equal("", await NamesAsync(viewer, "?driver=nfs"));
        Assert.Equal("logs", await NamesAsync(viewer, "?page=2&pageSize=1"));
        var data = await viewer.CallAsync("GET", Volumes + "/data");
        Assert.Equal("//x/y", data.Body.GetProperty("options").GetProperty("device").GetString());
        Assert.DoesNotContain("secret", data.Body.ToString() + (await viewer.CallAsync("GET", Volumes)).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Created_IsOwned_AndForgottenWhenItIsGone()
    {
        var developer = await _world.ClientAsync(BuiltInRoles.Developer, "own@host:local");
        Assert.Equal("", await NamesAsync(developer, ""));

        var made = await developer.CallAsync("POST", Volumes, new { name = "mine", driver = "local", labels = new { a = "b" } });

        Assert.Equal((HttpStatusCode.Created, "mine"), (made.Status, made.Text("name")));
        Assert.Equal("""{"Name":"mine","Driver":"local","Labels":{"a":"b"}}""", _world.Body);
        Assert.NotEmpty(_world.Access.Owners(FakeEngine.Local, ResourceKind.Volume, "mine"));
        Assert.Equal("mine", await NamesAsync(developer, ""));
        Assert.Equal(HttpStatusCode.NotFound, (await developer.CallAsync("GET", Volumes + "/logs")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await developer.CallAsync("DELETE", Volumes + "/logs")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await developer.CallAsync("DELETE", Volumes + "/mine?force=true")).Status);
        Assert.Empty(_world.Access.Owners(FakeEngine.Local, ResourceKind.Volume, "mine"));
        Assert.Contains("DELETE /volumes/mine?force=1", _world.Requests);
    }

    [Fact]
    public async Task Create_OfANameThatIsTaken_IsAConflict_AndSentTwiceIsOne()
    {
        var operators = await _world.ClientAsync(BuiltInRoles.Operator);

        var taken = await operators.CallAsync("POST", Volumes, new { name = "logs" });

        Assert.Equal((HttpStatusCode.Conflict, "volume.exists"), (taken.Status, taken.Code));
        Assert.Equal(HttpStatusCode.Created, (await operators.CallAsync("POST", Volumes, new { name = "n" }, key: "k")).Status);
        Assert.Equal(HttpStatusCode.Created, (await operators.CallAsync("POST", Volumes, new { name = "n" }, key: "k")).Status);
        Assert.Equal("made-up", (await operators.CallAsync("POST", Volumes, new { })).Text("name"));
        Assert.Equal(2, _world.Requests.Count(request => request == "POST /volumes/create"));
        Assert.Equal("access.denied", (await (await _world.ClientAsync(BuiltInRoles.Viewer)).CallAsync("POST", Volumes, new { name = "logs" })).Code);
    }

    [Fact]
    public async Task Volume_InUse_IsAConflict()
    {
        _world.Answer("DELETE /volumes/logs", 409, """{"message":"volume is in use"}""");

        var answer = await (await _world.ClientAsync(BuiltInRoles.Operator)).CallAsync("DELETE", Volumes + "/logs");

        Assert.Equal((HttpStatusCode.Conflict, "engine.conflict"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task Swept_VolumesAreNobodysAnyMore()
    {
        await _world.Access.OwnAsync(FakeEngine.Local, ResourceKind.Volume, "data", new HashSet<Subject> { new(SubjectKind.User, "x") }, default);

        Assert.Equal("access.denied", (await (await _world.ClientAsync(BuiltInRoles.Developer)).CallAsync("POST", Volumes + "/prune")).Code);
        var swept = await (await _world.ClientAsync(BuiltInRoles.Operator)).CallAsync("POST", Volumes + "/prune?all=true");

        Assert.Equal(("data", 7), (swept.Body.GetProperty("deleted")[0].GetString(), swept.Body.GetProperty("spaceReclaimedBytes").GetInt32()));
        Assert.Contains("""POST /volumes/prune?filters={"all":["true"]}""", _world.Requests);
        Assert.Empty(_world.Access.Owners(FakeEngine.Local, ResourceKind.Volume, "data"));
    }

    /// <summary>What is in a volume is reached by what the volume is labelled, as the volume itself.</summary>
    [Theory]
    [InlineData("labels:tier=db@host:local", "data", true)]
    [InlineData("labels:tier=db@host:local", "logs", false)]
    [InlineData("stack:shop@host:local", "data", true)]
    [InlineData("stack:shop@host:local", "logs", false)]
    [InlineData("labels:!tier@host:local", "logs", true)]
    [InlineData("labels:!tier@host:local", "data", false)]
    [InlineData("labels:!tier@host:local", "nothing", false)]
    public async Task Files_OfAVolume_AreReachedByItsLabels(string scope, string volume, bool reached)
    {
        var developer = await _world.ClientAsync(BuiltInRoles.Developer, scope);

        Assert.Equal(reached ? HttpStatusCode.OK : HttpStatusCode.NotFound, (await developer.CallAsync("GET", $"{Volumes}/{volume}/files")).Status);
        Assert.Equal(reached ? HttpStatusCode.NoContent : HttpStatusCode.NotFound, (await developer.CallAsync("POST", $"{Volumes}/{volume}/folder?path=a")).Status);
        Assert.Equal(reached ? 2 : 0, _world.Portal.Volumes.Calls.Count);
    }

    [Fact]
    public async Task Files_WhileTheEngineIsDown_AreNotReachedByLabels()
    {
        var developer = await _world.ClientAsync(BuiltInRoles.Developer, "labels:!tier@host:local");
        await _world.StopAsync();

        Assert.Equal(HttpStatusCode.NotFound, (await developer.CallAsync("GET", Volumes + "/logs/files")).Status);
        Assert.Equal("host.unreachable", (await developer.CallAsync("GET", Volumes)).Code);
    }

    [Theory]
    [InlineData("""{"name":"a b"}""", "Name")]
    [InlineData("""{"labels":{"a":null}}""", "Labels")]
    public async Task Body_WithAValueThatCannotBe_NamesTheMember(string json, string member)
    {
        var answer = await (await _world.ClientAsync(BuiltInRoles.Administrator)).CallAsync("POST", Volumes, JsonSerializer.Deserialize<JsonElement>(json));

        Assert.Equal((HttpStatusCode.BadRequest, "request.invalid"), (answer.Status, answer.Code));
        Assert.Contains(answer.Body.GetProperty("errors").EnumerateObject(), error => error.Name.Equals(member, StringComparison.OrdinalIgnoreCase));
        Assert.Contains("clusterVolumeSpec", (await (await _world.ClientAsync(BuiltInRoles.Administrator)).CallAsync("POST", Volumes, new { name = "n", clusterVolumeSpec = 1 })).Text("title"), StringComparison.Ordinal);
    }

    private static async Task<string> NamesAsync(HttpClient client, string query) => string.Join(' ', (await client.CallAsync("GET", Volumes + query)).Body
        .GetProperty("items").EnumerateArray().Select(item => item.GetProperty("name").GetString()));
}
