using System.Net;
using Portal.Api.Tests.Access;
using Portal.Api.Tests.Docker;
using Portal.Domain.Access;

namespace Portal.Api.Tests.Hosts;

public sealed class HostEndpointsTests : IAsyncLifetime
{
    private readonly EngineWorld _world = new();

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task List_FiltersAndPages()
    {
        var viewer = await _world.ClientAsync(BuiltInRoles.Viewer);
        async Task<int> Count(string query) => (await viewer.CallAsync("GET", "/hosts" + query)).Body.GetProperty("items").GetArrayLength();

        Assert.Equal(1, await Count(""));
        Assert.Equal(1, await Count("?sort=-since"));
        Assert.Equal(0, await Count("?page=2"));
        Assert.Equal(0, await Count("?name=nowhere"));
        Assert.Equal(0, await Count("?state=unreachable"));
        Assert.Equal(HttpStatusCode.BadRequest, (await viewer.CallAsync("GET", "/hosts?sort=id")).Status);
    }

    [Fact]
    public async Task Engine_OfAHost_SaysWhatItIs()
    {
        var engine = (await (await _world.ClientAsync(BuiltInRoles.Viewer)).CallAsync("GET", "/hosts/local/engine")).Body;

        Assert.Equal(("9", "overlay2", 4, "kata"), (
            engine.GetProperty("version").GetString(), engine.GetProperty("storageDriver").GetString(), engine.GetProperty("processors").GetInt32(), engine.GetProperty("runtimes")[1].GetString()));
        Assert.Equal("host.unknown", (await (await _world.ClientAsync(BuiltInRoles.Viewer, "host:other")).CallAsync("GET", "/hosts/local/engine")).Code);
    }
}
