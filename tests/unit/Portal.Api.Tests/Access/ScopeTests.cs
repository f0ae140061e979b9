using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Tests.Docker;
using Portal.Domain.Access;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Access;

/// <summary>Grants over a part of a host, over REST: what is not covered is not there.</summary>
public sealed class ScopeTests : IAsyncLifetime
{
    private static readonly HostId s_local = new("local");
    private readonly EngineWorld _world = new();

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("stack:web@all")]
    [InlineData("stack:web@host:local")]
    [InlineData("labels:com.docker.compose.project=web@group:blue")]
    [InlineData("own@host:local")]
    public async Task Grant_OverAPartOfAHost_ReachesThatAndNothingElse(string scope)
    {
        var mine = Put("mine", "web");
        var other = Put("other", "shop");
        using var root = await _world.Portal.SignedInAsync(BuiltInRoles.Administrator);
        var ann = (await root.CallAsync("POST", "/users", new { name = "ann", password = PortalHost.Password })).Id;
        var access = _world.Portal.Services.GetRequiredService<IHostAccess>();
        await access.SetGroupsAsync(s_local, ["blue"], default);
        await access.OwnAsync(s_local, ResourceKind.Container, mine, new HashSet<Subject> { new(SubjectKind.User, ann) }, default);
        Assert.Equal(HttpStatusCode.Created, (await root.CallAsync("POST", "/grants", new { subjectKind = "user", subjectId = ann, role = "Operator", scope })).Status);
        using var client = _world.Portal.With(await _world.Portal.TokenAsync("ann"));

        Assert.Equal(1, (await client.CallAsync("GET", "/hosts")).Body.GetProperty("total").GetInt32());
        Assert.Equal("mine", Assert.Single((await client.CallAsync("GET", "/hosts/local/containers")).Body.GetProperty("items").EnumerateArray()).GetProperty("name").GetString());
        Assert.Equal(HttpStatusCode.NoContent, (await client.CallAsync("POST", $"/hosts/local/containers/{mine}/stop")).Status);

        // By full id, like one that there is not.
        var missing = await client.CallAsync("POST", $"/hosts/local/containers/{new string('0', 64)}/stop");
        foreach (var (method, path) in ((string, string)[])[("GET", ""), ("POST", "/stop"), ("POST", "/kill"), ("DELETE", ""), ("GET", "/logs"), ("GET", "/stats")])
        {
            var answer = await client.CallAsync(method, $"/hosts/local/containers/{other}{path}");
            Assert.True((answer.Status, answer.Code) == (missing.Status, missing.Code), $"{method} {path} answered {answer.Status} {answer.Code}");
        }

        Assert.Equal("volume.unknown", (await client.CallAsync("GET", "/hosts/local/volumes/data/files")).Code);
    }

    [Fact]
    public async Task HostAccess_LaidDown_CountsAtOnceAndIsRecorded()
    {
        using var root = await _world.Portal.SignedInAsync(BuiltInRoles.Administrator);
        var before = await root.CallAsync("GET", "/hosts/local/access");
        Assert.False(before.Body.GetProperty("allowPrivileged").GetBoolean());
        var wanted = new
        {
            groups = (string[])["blue"], allowPrivileged = false, allowHostNamespaces = false, hostPaths = (string[])["/srv"], devices = Array.Empty<string>(), capabilities = Array.Empty<string>(),
            sysctls = Array.Empty<string>(), allowSecurityOptions = false, runtimes = Array.Empty<string>(), hostPorts = (string[])["8000-8999"], registries = Array.Empty<string>(), allowHostLinks = false,
        };
        var after = await root.CallAsync("PUT", "/hosts/local/access", wanted);
        Assert.Equal("8000-8999", after.Body.GetProperty("hostPorts")[0].GetString());
        var access = _world.Portal.Services.GetRequiredService<IHostAccess>();
        Assert.Equal(["/srv"], access.Restrictions(s_local).HostPaths);
        Assert.Equal(["blue"], access.Target(s_local).HostGroups);
        Assert.Contains(await _world.Portal.AuditAsync(), line => line is { Operation: "SetHostAccess", Outcome: "ok" } && line.After.Contains("/srv", StringComparison.Ordinal));
        Assert.Equal("restrictions.paths", (await root.CallAsync("PUT", "/hosts/local/access", wanted with { hostPaths = ["srv"] })).Code);
        Assert.Equal("restrictions.group", (await root.CallAsync("PUT", "/hosts/local/access", wanted with { groups = ["a b"] })).Code);
    }

    [Fact]
    public async Task HostAccess_ByAnAdministratorOfThatHost_IsTheirsAndNoOthers()
    {
        using var local = await _world.Portal.SignedInAsync(BuiltInRoles.Administrator, "local");
        Assert.Equal(HttpStatusCode.OK, (await local.CallAsync("GET", "/hosts/local/access")).Status);
        Assert.Equal("host.unknown", (await local.CallAsync("GET", "/hosts/elsewhere/access")).Code);
        Assert.Equal("access.denied", (await local.CallAsync("GET", "/users")).Code);
    }

    [Fact]
    public async Task HostAccess_BySomebodyWhoManagesHostsOnly_IsNotOpened()
    {
        using var root = await _world.Portal.SignedInAsync(BuiltInRoles.Administrator);
        var keeper = (await root.CallAsync("POST", "/users", new { name = "keeper", password = PortalHost.Password })).Id;
        await root.CallAsync("POST", "/roles", new { name = "Keeper", permissions = (string[])["HostRead", "HostManage"] });
        await root.CallAsync("POST", "/grants", new { subjectKind = "user", subjectId = keeper, role = "Keeper", scope = "all" });
        using var client = _world.Portal.With(await _world.Portal.TokenAsync("keeper"));
        var wanted = (await client.CallAsync("GET", "/hosts/local/access")).Body;
        Assert.Equal("access.beyond", (await client.CallAsync("PUT", "/hosts/local/access", wanted)).Code);
    }

    private string Put(string name, string stack) => _world.Add(name, $$"""{"com.docker.compose.project":"{{stack}}"}""");
}
