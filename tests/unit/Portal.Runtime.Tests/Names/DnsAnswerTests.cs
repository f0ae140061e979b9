using System.Net;
using Portal.Runtime.Names;
using static Portal.Runtime.Tests.Names.Messages;

namespace Portal.Runtime.Tests.Names;

public class DnsAnswerTests
{
    private static readonly byte[] s_address = [192, 0, 2, 1];

    [Fact]
    public void ToMessage_ForAnother_HasItsNumberItsCapitalsAndYoungerRecords()
    {
        var answer = DnsAnswer.Parse(Answer(Question("web.example", id: 9), "192.0.2.1", 60), Query("web.example"), 9)!;

        var message = answer.ToMessage(DnsQuery.Parse(Question("WEB.example", id: 77))!, TimeSpan.FromSeconds(20), isStream: false);

        Assert.Equal(77, Id(message));
        Assert.Equal(Name("WEB.example"), message[12..^20]);
        Assert.Equal(40u, Assert.Single(Records(message)).Seconds);
        Assert.Equal(["192.0.2.1"], Addresses(message));
        Assert.Equal(60u, Assert.Single(Records(answer.ToMessage(Query("web.example"), TimeSpan.Zero, false))).Seconds);
    }

    [Theory]
    [InlineData(9, "web.example", (int)DnsType.A, true)]
    [InlineData(9, "wEb.eXample", (int)DnsType.A, true)]
    [InlineData(8, "web.example", (int)DnsType.A, false)]
    [InlineData(9, "wfb.example", (int)DnsType.A, false)]
    [InlineData(9, "web.example", (int)DnsType.Aaaa, false)]
    public void Parse_AnswerToAnotherQuestion_IsNone(ushort id, string name, int type, bool isTaken) =>
        Assert.Equal(isTaken, DnsAnswer.Parse(Answer(Question(name, (DnsType)type, id), "192.0.2.1"), Query("web.example"), 9) is not null);

    [Fact]
    public void Parse_Question_IsNoAnswer() => Assert.Null(DnsAnswer.Parse(Question("web", id: 9), Query("web"), 9));

    [Fact]
    public void Parse_FailureWithoutTheQuestion_IsOne() =>
        Assert.Equal(DnsCode.Refused, DnsAnswer.Parse([0, 9, 0x80, 5, 0, 0, 0, 0, 0, 0, 0, 0], Query("web"), 9)!.Code);

    [Fact]
    public void Parse_RecordsThatAreNotThere_IsNone()
    {
        var message = Answer(Question("web", id: 9), "192.0.2.1");
        message[7] = 2;

        Assert.Null(DnsAnswer.Parse(message, Query("web"), 9));
    }

    [Fact]
    public void Parse_CutWithinARecord_KeepsThatThereIsMore()
    {
        var message = Answer(Question("web", id: 9), DnsCode.Success, true, (0, DnsType.A, 60, s_address))[..^2];

        var answer = DnsAnswer.Parse(message, Query("web"), 9)!;

        Assert.True(answer.IsTruncated);
        Assert.Equal(TimeSpan.Zero, answer.Lifetime);
        Assert.Empty(Records(answer.ToMessage(Query("web"), TimeSpan.Zero, false)));
    }

    [Fact]
    public void Parse_EdnsOfTheServer_StaysWithUs()
    {
        byte[] question = Question("web", id: 9, edns: 1232);
        var message = Answer(question, DnsCode.Success, false, (0, DnsType.A, 60, s_address), (2, DnsType.Opt, 0, []), (2, DnsType.A, 60, s_address));

        var answer = DnsAnswer.Parse(message, Query("web", edns: 1232), 9)!;

        Assert.Equal([DnsType.A], Records(answer.ToMessage(Query("web"), TimeSpan.Zero, false)).Select(record => record.Type));
        Assert.Equal([DnsType.A, DnsType.Opt], Records(answer.ToMessage(Query("web", edns: 1232), TimeSpan.Zero, false)).Select(record => record.Type));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(60, 60)]
    [InlineData(86400, 300)]
    [InlineData(0x80000001, 0)]
    public void Lifetime_OfAnAnswer_IsThatOfItsRecordsUpToFiveMinutes(uint seconds, int expected) =>
        Assert.Equal(TimeSpan.FromSeconds(expected), DnsAnswer.Parse(Answer(Question("web", id: 9), "192.0.2.1", seconds), Query("web"), 9)!.Lifetime);

    [Theory]
    [InlineData((int)DnsCode.NameError, 600, 20, 20)]
    [InlineData((int)DnsCode.NameError, 10, 20, 10)]
    [InlineData((int)DnsCode.Success, 600, 600, 30)]
    [InlineData((int)DnsCode.ServerFailure, 600, 600, 0)]
    public void Lifetime_OfNone_IsWhatTheZoneSays(int code, uint seconds, uint minimum, int expected) => Assert.Equal(
        TimeSpan.FromSeconds(expected),
        DnsAnswer.Parse(Answer(Question("web", id: 9), (DnsCode)code, false, (1, DnsType.Soa, seconds, Authority(minimum))), Query("web"), 9)!.Lifetime);

    [Fact]
    public void Lifetime_OfNoneWithoutTheZonesWord_IsNone() =>
        Assert.Equal(TimeSpan.Zero, DnsAnswer.Parse(Answer(Question("web", id: 9), DnsCode.NameError, false), Query("web"), 9)!.Lifetime);

    [Fact]
    public void ToMessage_MoreThanTheAskerTakes_IsCutBetweenRecordsAndSaysSo()
    {
        var builder = new DnsAnswerBuilder(Query("web"));
        for (var i = 0; i < 100; i++)
        {
            builder.AddAddress(new IPAddress([10, 0, 0, (byte)i]));
        }

        var answer = builder.Build();

        var small = answer.ToMessage(Query("web"), TimeSpan.Zero, isStream: false);
        Assert.True(IsTruncated(small));
        Assert.Equal((512 - 12 - 9) / 16, Addresses(small).Length);
        Assert.InRange(small.Length, 512 - 16, 512);

        var larger = answer.ToMessage(Query("web", edns: 1232), TimeSpan.Zero, isStream: false);
        Assert.True(IsTruncated(larger));
        Assert.InRange(larger.Length, 1232 - 16, 1232);

        var all = answer.ToMessage(Query("web"), TimeSpan.Zero, isStream: true);
        Assert.False(IsTruncated(all));
        Assert.Equal(100, Addresses(all).Length);
    }

    [Fact]
    public void ToMessage_OnlyAdditionsTooMany_SaysNothing()
    {
        var builder = new DnsAnswerBuilder(Query("_x._tcp.web", DnsType.Srv)).AddService(Name("web-1"), 80);
        for (var i = 0; i < 100; i++)
        {
            builder.AddAddition(Name("web-1"), new IPAddress([10, 0, 0, (byte)i]));
        }

        var message = builder.Build().ToMessage(Query("_x._tcp.web", DnsType.Srv), TimeSpan.Zero, isStream: false);

        Assert.False(IsTruncated(message));
        Assert.Equal(1, Count(message, 0));
        Assert.InRange(message.Length, 400, 512);
    }

    [Fact]
    public void AddAddress_MoreThanAnyMessageHolds_StopsThere()
    {
        var builder = new DnsAnswerBuilder(Query("web"));
        for (var i = 0; i < 5000; i++)
        {
            builder.AddAddress(IPAddress.Loopback);
        }

        Assert.InRange(builder.Build().ToMessage(Query("web", edns: 1232), TimeSpan.Zero, isStream: true).Length, 65000, 65535);
    }
}
