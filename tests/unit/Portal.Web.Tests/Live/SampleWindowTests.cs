using Portal.Domain.Hosts;
using Portal.TestKit.Fleet;
using Portal.Web.Live;

namespace Portal.Web.Tests.Live;

public sealed class SampleWindowTests
{
    private readonly SampleWindow<HostStats> _window = new(sample => sample.Time, TimeSpan.FromSeconds(10));

    [Fact]
    public void Add_OldSamplesExpireWithTheNewest()
    {
        _window.Add([.. Enumerable.Range(0, 30).Select(second => Some.HostStats(Some.Now.AddSeconds(second)))]);

        Assert.Equal(11, _window.Samples.Count);
        Assert.Equal(Some.Now.AddSeconds(19), _window.Samples[0].Time);
    }

    [Fact]
    public void Add_RepeatAfterSubscribingAgain_IsIgnored()
    {
        HostStats[] history = [Some.HostStats(Some.Now), Some.HostStats(Some.Now.AddSeconds(1))];
        _window.Add(history);
        _window.Add([.. history, Some.HostStats(Some.Now.AddSeconds(2))]);

        Assert.Equal(3, _window.Samples.Count);
    }
}
