using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Adapters.Storage;
using Portal.Api.Docker;
using Portal.Api.Tests.Access;
using Portal.Api.Tests.Adapters.Hosts;
using Portal.Domain.Access;

namespace Portal.Api.Tests.Registries;

/// <summary>Registries, whose secrets go to engines and nowhere else.</summary>
public sealed class RegistryEndpointsTests : IAsyncLifetime
{
    private const string Secret = "hunter2-hunter2";

    private readonly List<(string Path, string Auth, string Config, string Body)> _sent = [];
    private FakeEngineSocket _engine = null!;
    private PortalHost _portal = null!;
    private HttpClient _root = null!;

    public async ValueTask InitializeAsync()
    {
        _engine = await FakeEngineSocket.StartAsync(AnswerAsync);
        _portal = new PortalHost { AgentSocket = _engine.Path };
        _root = await _portal.SignedInAsync(BuiltInRoles.Administrator);
    }

    public async ValueTask DisposeAsync()
    {
        _root.Dispose();
        await _portal.DisposeAsync();
        await _engine.DisposeAsync();
    }

    [Fact]
    public async Task Secret_Kept_IsInNoAnswerNoAuditAndNotReadableAtRest()
    {
        var made = await CreateAsync(new { name = "ours", address = "registry.example.com", userName = "bot", password = Secret, notes = "own CA", forEverybody = true });
        var changed = await _root.CallAsync("PUT", $"/registries/{made.Id}", new { name = "ours", address = "registry.example.com", userName = "bot", password = Secret + "2" }, made.ETag);
        var list = await _root.CallAsync("GET", "/registries?filter=EXAMPLE");

        Assert.Equal((HttpStatusCode.OK, "\"2\""), (changed.Status, changed.ETag));
        Assert.Equal(1, list.Body.GetProperty("total").GetInt32());
        Assert.True(list.Body.GetProperty("items")[0].GetProperty("hasSecret").GetBoolean());
        await using var db = await DbAsync();
        var record = await db.Registries.SingleAsync();
        var lines = await _portal.AuditAsync();
        foreach (var text in (string[])[made.Body.ToString(), changed.Body.ToString(), list.Body.ToString(), record.Secret!, Encoding.UTF8.GetString(Convert.FromBase64String(record.Secret!)), .. lines.Select(line => line.Before + line.After + line.Target + line.Message)])
        {
            Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        }

        Assert.Contains(lines, line => line is { Operation: "UpdateRegistry", Outcome: "ok" } && line.After.EndsWith(", with a new secret", StringComparison.Ordinal));
        await using (var files = File.Open(Path.Combine(_portal.DataRoot, "portal.db"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        {
            using var all = new MemoryStream();
            await files.CopyToAsync(all);
            Assert.Equal(-1, all.ToArray().AsSpan().IndexOf("hunter2"u8));
        }
    }

    [Theory]
    [InlineData("https://registry.example.com")]
    [InlineData("registry.example.com/team")]
    [InlineData("registry example")]
    [InlineData("registry")]
    public async Task Address_ThatIsNone_IsRefused(string address) =>
        Assert.Equal("registry.address", (await _root.CallAsync("POST", "/registries", new { name = "x", address })).Code);

    [Theory]
    [InlineData("registry.example.com", "bot", null, HttpStatusCode.OK)]
    [InlineData("evil.example.com", "bot", null, HttpStatusCode.BadRequest)]
    [InlineData("registry.example.com", "other", null, HttpStatusCode.BadRequest)]
    [InlineData("evil.example.com", "bot", "new", HttpStatusCode.OK)]
    [InlineData("evil.example.com", null, null, HttpStatusCode.OK)]
    public async Task Secret_Kept_IsForItsAddressAndUserAlone(string address, string? userName, string? password, HttpStatusCode status)
    {
        var made = await CreateAsync(new { name = "ours", address = "registry.example.com", userName = "bot", password = Secret, forEverybody = true });

        var changed = await _root.CallAsync("PUT", $"/registries/{made.Id}", new { name = "ours", address, userName, password }, "*");

        Assert.Equal(status, changed.Status);
        var secret = await _portal.Services.GetRequiredService<RegistryStore>().SecretAsync(made.Id, default);
        Assert.Equal(userName is null ? null : password ?? Secret, secret?.Password);
    }

    /// <summary>Whoever can write to the database must not have a secret sent elsewhere by it.</summary>
    [Fact]
    public async Task Secret_OfAnotherAddressInTheDatabase_IsNone()
    {
        var made = await CreateAsync(new { name = "ours", address = "registry.example.com", userName = "bot", password = Secret });
        await using (var db = await DbAsync())
        {
            await db.Registries.ExecuteUpdateAsync(set => set.SetProperty(registry => registry.Address, "evil.example.com"));
        }

        Assert.Null(await _portal.Services.GetRequiredService<RegistryStore>().SecretAsync(made.Id, default));
    }

    [Fact]
    public async Task Registry_ChangedMeanwhile_OrTaken_IsAConflict()
    {
        var made = await CreateAsync(new { name = "ours", address = "registry.example.com" });
        var body = new { name = "ours", address = "registry.example.com:5000" };

        Assert.Equal(428, (int)(await _root.CallAsync("PUT", $"/registries/{made.Id}", body)).Status);
        Assert.Equal(HttpStatusCode.OK, (await _root.CallAsync("PUT", $"/registries/{made.Id}", body, made.ETag)).Status);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await _root.CallAsync("PUT", $"/registries/{made.Id}", body, made.ETag)).Status);
        Assert.Equal("registry.taken", (await _root.CallAsync("POST", "/registries", new { name = "OURS", address = "localhost" })).Code);
        Assert.Equal("team.unknown", (await _root.CallAsync("POST", "/registries", new { name = "b", address = "localhost", teams = (string[])["x"] })).Code);
        Assert.Equal(HttpStatusCode.NoContent, (await _root.CallAsync("DELETE", $"/registries/{made.Id}")).Status);
        Assert.Equal("registry.unknown", (await _root.CallAsync("GET", $"/registries/{made.Id}")).Code);
    }

    [Fact]
    public async Task Registries_AreMadeByWhoManagesThem_AndShownToWhoMayUseThem()
    {
        await CreateAsync(new { name = "closed", address = "registry.example.com" });
        await CreateAsync(new { name = "open", address = "localhost", forEverybody = true });
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);
        using var ben = await _portal.SignedInAsync(BuiltInRoles.Developer, "local");

        Assert.Equal("access.denied", (await ann.CallAsync("POST", "/registries", new { name = "x", address = "localhost" })).Code);
        Assert.Equal(2, (await ann.CallAsync("GET", "/registries")).Body.GetProperty("total").GetInt32());
        var mine = (await ben.CallAsync("GET", "/registries")).Body.GetProperty("items");
        Assert.Equal(["open"], mine.EnumerateArray().Select(item => item.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task Pull_ByRest_HasTheTeamsCredentials_AndNobodyElse()
    {
        var (ann, ben) = (await _portal.SignedInAsync(BuiltInRoles.Developer), await _portal.SignedInAsync(BuiltInRoles.Operator));
        var team = await _root.CallAsync("POST", "/teams", new { name = "web" });
        Assert.Equal(HttpStatusCode.OK, (await _root.CallAsync("PUT", $"/teams/{team.Id}/members/{(await ann.CallAsync("GET", "/me")).Id}")).Status);
        await CreateAsync(new { name = "ours", address = "registry.example.com", userName = "bot", password = Secret, teams = (string[])[team.Id] });

        await EndAsync(ann, await ann.CallAsync("POST", "/hosts/local/images/pull", new { image = "registry.example.com/app" }));
        await EndAsync(ann, await ann.CallAsync("POST", "/hosts/local/images/pull", new { image = "busybox" }));
        await EndAsync(ben, await ben.CallAsync("POST", "/hosts/local/images/pull", new { image = "registry.example.com/app" }));
        await EndAsync(ann, await ann.CallAsync("POST", "/hosts/local/images/registry.example.com%2Fapp/push"));
        await EndAsync(ben, await ben.CallAsync("POST", "/hosts/local/images/registry.example.com%2Fapp/push"));
        await EndAsync(ann, await ann.CallAsync("POST", "/hosts/local/builds"));

        var calls = _sent.Where(call => call.Path is "/images/create" or "/images/registry.example.com/app/push" or "/build").ToArray();
        Assert.Equal([Secret, null, null, Secret, null, null], calls.Select(call => Auth(call.Auth)?.GetProperty("password").GetString()));
        Assert.Equal("{}", Encoding.UTF8.GetString(Convert.FromBase64String(calls[4].Auth)));
        Assert.Equal(Secret, JsonSerializer.Deserialize<JsonElement>(Convert.FromBase64String(calls[5].Config)).GetProperty("registry.example.com").GetProperty("password").GetString());
    }

    [Theory]
    [InlineData(null, Secret)]
    [InlineData("{}", Secret)]
    [InlineData("""{"username":"","password":"","serveraddress":"registry.example.com"}""", Secret)]
    [InlineData("""{"username":"me","password":"mine"}""", "mine")]
    public async Task Pull_ByDocker_HasThemWhereTheClientHasNone(string? own, string password)
    {
        await CreateAsync(new { name = "ours", address = "registry.example.com", userName = "bot", password = Secret, forEverybody = true });
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/hosts/local/docker/images/create?fromImage=registry.example.com/app&tag=1");
        if (own is not null)
        {
            request.Headers.Add("X-Registry-Auth", Convert.ToBase64String(Encoding.UTF8.GetBytes(own)));
        }

        using var answer = await ann.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(password, Auth(_sent.Single(call => call.Path == "/images/create").Auth)!.Value.GetProperty("password").GetString());
    }

    [Theory]
    [InlineData("bot", true, "Login Succeeded")]
    [InlineData("wrong", false, "unauthorized: … is not it")]
    public async Task Check_SaysWhatTheRegistrySays(string userName, bool succeeded, string message)
    {
        var made = await CreateAsync(new { name = "hub", address = "index.docker.io", userName, password = Secret });

        var check = await _root.CallAsync("POST", $"/registries/{made.Id}/check?host=local");

        Assert.Equal((HttpStatusCode.OK, succeeded, message), (check.Status, check.Body.GetProperty("succeeded").GetBoolean(), check.Text("message")));
        var sent = JsonSerializer.Deserialize<JsonElement>(_sent.Single(call => call.Path == "/auth").Body);
        Assert.Equal(("https://index.docker.io/v1/", Secret), (sent.GetProperty("serveraddress").GetString(), sent.GetProperty("password").GetString()));
        using var ann = await _portal.SignedInAsync(BuiltInRoles.Developer);
        Assert.Equal("access.denied", (await ann.CallAsync("POST", $"/registries/{made.Id}/check?host=local")).Code);
        Assert.Equal("host.unknown", (await _root.CallAsync("POST", $"/registries/{made.Id}/check?host=other")).Code);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("null", false)]
    [InlineData("""{"auths":{}}""", true)]
    [InlineData("[", true)]
    public void Header_WithSomethingInIt_IsTheClients(string json, bool has) => Assert.Equal(has, RegistryHeader.HasSome(Convert.ToBase64String(Encoding.UTF8.GetBytes(json))));

    /// <summary>What a header holds; null for nobody's credentials.</summary>
    private static JsonElement? Auth(string header)
    {
        if (header.Length == 0)
        {
            return null;
        }

        var auth = JsonSerializer.Deserialize<JsonElement>(Convert.FromBase64String(header.Replace('-', '+').Replace('_', '/')));
        return auth.TryGetProperty("password", out _) ? auth : null;
    }

    private static async Task EndAsync(HttpClient client, Answered begun)
    {
        Assert.True(begun.Status == HttpStatusCode.Accepted, begun.Body.ToString());
        using var events = await client.GetAsync($"/api/v1/operations/{begun.Id}/events");
        Assert.Contains("\"state\":\"succeeded\"", await events.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<Answered> CreateAsync(object registry)
    {
        var made = await _root.CallAsync("POST", "/registries", registry);
        Assert.True(made.Status == HttpStatusCode.Created, made.Body.ToString());
        return made;
    }

    private Task<PortalDb> DbAsync() => _portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        var body = await new StreamReader(request.Body).ReadToEndAsync();
        _sent.Add((request.Path.Value!, request.Headers["X-Registry-Auth"].ToString(), request.Headers["X-Registry-Config"].ToString(), body));
        var (status, answer) = request.Path.Value switch
        {
            "/auth" when body.Contains("wrong", StringComparison.Ordinal) => (401, $$"""{"message":"unauthorized: {{Secret}} is not it"}"""),
            "/auth" => (200, """{"Status":"Login Succeeded","IdentityToken":""}"""),
            "/images/registry.example.com/app:latest/json" => (200, """{"Id":"sha256:b"}"""),
            "/images/create" or "/build" or "/images/registry.example.com/app/push" => (200, "{\"status\":\"Done\"}\n"),
            _ => (404, """{"message":"No such image"}"""),
        };
        context.Response.StatusCode = status;
        await context.Response.WriteAsync(answer);
    }
}
