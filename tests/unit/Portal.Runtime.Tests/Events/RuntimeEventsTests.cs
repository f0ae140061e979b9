using Microsoft.Extensions.Time.Testing;
using Portal.Domain.Primitives;
using Portal.Runtime.Events;

namespace Portal.Runtime.Tests.Events;

public class RuntimeEventsTests
{
    private static readonly DateTimeOffset s_start = DateTimeOffset.UnixEpoch;

    private readonly RuntimeEvents _events = new(TimeProvider.System);

    [Fact]
    public async Task Read_Since_ReplaysThenGoesOnWithoutGapOrRepeat()
    {
        Publish(1);
        Publish(2);
        await using var reader = _events.ReadAsync(s_start.AddSeconds(2), null, CancellationToken.None).GetAsyncEnumerator();
        Publish(3);

        Assert.Equal(["2", "3"], await TakeAsync(reader, 2));
    }

    [Fact]
    public async Task Read_WithoutSince_SeesOnlyWhatComesAfterTheCall()
    {
        Publish(1);
        await using var reader = _events.ReadAsync(null, null, CancellationToken.None).GetAsyncEnumerator();
        Publish(2);

        Assert.Equal(["2"], await TakeAsync(reader, 1));
    }

    [Fact]
    public async Task Read_UntilInThePast_EndsAfterTheReplay()
    {
        Publish(1);
        Publish(2);
        var seen = new List<string>();
        await foreach (var item in _events.ReadAsync(s_start, s_start.AddSeconds(1), CancellationToken.None))
        {
            seen.Add(item.Action);
        }

        Assert.Equal(["1"], seen);
    }

    [Fact]
    public async Task Read_Replay_HoldsTheLast256()
    {
        for (var i = 0; i < 300; i++)
        {
            Publish(i);
        }

        await using var reader = _events.ReadAsync(s_start, null, CancellationToken.None).GetAsyncEnumerator();

        Assert.Equal("44", (await TakeAsync(reader, 256))[0]);
    }

    [Fact]
    public async Task Read_TooSlow_IsCutOffWithAReason()
    {
        var told = 0;
        await using var reader = _events.ReadAsync(null, null, () => told++, CancellationToken.None).GetAsyncEnumerator();
        for (var i = 0; i < 1026; i++)
        {
            Assert.Equal(i > 1024 ? 1 : 0, told);
            Publish(i);
        }

        await TakeAsync(reader, 1024);
        Assert.Equal("events.lagged", (await Assert.ThrowsAsync<ErrorException>(async () => await reader.MoveNextAsync())).Error.Code);
    }

    [Fact]
    public async Task Read_UntilBeyondWhatATimerTakes_GoesOnTillThen()
    {
        var time = new FakeTimeProvider(s_start);
        var events = new RuntimeEvents(time);
        await using var reader = events.ReadAsync(null, s_start.AddDays(100), CancellationToken.None).GetAsyncEnumerator();
        var next = reader.MoveNextAsync().AsTask();

        time.Advance(TimeSpan.FromDays(40));
        events.Publish(new("container", "late", "id", new Dictionary<string, string>(), time.GetUtcNow()));

        Assert.True(await next);
        Assert.Equal("late", reader.Current.Action);
    }

    private void Publish(int number) =>
        _events.Publish(new("container", $"{number}", "id", new Dictionary<string, string>(), s_start.AddSeconds(number)));

    private static async Task<List<string>> TakeAsync(IAsyncEnumerator<RuntimeEvent> reader, int count)
    {
        var seen = new List<string>();
        while (seen.Count < count && await reader.MoveNextAsync())
        {
            seen.Add(reader.Current.Action);
        }

        return seen;
    }
}
