using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Supervision;

public sealed class WorkSlotsTests
{
    [Fact]
    public async Task Enter_WhenAllAreTaken_WaitsForTheFirstThatIsGivenBack()
    {
        using var slots = new WorkSlots(2, Timeout.InfiniteTimeSpan);
        var one = await slots.EnterAsync();
        using var two = await slots.EnterAsync();
        var third = slots.EnterAsync().AsTask();
        var fourth = slots.EnterAsync().AsTask();
        Assert.False(third.IsCompleted);

        one.Dispose();
        using var got = await third;

        // Given back once, however often it is said.
        one.Dispose();
        Assert.False(fourth.IsCompleted);
        two.Dispose();
        (await fourth).Dispose();
    }

    [Fact]
    public async Task Enter_WhenWhatHoldsThemHangs_GoesAheadInTheEnd()
    {
        using var slots = new WorkSlots(1, TimeSpan.Zero);
        using var hung = await slots.EnterAsync();

        var ahead = await slots.EnterAsync();

        // It had none to give back.
        ahead.Dispose();
        hung.Dispose();
        using var one = await slots.EnterAsync();
    }
}
