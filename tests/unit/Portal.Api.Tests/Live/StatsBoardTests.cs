using Portal.Api.Live;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Live;

public class StatsBoardTests
{
    private static readonly HostId s_host = new("local");
    private readonly StatsBoard _board = new();
    private readonly ContainerId _id = ContainerId.New();

    [Fact]
    public async Task Host_HistoryThenNew_WithoutGap()
    {
        Add(1);
        Add(2);
        await using var reader = _board.HostAsync(s_host, default).GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        Assert.Equal([1, 2], reader.Current.Select(Second));
        Add(3);
        Assert.True(await reader.MoveNextAsync());
        Assert.Equal([3], reader.Current.Select(Second));
    }

    [Fact]
    public async Task Host_History_IsFiveMinutes()
    {
        for (var i = 0; i < 400; i++)
        {
            Add(i);
        }

        await using var reader = _board.HostAsync(s_host, default).GetAsyncEnumerator();
        await reader.MoveNextAsync();
        Assert.Equal((300, 100, 399), (reader.Current.Count, Second(reader.Current[0]), Second(reader.Current[^1])));
    }

    [Fact]
    public async Task Containers_SlowReader_GetsTheNewestOnly()
    {
        Add(1);
        await using var reader = _board.ContainersAsync(_ => true, default).GetAsyncEnumerator();
        await reader.MoveNextAsync();
        for (var i = 2; i < 50; i++)
        {
            Add(i);
        }

        await reader.MoveNextAsync();
        Assert.Equal(49, Assert.Single(reader.Current).CpuPercent);
    }

    [Fact]
    public async Task Container_Forgotten_HasNoHistory()
    {
        Add(1);
        _board.Forget(s_host, _id);
        using var leaving = new CancellationTokenSource();
        await using var reader = _board.ContainerAsync(s_host, _id, leaving.Token).GetAsyncEnumerator();
        var next = reader.MoveNextAsync();
        Assert.False(next.IsCompleted);
        Add(2);
        Assert.True(await next);
        Assert.Equal(2, Assert.Single(reader.Current).CpuPercent);
    }

    private static int Second(HostStats stats) => (int)stats.CpuPercent;

    private void Add(int value) => _board.Add(
        s_host, new HostStats(DateTimeOffset.UnixEpoch, value, 0, 0, 0, 0, 0), [new ContainerStats(_id, DateTimeOffset.UnixEpoch, value, 0, 0, 0, 0, 0, 0, 0)]);
}
