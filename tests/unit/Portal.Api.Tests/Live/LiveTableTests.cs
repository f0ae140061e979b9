using Portal.Api.Live;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Live;

public class LiveTableTests
{
    private readonly LiveTable<string, (string Key, int Value)> _table = new(item => item.Key);

    [Fact]
    public async Task Subscribe_ThenChanges_HasNoGapAndNoRepeat()
    {
        Set(("a", 1), ("b", 1));
        var feed = _table.Subscribe(_ => true);
        Set(("a", 1), ("b", 2), ("c", 1));
        Set(("b", 2));

        Assert.Equal([("a", 1), ("b", 1)], feed.Snapshot.Order());
        var batches = await TakeAsync(feed, 2);
        Assert.Equal([new(ChangeKind.Upsert, ("b", 2)), new Change<(string, int)>(ChangeKind.Upsert, ("c", 1))], batches[0]);
        Assert.Equal([new(ChangeKind.Remove, ("a", 1)), new Change<(string, int)>(ChangeKind.Remove, ("c", 1))], batches[1]);
    }

    [Fact]
    public async Task Subscribe_WithAFilter_SeesOnlyThat()
    {
        var feed = _table.Subscribe(item => item.Key == "mine");
        Set(("other", 1));
        Set(("other", 2), ("mine", 1));
        Assert.Equal("mine", Assert.Single(Assert.Single(await TakeAsync(feed, 1))).Value.Key);
    }

    [Fact]
    public async Task Reader_TooSlow_IsCutOffAndTheOthersAreNot()
    {
        var slow = _table.Subscribe(_ => true);
        for (var i = 0; i < 1024; i++)
        {
            Set(("a", i));
        }

        var quick = _table.Subscribe(_ => true);
        Set(("a", -1));
        Assert.Equal(1, _table.Readers);
        Assert.Equal(-1, Assert.Single(Assert.Single(await TakeAsync(quick, 1))).Value.Value);
        var lagged = await Assert.ThrowsAsync<ErrorException>(() => TakeAsync(slow, int.MaxValue));
        Assert.Equal("feed.lagged", lagged.Error.Code);
    }

    [Fact]
    public async Task Reader_ThatStops_IsForgotten()
    {
        var feed = _table.Subscribe(_ => true);
        Set(("a", 1));
        await TakeAsync(feed, 1);
        Assert.Equal(0, _table.Readers);
    }

    private static async Task<List<IReadOnlyList<Change<(string Key, int Value)>>>> TakeAsync(FeedSubscription<(string, int)> feed, int count)
    {
        var batches = new List<IReadOnlyList<Change<(string, int)>>>();
        await foreach (var batch in feed.Changes)
        {
            batches.Add(batch);
            if (batches.Count == count)
            {
                break;
            }
        }

        return batches;
    }

    private void Set(params (string, int)[] values) => _table.Replace(_ => true, values, (a, b) => a == b);
}
