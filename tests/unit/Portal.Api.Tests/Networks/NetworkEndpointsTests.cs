using System.Net;
using System.Text.Json;
using Portal.Api.Tests.Access;
using Portal.Api.Tests.Docker;
using Portal.Domain.Access;

namespace Portal.Api.Tests.Networks;

public sealed class NetworkEndpointsTests : IAsyncLifetime
{
    private const string Networks = "/hosts/local/networks";

    private readonly EngineWorld _world = new();

    public async ValueTask InitializeAsync()
    {
        await _world.InitializeAsync();
        _world.AddNetwork("bridge");
        _world.AddNetwork("front", labels: """{"com.docker.compose.project":"shop"}""");
        _world.AddNetwork("back", "overlay", """{"tier":"db"}""");
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task List_FiltersSortsAndPages()
    {
        var viewer = await _world.ClientAsync(BuiltInRoles.Viewer);

        Assert.Equal("back bridge front", await NamesAsync(viewer, ""));
        Assert.Equal("front bridge back", await NamesAsync(viewer, "?sort=-name"));
        Assert.Equal("back front bridge", await NamesAsync(viewer, "?sort=-created"));
        Assert.Equal("back bridge front", await NamesAsync(viewer, "?sort=-driver"));
        Assert.Equal("back", await NamesAsync(viewer, "?driver=overlay"));
        Assert.Equal("front", await NamesAsync(viewer, "?stack=shop"));
        Assert.Equal("back", await NamesAsync(viewer, "?label=tier=db"));
        Assert.Equal("front", await NamesAsync(viewer, "?name=FRO"));
        Assert.Equal("bridge", await NamesAsync(viewer, "?page=2&pageSize=1"));
        Assert.Equal(HttpStatusCode.BadRequest, (await viewer.CallAsync("GET", Networks + "?pageSize=501")).Status);
        Assert.Equal("host.unknown", (await viewer.CallAsync("GET", "/hosts/elsewhere/networks")).Code);
    }

    [Fact]
    public async Task Network_OfSomebodyElse_IsNotThere()
    {
        var developer = await _world.ClientAsync(BuiltInRoles.Developer, "own@host:local");

        Assert.Equal("bridge", await NamesAsync(developer, ""));
        foreach (var (method, path) in new[] { ("GET", "/back"), ("DELETE", "/back"), ("DELETE", "/id-back") })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await developer.CallAsync(method, Networks + path)).Status);
        }

        Assert.DoesNotContain(_world.Requests, request => request.StartsWith("DELETE ", StringComparison.Ordinal));
        Assert.Equal("front", await NamesAsync(await _world.ClientAsync(BuiltInRoles.Viewer, "stack:shop@host:local"), "?name=fr"));
    }

    [Fact]
    public async Task Created_IsOwned_AndForgottenWhenItIsGone()
    {
        var developer = await _world.ClientAsync(BuiltInRoles.Developer, "own@host:local");

        var made = await developer.CallAsync("POST", Networks, new
        {
            name = "mine", driver = "bridge", subnets = (object[])[new { subnet = "10.9.0.0/16", gateway = "10.9.0.1", ipRange = "10.9.1.0/24", reserved = new { router = "10.9.0.2" } }],
            ipv6 = true, @internal = true, attachable = true, options = new Dictionary<string, string> { ["com.docker.network.driver.mtu"] = "1400" }, labels = new { c = "d" },
        });

        Assert.Equal((HttpStatusCode.Created, "new", "careful"), (made.Status, made.Id, made.Body.GetProperty("warnings")[0].GetString()));
        Assert.NotEmpty(_world.Access.Owners(FakeEngine.Local, ResourceKind.Network, "new"));
        Assert.Equal(
            """{"Name":"mine","CheckDuplicate":true,"Driver":"bridge","Internal":true,"Attachable":true,"Ingress":false,"ConfigOnly":false,"IPAM":{"Config":[{"Subnet":"10.9.0.0/16","IPRange":"10.9.1.0/24","Gateway":"10.9.0.1","AuxiliaryAddresses":{"router":"10.9.0.2"}}]},"EnableIPv6":true,"Options":{"com.docker.network.driver.mtu":"1400"},"Labels":{"c":"d"}}""",
            _world.Body);

        _world.Answer("GET /networks/mine", 200, """{"Name":"mine","Id":"new","Driver":"bridge"}""");
        _world.Answer("DELETE /networks/new", 204, "");
        Assert.Equal(HttpStatusCode.NoContent, (await developer.CallAsync("DELETE", Networks + "/mine")).Status);
        Assert.Empty(_world.Access.Owners(FakeEngine.Local, ResourceKind.Network, "new"));
    }

    [Fact]
    public async Task Create_SentTwice_MakesOne_AndATakenNameIsAConflict()
    {
        var operators = await _world.ClientAsync(BuiltInRoles.Operator);

        Assert.Equal((await operators.CallAsync("POST", Networks, new { name = "n" }, key: "k")).Body.ToString(), (await operators.CallAsync("POST", Networks, new { name = "n" }, key: "k")).Body.ToString());
        Assert.Single(_world.Requests, "POST /networks/create");
        _world.Answer("POST /networks/create", 409, """{"message":"network with name n already exists"}""");
        var conflict = await operators.CallAsync("POST", Networks, new { name = "n" });
        Assert.Equal((HttpStatusCode.Conflict, "engine.conflict"), (conflict.Status, conflict.Code));
    }

    [Fact]
    public async Task Detail_ShowsMembersThatOneSees()
    {
        var mine = _world.Add("mine", """{"com.docker.compose.project":"shop"}""");
        var other = _world.Add("other");
        _world.Answer("GET /networks/id-front", 200, Detail(mine, other));
        _world.Answer("GET /networks/front", 200, Detail(mine, other));

        var all = await (await _world.ClientAsync(BuiltInRoles.Viewer)).CallAsync("GET", Networks + "/front");

        Assert.Equal(["mine", "other"], all.Body.GetProperty("containers").EnumerateArray().Select(member => member.GetProperty("name").GetString()));
        Assert.Equal("10.1.0.2/16", all.Body.GetProperty("containers")[0].GetProperty("ipv4Address").GetString());
        Assert.Equal("10.1.0.0/16", all.Body.GetProperty("network").GetProperty("subnets")[0].GetProperty("subnet").GetString());
        var some = await (await _world.ClientAsync(BuiltInRoles.Viewer, "stack:shop@host:local")).CallAsync("GET", Networks + "/front");
        Assert.Equal(HttpStatusCode.OK, some.Status);
        Assert.DoesNotContain(other, some.Body.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Container_IsConnectedAndDisconnected_ByItsFullId()
    {
        var id = _world.Add("web");
        var operators = await _world.ClientAsync(BuiltInRoles.Operator);

        Assert.Equal(HttpStatusCode.NoContent, (await operators.CallAsync("POST", Networks + "/front/connect", new { container = "web", aliases = (string[])["db"], ipv4Address = "10.1.0.9" })).Status);
        using (var sent = JsonDocument.Parse(_world.Body))
        {
            Assert.Equal(id, sent.RootElement.GetProperty("Container").GetString());
            Assert.Equal("""["db"]""", sent.RootElement.GetProperty("EndpointConfig").GetProperty("Aliases").ToString());
        }

        Assert.Equal(HttpStatusCode.NoContent, (await operators.CallAsync("POST", Networks + "/front/disconnect", new { container = "web", force = true })).Status);
        Assert.Equal($$"""{"Container":"{{id}}","Force":true}""", _world.Body);
        Assert.Equal("container.unknown", (await operators.CallAsync("POST", Networks + "/back/connect", new { container = "nobody" })).Code);
        Assert.Equal(HttpStatusCode.Forbidden, (await (await _world.ClientAsync(BuiltInRoles.Viewer)).CallAsync("POST", Networks + "/back/connect", new { container = "web" })).Status);
    }

    [Fact]
    public async Task Prune_IsForWhoMayDoItToAll()
    {
        Assert.Equal("access.denied", (await (await _world.ClientAsync(BuiltInRoles.Developer)).CallAsync("POST", Networks + "/prune")).Code);
        Assert.Equal("old", (await (await _world.ClientAsync(BuiltInRoles.Operator)).CallAsync("POST", Networks + "/prune")).Body.GetProperty("deleted")[0].GetString());
    }

    [Theory]
    [InlineData("{}", "Name")]
    [InlineData("""{"name":"../x"}""", "Name")]
    [InlineData("""{"name":"n","subnets":[null]}""", "Subnets")]
    [InlineData("""{"name":"n","options":{"a":null}}""", "Options")]
    public async Task Body_WithAValueThatCannotBe_NamesTheMember(string json, string member)
    {
        var answer = await (await _world.ClientAsync(BuiltInRoles.Administrator)).CallAsync("POST", Networks, JsonSerializer.Deserialize<JsonElement>(json));

        Assert.Equal((HttpStatusCode.BadRequest, "request.invalid"), (answer.Status, answer.Code));
        Assert.Contains(answer.Body.GetProperty("errors").EnumerateObject(), error => error.Name.Equals(member, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Body_WithWhatIsNotKnown_IsRefusedByName()
    {
        var answer = await (await _world.ClientAsync(BuiltInRoles.Administrator)).CallAsync("POST", Networks, new { name = "n", ingress = true });

        Assert.Equal((HttpStatusCode.BadRequest, "request.invalid"), (answer.Status, answer.Code));
        Assert.Contains("ingress", answer.Text("title"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("%2e%2e%2finfo")]
    [InlineData("a%2Fb")]
    [InlineData("a%20b")]
    [InlineData("a%253fb")]
    public async Task Name_ThatCouldBeReadInTwoWays_ReachesNothing(string name)
    {
        var answer = await (await _world.ClientAsync(BuiltInRoles.Administrator)).CallAsync("GET", $"{Networks}/{name}");

        Assert.True(answer.Status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound, answer.Status.ToString());
        Assert.DoesNotContain(_world.Requests, request => request.StartsWith("GET /networks/", StringComparison.Ordinal) || request.Contains("info", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Engine_ThatIsDown_IsSaidToBe()
    {
        var viewer = await _world.ClientAsync(BuiltInRoles.Viewer);
        await _world.StopAsync();

        Assert.Equal("host.unreachable", (await viewer.CallAsync("GET", Networks)).Code);
        Assert.Equal("host.unreachable", (await viewer.CallAsync("GET", Networks + "/back")).Code);
        Assert.Equal("host.unreachable", (await viewer.CallAsync("GET", "/hosts/local/engine")).Code);
    }

    private static string Detail(string first, string second) =>
        $$"""{"Name":"front","Id":"id-front","Driver":"bridge","Labels":{"com.docker.compose.project":"shop"},"IPAM":{"Config":[{"Subnet":"10.1.0.0/16"}]},"Containers":{"{{first}}":{"Name":"mine","IPv4Address":"10.1.0.2/16"},"{{second}}":{"Name":"other"} } }""";

    private static async Task<string> NamesAsync(HttpClient client, string query) => string.Join(' ', (await client.CallAsync("GET", Networks + query)).Body
        .GetProperty("items").EnumerateArray().Select(item => item.GetProperty("name").GetString()));
}
