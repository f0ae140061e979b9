using System.Net;
using Portal.Domain.Primitives;
using Portal.Runtime.Names;
using static Portal.Runtime.Tests.Names.Messages;

namespace Portal.Runtime.Tests.Names;

public class KnownNamesTests
{
    private readonly FakeDirectory _directory = new FakeDirectory().Know("web", "10.0.0.2").Know("both", "10.0.0.3", "fd00::3");

    [Fact]
    public void Answer_KnownName_IsItsAddressForTenMinutes()
    {
        var message = Ask("WEB")!;

        Assert.Equal(["10.0.0.2"], Addresses(message));
        Assert.Equal(600u, Records(message)[0].Seconds);
        Assert.Equal(Name("WEB"), message[12..17]);
        // An answer; recursion was desired and can be had.
        Assert.Equal([0x81, 0x80], message[2..4]);
    }

    [Theory]
    [InlineData("web", (int)DnsType.Aaaa)]
    [InlineData("web", (int)DnsType.Mx)]
    [InlineData("both", (int)DnsType.Https)]
    [InlineData("both", (int)DnsType.Svcb)]
    public void Answer_KnownNameWithoutSuchARecord_IsEmpty(string name, int type)
    {
        var message = Ask(name, (DnsType)type)!;

        Assert.Equal(DnsCode.Success, Code(message));
        Assert.Empty(Records(message));
    }

    [Fact]
    public void Answer_BothFamilies_AreGivenApart()
    {
        Assert.Equal(["10.0.0.3"], Addresses(Ask("both")!));
        Assert.Equal(["fd00::3"], Addresses(Ask("both", DnsType.Aaaa)!));
    }

    [Theory]
    [InlineData("db", (int)DnsType.A)]
    [InlineData("web.example", (int)DnsType.A)]
    [InlineData("web", (int)DnsType.Txt)]
    [InlineData("9.9.9.9.in-addr.arpa", (int)DnsType.Ptr)]
    [InlineData("_x._tcp.web", (int)DnsType.Srv)]
    public void Answer_NotKnown_IsLeftToOthers(string name, int type) => Assert.Null(Ask(name, (DnsType)type));

    [Fact]
    public void Answer_OtherAsker_IsLeftToOthers() =>
        Assert.Null(new KnownNames(_directory, new(1)).Answer(new ContainerId(new string('f', 64)), Query("web")));

    [Fact]
    public void Answer_SeveralAddresses_ComeInAnyOrder()
    {
        _directory.Know("pool", "10.0.0.1", "10.0.0.2", "10.0.0.3");
        var known = new KnownNames(_directory, new(1));

        var orders = Enumerable.Range(0, 200).Select(_ => string.Join(' ', Addresses(known.Answer(Asker, Query("pool"))!.ToMessage(Query("pool"), default, false)))).ToList();

        Assert.Equal(6, orders.Distinct().Count());
        // Nobody is first much more often than others.
        Assert.All(orders.GroupBy(order => order[..8]), first => Assert.InRange(first.Count(), 40, 95));
    }

    [Fact]
    public void Answer_AddressOfEitherFamily_IsItsName()
    {
        _directory.Addresses[IPAddress.Parse("10.0.0.2")] = "web.shop";
        _directory.Addresses[IPAddress.Parse("fd00::3")] = "both.shop";

        Assert.Equal(Name("web.shop"), Assert.Single(Records(Ask("2.0.0.10.in-addr.arpa", DnsType.Ptr)!)).Data);
        var digits = string.Concat(Enumerable.Repeat("0.", 27));
        Assert.Equal(Name("both.shop"), Assert.Single(Records(Ask($"3.{digits}0.0.d.f.ip6.arpa", DnsType.Ptr)!)).Data);
    }

    [Theory]
    [InlineData("2.0.0.10.in-addr.arpa", "10.0.0.2")]
    [InlineData("0.0.10.in-addr.arpa", null)]
    [InlineData("1.2.0.0.10.in-addr.arpa", null)]
    [InlineData("256.0.0.10.in-addr.arpa", null)]
    [InlineData("+1.0.0.10.in-addr.arpa", null)]
    [InlineData("x.ip6.arpa", null)]
    [InlineData("web", null)]
    public void AddressOf_Name_IsOneOnlyInFull(string name, string? address) => Assert.Equal(address, KnownNames.AddressOf(name)?.ToString());

    [Fact]
    public void Answer_Service_IsWhereItIsOfferedAndTheAddresses()
    {
        _directory.Offers["_http._tcp.web"] = [new("web-1", 80, IPAddress.Parse("10.0.0.5")), new("web-2", 81, IPAddress.Parse("fd00::6"))];

        var message = Ask("_HTTP._tcp.web", DnsType.Srv)!;

        Assert.Equal((2, 0, 2), (Count(message, 0), Count(message, 1), Count(message, 2)));
        Assert.Equal([0, 0, 0, 0, 0, 80, .. Name("web-1")], Records(message)[0].Data);
        Assert.Equal(["10.0.0.5", "fd00::6"], Addresses(message));
    }

    private byte[]? Ask(string name, DnsType type = DnsType.A)
    {
        var query = Query(name, type);
        return new KnownNames(_directory, new(1)).Answer(Asker, query)?.ToMessage(query, TimeSpan.Zero, isStream: false);
    }
}
