using Portal.Domain.Containers;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Supervision;

public class RestartRuleTests
{
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(1), s_none = TimeSpan.Zero;

    [Theory]
    [InlineData(RestartPolicyKind.No, 1, false, false)]
    [InlineData(RestartPolicyKind.Always, 0, false, true)]
    [InlineData(RestartPolicyKind.Always, 0, true, false)]
    [InlineData(RestartPolicyKind.UnlessStopped, 0, false, true)]
    [InlineData(RestartPolicyKind.UnlessStopped, 137, true, false)]
    [InlineData(RestartPolicyKind.OnFailure, 0, false, false)]
    [InlineData(RestartPolicyKind.OnFailure, 255, false, true)]
    [InlineData(RestartPolicyKind.OnFailure, 1, true, false)]
    public void Next_ByPolicy_StartsAgainOrNot(RestartPolicyKind kind, int exitCode, bool stopped, bool again) =>
        Assert.Equal(again, RestartRule.Next(new(kind, 0), exitCode, s_short, stopped, 0, s_none) is not null);

    [Fact]
    public void Next_OnFailureWithLimit_EndsAtTheLimit()
    {
        var policy = new RestartPolicySpec(RestartPolicyKind.OnFailure, 2);

        Assert.NotNull(RestartRule.Next(policy, 1, s_short, false, restarts: 1, s_none));
        Assert.Null(RestartRule.Next(policy, 1, s_short, false, restarts: 2, s_none));
    }

    [Fact]
    public void Next_FailingAtOnce_DoublesUpToAMinute()
    {
        var pauses = new List<double>();
        var pause = s_none;
        for (var i = 0; i < 12; i++)
        {
            pause = RestartRule.Next(new(RestartPolicyKind.Always, 0), 1, s_short, false, i, pause)!.Value;
            pauses.Add(pause.TotalMilliseconds);
        }

        Assert.Equal([100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000], pauses);
    }

    [Fact]
    public void Next_AfterASteadyRun_BeginsAnew() => Assert.Equal(
        TimeSpan.FromMilliseconds(100), RestartRule.Next(new(RestartPolicyKind.Always, 0), 1, RestartRule.SteadyRun, false, 9, TimeSpan.FromSeconds(51)));

    [Theory]
    [InlineData(RestartPolicyKind.Always, true, 0, true)]
    [InlineData(RestartPolicyKind.Always, false, 0, true)]
    [InlineData(RestartPolicyKind.UnlessStopped, true, 0, false)]
    [InlineData(RestartPolicyKind.UnlessStopped, false, 0, true)]
    [InlineData(RestartPolicyKind.OnFailure, false, 255, true)]
    [InlineData(RestartPolicyKind.OnFailure, false, 0, false)]
    [InlineData(RestartPolicyKind.OnFailure, true, 137, false)]
    [InlineData(RestartPolicyKind.No, false, 255, false)]
    public void StartsWithEngine_ByPolicy_StartsOrNot(RestartPolicyKind kind, bool stopped, int exitCode, bool starts) =>
        Assert.Equal(starts, RestartRule.StartsWithEngine(new(kind, 0), exitCode, stopped, 0));

    [Fact]
    public void StartsWithEngine_OnFailureAtItsLimit_StaysDown() =>
        Assert.False(RestartRule.StartsWithEngine(new(RestartPolicyKind.OnFailure, 2), 1, stoppedByUser: false, restarts: 2));

    [Theory]
    [InlineData(4, 6)]
    [InlineData(60, 0)]
    [InlineData(-3600, 10)] // the clock was set back
    public void Remaining_OfAPauseUnderAnEarlierEngine_GoesOn(int passed, int left)
    {
        var now = DateTimeOffset.UnixEpoch.AddDays(1);

        Assert.Equal(TimeSpan.FromSeconds(left), RestartRule.Remaining(TimeSpan.FromSeconds(10), now.AddSeconds(-passed), now));
    }
}
