using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Api.Adapters.Hosts;
using Portal.Api.Adapters.Storage;
using Portal.Api.Containers;
using Portal.Api.Live;
using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Live;

public sealed class LiveHubTests : IAsyncDisposable
{
    private readonly PortalHost _portal = new();
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(30));

    public async ValueTask DisposeAsync()
    {
        _limit.Dispose();
        await _portal.DisposeAsync();
    }

    [Fact]
    public async Task Containers_SnapshotThenChange_ArriveInOrder()
    {
        await using var hub = await ConnectAsync(BuiltInRoles.Viewer);
        await using var batches = hub.StreamAsync<LiveBatch<ContainerItem>>("Containers", null, _limit.Token).GetAsyncEnumerator();
        Assert.True(await batches.MoveNextAsync());
        Assert.True(batches.Current.Snapshot);

        var made = _portal.Engine.Put(FakeEngine.Container("web"));
        _portal.Engine.Tell(made.Id);
        Assert.True(await batches.MoveNextAsync());
        Assert.Equal(("web", "running"), (Assert.Single(batches.Current.Upserts).Name, batches.Current.Upserts[0].State));

        _portal.Engine.Take(made.Id);
        _portal.Engine.Tell(made.Id);
        Assert.True(await batches.MoveNextAsync());
        Assert.Equal(made.Id.Value, Assert.Single(batches.Current.Removed).Id);
    }

    [Fact]
    public async Task Logs_ByName_AreTheContainers()
    {
        _portal.Engine.Put(FakeEngine.Container("web"));
        _portal.Engine.Log = [new LogLine(DateTimeOffset.UnixEpoch, true, "boom <b>")];
        await using var hub = await ConnectAsync(BuiltInRoles.Viewer);
        var lines = await hub.StreamAsync<IReadOnlyList<LogLine>>("Logs", "local", "web", 10, false, _limit.Token).ToListAsync();
        Assert.Equal("boom <b>", Assert.Single(Assert.Single(lines)).Text);
    }

    [Fact]
    public async Task Stream_OfAForeignHost_LooksLikeAnUnknownOne()
    {
        await using var hub = await ConnectAsync(BuiltInRoles.Administrator, "elsewhere");
        foreach (var host in (string[])["local", "nowhere"])
        {
            var refused = await Assert.ThrowsAsync<HubException>(async () => await hub.StreamAsync<IReadOnlyList<HostStats>>("HostStats", host, _limit.Token).ToListAsync());
            Assert.Contains($"host.unknown: There is no host {host}.", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Stream_RightsTakenAway_EndsWithinSeconds()
    {
        await using var hub = await ConnectAsync(BuiltInRoles.Viewer);
        await using var hosts = hub.StreamAsync<LiveBatch<object>>("Hosts", _limit.Token).GetAsyncEnumerator();
        await hosts.MoveNextAsync();
        await using var db = await _portal.Services.GetRequiredService<IDbContextFactory<PortalDb>>().CreateDbContextAsync();
        await db.Grants.ExecuteDeleteAsync();
        var refused = await Assert.ThrowsAsync<HubException>(async () =>
        {
            while (await hosts.MoveNextAsync())
            {
            }
        });
        Assert.Contains("access.revoked", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stats_OfOneContainer_Move()
    {
        var made = _portal.Engine.Put(FakeEngine.Container("web"));
        await using var hub = await ConnectAsync(BuiltInRoles.Viewer);
        await using var samples = hub.StreamAsync<IReadOnlyList<ContainerSample>>("ContainerStats", "local", "web", _limit.Token).GetAsyncEnumerator();
        var next = samples.MoveNextAsync();
        var seen = false;
        for (var cpu = 1; !seen; cpu++)
        {
            _portal.Engine.Sample(new StatsSample(null, [new ContainerStats(made.Id, DateTimeOffset.UnixEpoch, cpu, 1, 2, 3, 4, 5, 6, 7)]));
            seen = next.IsCompleted;
            await Task.Yield();
        }

        Assert.True(await next);
        Assert.All(samples.Current, sample => Assert.Equal(made.Id.Value, sample.Id));
    }

    private async Task<HubConnection> ConnectAsync(Role role, string? host = null)
    {
        using var client = await _portal.SignedInAsync(role, host);
        var token = client.DefaultRequestHeaders.Authorization!.ToString();
        var hub = new HubConnectionBuilder().WithUrl("https://localhost/hubs/live", options =>
        {
            options.SkipNegotiation = true;
            options.Transports = HttpTransportType.WebSockets;
            options.WebSocketFactory = async (context, ct) =>
            {
                var sockets = _portal.Server.CreateWebSocketClient();
                sockets.ConfigureRequest = request => request.Headers.Authorization = token;
                return await sockets.ConnectAsync(new Uri("https://localhost/hubs/live"), ct);
            };
        }).Build();
        await hub.StartAsync(_limit.Token);
        return hub;
    }
}
