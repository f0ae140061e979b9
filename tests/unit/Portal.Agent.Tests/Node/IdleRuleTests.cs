using Portal.Agent.Node;

namespace Portal.Agent.Tests.Node;

public sealed class IdleRuleTests
{
    private const long Start = 5 * IdleRule.Worth;

    private readonly IdleRule _rule = new();

    [Fact]
    public void Due_StartedAndThenQuiet_CollectsOnce()
    {
        Assert.False(_rule.IsDue(Start));
        Assert.True(_rule.IsDue(Start + 100));
        _rule.Collected(Start + 200);

        Assert.False(_rule.IsDue(Start + 300));
    }

    [Fact]
    public void Due_BusyAllTheTime_Never()
    {
        for (var look = 1; look <= 20; look++)
        {
            Assert.False(_rule.IsDue(Start + (look * IdleRule.Quiet)));
        }
    }

    [Fact]
    public void Due_Trickle_CollectsOnceItIsWorthIt()
    {
        _rule.IsDue(Start);
        _rule.Collected(Start);
        var allocated = Start;
        while (!_rule.IsDue(allocated))
        {
            Assert.True(allocated - Start < IdleRule.Worth);
            allocated += IdleRule.Quiet / 2;
        }

        Assert.Equal(Start + IdleRule.Worth, allocated);
    }
}
