using Portal.Runtime.Names;
using static Portal.Runtime.Tests.Names.Messages;

namespace Portal.Runtime.Tests.Names;

public class DnsQueryTests
{
    [Fact]
    public void Parse_PlainQuestion_IsInLowerCaseAndKeptAsWritten()
    {
        var query = DnsQuery.Parse(Question("WeB.Shop", DnsType.Aaaa))!;

        Assert.Equal(DnsCode.Success, query.Fault);
        Assert.Equal(new DnsQuestion("web.shop", DnsType.Aaaa, 1), query.Question);
        Assert.Equal(Name("WeB.Shop"), query.RawQuestion[..^4]);
        Assert.Equal(0x1234, query.Id);
        Assert.Equal(512, query.DatagramLimit);
        Assert.False(query.HasEdns);
    }

    [Fact]
    public void Parse_Edns_TakesSizeAndWishForSignatures()
    {
        var query = Query("web", edns: 4096, isDnssecWanted: true);

        Assert.True(query.HasEdns && query.IsDnssecWanted);
        Assert.Equal(4096, query.DatagramLimit);
        Assert.Equal(512, Query("web", edns: 100).DatagramLimit);
    }

    [Theory]
    [InlineData("a.b", @"a\046b")]
    [InlineData("a\\b", @"a\092b")]
    [InlineData("a b", @"a\032b")]
    [InlineData("ü", @"\252")]
    public void Parse_BytesThatAreNoLetters_AreNotTakenForThem(string label, string name)
    {
        byte[] question = [.. Question("")[..12], (byte)label.Length, .. System.Text.Encoding.Latin1.GetBytes(label), 0, 0, 1, 0, 1];

        Assert.Equal(name, DnsQuery.Parse(question)!.Question.Name);
    }

    [Fact]
    public void Parse_Answer_IsNotAnswered()
    {
        Assert.Null(DnsQuery.Parse(Question("web", bits: DnsBits.Response)));
        Assert.Null(DnsQuery.Parse(new byte[11]));
    }

    public static TheoryData<string, byte[]> Broken => new()
    {
        { "no question", With(Question("web"), 5, 0) },
        { "two questions", With(Question("web"), 5, 2) },
        { "a name that ends in the air", Question("web")[..^5] },
        { "no type", Question("web")[..^4] },
        { "a pointer to itself", [.. Question("")[..12], 0xC0, 12, 0, 1, 0, 1] },
        { "a label of 64 bytes", [.. Question("")[..12], 64, .. new byte[64], 0, 0, 1, 0, 1] },
        { "a name of 256 bytes", Question(string.Join('.', Enumerable.Repeat(new string('a', 50), 5)) + ".a") },
        { "records that are not there", With(Question("web"), 7, 1) },
        { "65,535 of them", With(With(Question("web"), 10, 255), 11, 255) },
        { "two OPT records", With([.. Question("web", edns: 1232), .. Question("web", edns: 1232)[^11..]], 11, 2) },
        { "an OPT record among the answers", With(With(Question("web", edns: 1232), 11, 0), 7, 1) },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Parse_BrokenQuestion_IsRefusedAsSuch(string what, byte[] message)
    {
        var query = DnsQuery.Parse(message)!;

        Assert.True(query.Fault == DnsCode.FormatError, what);
        var answer = DnsAnswer.Refuse(query);
        Assert.Equal(DnsCode.FormatError, Code(answer));
        Assert.Equal(0x1234, Id(answer));
    }

    [Fact]
    public void Parse_LongestName_IsTaken()
    {
        var name = string.Join('.', Enumerable.Repeat(new string('a', 50), 4)) + "." + new string('b', 49);

        Assert.Equal(name, Query(name).Question.Name);
    }

    [Fact]
    public void Parse_OtherThanAQuestion_IsNotImplemented() => Assert.Equal(DnsCode.NotImplemented, Code(DnsAnswer.Refuse(DnsQuery.Parse(Question("web", bits: 0x2800))!)));

    [Fact]
    public void Parse_LaterVersionOfEdns_IsToldSo()
    {
        var query = DnsQuery.Parse(With(Question("web", edns: 1232), ^5, 1))!;

        var answer = DnsAnswer.Refuse(query);

        Assert.Equal(DnsCode.Success, Code(answer));
        var opt = Assert.Single(Records(answer));
        Assert.Equal((DnsType.Opt, 0x01000000u), (opt.Type, opt.Seconds));
    }

    [Fact]
    public void ToMessage_ForAServer_HoldsWhatWasAskedAndNothingElse()
    {
        Assert.Equal(Question("WeB.example", DnsType.Txt, 7), DnsQuery.Parse(Question("WeB.example", DnsType.Txt))!.ToMessage(7));

        // Our own size; what a client says of itself stays here.
        Assert.Equal(Question("web", id: 7, edns: 1232, isDnssecWanted: true), Query("web", edns: 4096, isDnssecWanted: true).ToMessage(7));
    }

    private static byte[] With(byte[] message, Index at, byte value)
    {
        var copy = message.ToArray();
        copy[at] = value;
        return copy;
    }
}
