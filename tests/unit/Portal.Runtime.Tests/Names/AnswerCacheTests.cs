using Microsoft.Extensions.Time.Testing;
using Portal.Runtime.Names;
using static Portal.Runtime.Tests.Names.Messages;

namespace Portal.Runtime.Tests.Names;

public class AnswerCacheTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Find_WithinItsTime_IsTheAnswerAndItsAge()
    {
        var cache = new AnswerCache(_time);
        Keep(cache, "web");
        _time.Advance(TimeSpan.FromSeconds(59));

        Assert.Equal(TimeSpan.FromSeconds(59), cache.Find(Query("WEB"))!.Value.Age);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(cache.Find(Query("web")));
        Assert.Equal(0, cache.Count);
    }

    [Fact]
    public void Find_OtherWishes_IsAnotherQuestion()
    {
        var cache = new AnswerCache(_time);
        Keep(cache, "web");

        Assert.Null(cache.Find(Query("web", DnsType.Aaaa)));
        Assert.Null(cache.Find(Query("web", edns: 1232, isDnssecWanted: true)));
        Assert.Null(cache.Find(DnsQuery.Parse(Question("web", bits: DnsBits.RecursionDesired | DnsBits.CheckingDisabled))!));
        Assert.NotNull(cache.Find(Query("web", edns: 1232)));
    }

    [Fact]
    public void Keep_AnyNumber_StaysBoundedAndForgetsTheOldest()
    {
        var cache = new AnswerCache(_time);
        for (var i = 0; i < 1000; i++)
        {
            Keep(cache, "web" + i);
        }

        Assert.Equal(AnswerCache.MaximumCount, cache.Count);
        Assert.Null(cache.Find(Query("web0")));
        Assert.NotNull(cache.Find(Query("web999")));
    }

    [Fact]
    public void Keep_LargeAnswers_StaysBoundedInBytes()
    {
        var cache = new AnswerCache(_time);
        for (var i = 0; i < 40; i++)
        {
            Keep(cache, "web" + i, 2000);
        }

        Assert.InRange(cache.Count * 2000, 1, AnswerCache.MaximumSize);

        // One that would push out most others is not worth it.
        Keep(cache, "huge", 20_000);
        Assert.Null(cache.Find(Query("huge")));
    }

    [Fact]
    public void Keep_Again_ReplacesTheAnswer()
    {
        var cache = new AnswerCache(_time);
        Keep(cache, "web");
        _time.Advance(TimeSpan.FromSeconds(50));
        Keep(cache, "web");
        _time.Advance(TimeSpan.FromSeconds(50));

        Assert.Equal(TimeSpan.FromSeconds(50), cache.Find(Query("web"))!.Value.Age);
        Assert.Equal(1, cache.Count);
    }

    private static void Keep(AnswerCache cache, string name, int size = 4)
    {
        var answer = Answer(Question(name, id: 9), DnsCode.Success, false, (0, DnsType.Txt, 60, new byte[size]));
        cache.Keep(Query(name), DnsAnswer.Parse(answer, Query(name), 9)!);
    }
}
