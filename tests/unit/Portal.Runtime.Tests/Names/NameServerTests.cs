using System.Net;
using Microsoft.Extensions.Time.Testing;
using Portal.Runtime.Names;
using static Portal.Runtime.Tests.Names.Messages;

namespace Portal.Runtime.Tests.Names;

public sealed class NameServerTests : IDisposable
{
    private static readonly UpstreamServer s_first = new(IPAddress.Parse("192.0.2.1"), IsAskedFromHost: true);
    private static readonly UpstreamServer s_second = new(IPAddress.Parse("192.0.2.2"), IsAskedFromHost: true);
    private static readonly UpstreamServer s_own = new(IPAddress.Parse("192.0.2.3"), IsAskedFromHost: false);

    private readonly FakeTimeProvider _time = new();
    private readonly FakeUpstreams _upstreams = new() { Reply = (_, request, _) => [Answer(request, "198.51.100.7")] };
    private readonly NameServer _server;

    public NameServerTests()
    {
        _server = new(Asker, new KnownNames(new FakeDirectory().Know("web", "10.0.0.2"), new(1)), _upstreams, _time);
        Use(s_first, s_second);
    }

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task Answer_KnownName_LeavesOthersAlone()
    {
        Assert.Equal(["10.0.0.2"], Addresses(await AskAsync("web")));
        Assert.Empty(_upstreams.Asked);
    }

    [Fact]
    public async Task Answer_UnknownName_IsThatOfTheFirstServer()
    {
        var answer = await AskAsync("outside.example");

        Assert.Equal(["198.51.100.7"], Addresses(answer));
        Assert.Equal(0x1234, Id(answer));
        Assert.Equal(s_first, Assert.Single(_upstreams.Asked).Server);
    }

    [Fact]
    public async Task Answer_ManyQuestions_GoUnderNumbersNobodyKnows()
    {
        for (var i = 0; i < 50; i++)
        {
            await AskAsync($"host{i}.example");
        }

        Assert.InRange(_upstreams.Asked.Select(asked => Id(asked.Request)).Distinct().Count(), 45, 50);
    }

    [Theory]
    [InlineData((int)DnsCode.ServerFailure)]
    [InlineData((int)DnsCode.Refused)]
    public async Task Answer_ServerThatCannot_IsThatOfTheNext(int code)
    {
        _upstreams.Reply = (server, request, _) => [server == s_first ? Answer(request, (DnsCode)code, false) : Answer(request, "198.51.100.8")];

        Assert.Equal(["198.51.100.8"], Addresses(await AskAsync("outside.example")));
    }

    [Fact]
    public async Task Answer_NameThatIsNot_IsNotAskedAgainElsewhere()
    {
        _upstreams.Reply = (_, request, _) => [Answer(request, DnsCode.NameError, false)];

        Assert.Equal(DnsCode.NameError, Code(await AskAsync("outside.example")));
        Assert.Single(_upstreams.Asked);
    }

    [Fact]
    public async Task Answer_SilentServer_IsThatOfTheNextAndIsAskedLastForAWhile()
    {
        _upstreams.Reply = (server, request, _) => server == s_first ? [] : [Answer(request, "198.51.100.8", 0)];

        var asking = AskAsync("outside.example");
        await _upstreams.Waiting.WaitAsync();
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(["198.51.100.8"], Addresses(await asking));

        await AskAsync("outside.example");
        Assert.Equal([s_first, s_second, s_second], _upstreams.Asked.Select(asked => asked.Server));

        _time.Advance(TimeSpan.FromSeconds(30));
        _upstreams.Reply = (_, request, _) => [Answer(request, "198.51.100.7", 0)];
        await AskAsync("outside.example");
        Assert.Equal(s_first, _upstreams.Asked[^1].Server);
    }

    [Fact]
    public async Task Answer_NobodyThere_IsAFailure()
    {
        Use();
        Assert.Equal(DnsCode.ServerFailure, Code(await AskAsync("outside.example")));

        Use(s_first);
        _upstreams.Reply = (_, _, _) => throw new System.Net.Sockets.SocketException(111);
        Assert.Equal(DnsCode.ServerFailure, Code(await AskAsync("outside.example")));
    }

    [Fact]
    public async Task Answer_ForgedAnswers_ArePassedOver()
    {
        _upstreams.Reply = (_, request, _) =>
        [
            Answer(Question("outside.example", id: (ushort)(Id(request) + 1)), "203.0.113.1"),
            Answer(Question("inside.example", id: Id(request)), "203.0.113.2"),
            Answer(request, "198.51.100.7"),
        ];

        Assert.Equal(["198.51.100.7"], Addresses(await AskAsync("outside.example")));
    }

    [Fact]
    public async Task Answer_CutByTheServer_IsFetchedWholeForAStreamAlone()
    {
        _upstreams.Reply = (_, request, isStream) => [isStream ? Answer(request, "198.51.100.9") : Answer(request, DnsCode.Success, true)];

        Assert.True(IsTruncated(await AskAsync("outside.example")));
        Assert.Equal([false], _upstreams.Asked.Select(asked => asked.IsStream));

        Assert.Equal(["198.51.100.9"], Addresses(await AskAsync("outside.example", isStream: true)));
        Assert.Equal([false, false, true], _upstreams.Asked.Select(asked => asked.IsStream));
    }

    [Fact]
    public async Task Answer_AskedBefore_IsKeptUntilItsTimeOrOtherServers()
    {
        await AskAsync("outside.example");
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(50u, Records(await AskAsync("outside.example"))[0].Seconds);
        Assert.Single(_upstreams.Asked);

        Use(s_second);
        await AskAsync("outside.example");
        Assert.Equal(2, _upstreams.Asked.Count);
    }

    [Fact]
    public async Task Answer_CutOffFromOutside_DoesNotAskTheHostsServers()
    {
        _server.Use(new(Asker, "/ns", [s_first, s_own], IsOutsideReachable: false, HasNdots: false));

        await AskAsync("outside.example");

        // Its own may be in its network, and are asked from there.
        Assert.Equal([s_own], _upstreams.Asked.Select(asked => asked.Server));
    }

    [Fact]
    public async Task Answer_ItselfAsServer_IsNotAsked()
    {
        Use(new UpstreamServer(INameServers.Address, IsAskedFromHost: false));

        Assert.Equal(DnsCode.ServerFailure, Code(await AskAsync("outside.example")));
        Assert.Empty(_upstreams.Asked);
    }

    [Fact]
    public async Task Answer_WithNdots_DoesNotPassOnNamesWithoutADot()
    {
        _server.Use(new(Asker, "/ns", [s_first], IsOutsideReachable: true, HasNdots: true));

        var answer = await AskAsync("unknown");
        Assert.Equal(DnsCode.Success, Code(answer));
        Assert.Empty(Records(answer));
        Assert.Empty(_upstreams.Asked);

        await AskAsync("unknown.example");
        Assert.Single(_upstreams.Asked);
    }

    [Fact]
    public async Task Answer_TooManyAtOnce_AreRefusedUntilOthersAreDone()
    {
        _upstreams.Reply = (_, _, _) => [];
        Use(s_first);
        var waiting = Enumerable.Range(0, NameServer.MaximumForwarded).Select(i => AskAsync($"host{i}.example")).ToList();
        for (var i = 0; i < waiting.Count; i++)
        {
            await _upstreams.Waiting.WaitAsync();
        }

        Assert.Equal(DnsCode.Refused, Code(await AskAsync("one.more.example")));
        Assert.Equal(["10.0.0.2"], Addresses(await AskAsync("web")));

        _time.Advance(TimeSpan.FromSeconds(4));
        await Task.WhenAll(waiting);
        _upstreams.Reply = (_, request, _) => [Answer(request, "198.51.100.7")];
        Assert.Equal(["198.51.100.7"], Addresses(await AskAsync("one.more.example")));
    }

    [Fact]
    public async Task Dispose_WhileAskingOutside_EndsWithoutAnAnswer()
    {
        _upstreams.Reply = (_, _, _) => [];
        var asking = _server.AnswerAsync(Question("outside.example"), isStream: false).AsTask();
        await _upstreams.Waiting.WaitAsync();

        _server.Dispose();

        Assert.Null(await asking);
    }

    private void Use(params UpstreamServer[] servers) => _server.Use(new(Asker, "/ns", servers, IsOutsideReachable: true, HasNdots: false));

    private async Task<byte[]> AskAsync(string name, bool isStream = false) => (await _server.AnswerAsync(Question(name), isStream))!;
}
