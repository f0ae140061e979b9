using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Primitives;
using Portal.E2E;
using Portal.Runtime;
using Portal.Runtime.Linux;
using Portal.Runtime.Names;
using Portal.Runtime.Networks;
using ChildProcess = Portal.E2E.ChildProcess;

namespace Portal.Runtime.E2E;

/// <summary>Name servers in namespaces of the kernel, without an engine around them.</summary>
public sealed class NameServerTests : IAsyncLifetime
{
    private static readonly ContainerId s_web = new("aa" + new string('1', 62));
    private static readonly ContainerId s_other = new("bb" + new string('2', 62));

    private readonly string _root = Directory.CreateTempSubdirectory("portal-names").FullName;
    private readonly NetworkNamespaces _namespaces;
    private readonly NamespaceThread _inside = new();
    private readonly Shop _directory = new();
    private readonly Upstream _host;
    private readonly int _port;
    private NameServers _servers;

    public NameServerTests()
    {
        _namespaces = new(new RuntimeOptions { RunRoot = _root });
        _host = new(IPAddress.Loopback, 0);
        _port = _host.Port;
        _servers = Servers();
    }

    public async ValueTask InitializeAsync()
    {
        _namespaces.Prepare();
        await _namespaces.CreateAsync(s_web, new Dictionary<string, string>(), null);
        await _namespaces.CreateAsync(s_other, new Dictionary<string, string>(), null);
    }

    public ValueTask DisposeAsync()
    {
        _servers.Dispose();
        _host.Dispose();
        _namespaces.TearDown();
        Directory.Delete(_root, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Lookup_KnownName_IsAnsweredToTheProgramsOfAContainer()
    {
        await StartAsync(s_web);

        var known = await RunAsync(s_web, "busybox", "nslookup", "-type=a", "Db.", "127.0.0.11");
        Assert.Contains("Address: 10.9.0.3", known.Out, StringComparison.Ordinal);

        var reverse = await RunAsync(s_web, "busybox", "nslookup", "10.9.0.3", "127.0.0.11");
        Assert.Contains("name = db.shop", reverse.Out, StringComparison.Ordinal);

        // The C library, with both families at once.
        var resolv = Path.Combine(_root, "resolv.conf");
        await File.WriteAllTextAsync(resolv, "nameserver 127.0.0.11\noptions ndots:0\n");
        var ahosts = await RunAsync(s_web, "unshare", "-m", "sh", "-c", $"mount --bind {resolv} /etc/resolv.conf && getent ahosts db");
        Assert.Contains("10.9.0.3", ahosts.Out, StringComparison.Ordinal);
        Assert.Contains("fd09::3", ahosts.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lookup_OfAnotherContainer_IsNotAnsweredHere()
    {
        await StartAsync(s_other);

        Assert.Equal(DnsCode.NameError, Code(await AskAsync(s_other, Question("db", DnsType.A))));
    }

    [Fact]
    public async Task Lookup_UnknownName_IsAskedOnTheHostsLoopback()
    {
        await StartAsync(s_web);

        Assert.Equal([192, 0, 2, 99], (await AskAsync(s_web, Question("outside.example", DnsType.A)))[^4..]);
        Assert.Equal(["outside.example"], _host.Asked);
    }

    [Fact]
    public async Task Lookup_OverTcp_HoldsWhatADatagramDoesNot()
    {
        _directory.Pool = [.. Enumerable.Range(1, 200).Select(i => new IPAddress([10, 9, 1, (byte)i]))];
        await StartAsync(s_web);

        var cut = await AskAsync(s_web, Question("pool", DnsType.A));
        Assert.Equal(2, cut[2] & 2);
        Assert.InRange(cut.Length, 450, 512);

        var whole = await AskAsync(s_web, Question("pool", DnsType.A), isStream: true);
        Assert.Equal(0, whole[2] & 2);
        Assert.Equal(200, (whole[6] << 8) | whole[7]);

        // What is asked outside may be as large.
        var outside = await AskAsync(s_web, Question("large.example", DnsType.Txt), isStream: true);
        Assert.Equal(30, (outside[6] << 8) | outside[7]);
    }

    [Fact]
    public async Task Port53_OfAContainer_IsItsOwn()
    {
        // On all addresses, and asked as its --dns would be: from inside.
        using var own = await _inside.RunAsync(_namespaces.PathOf(s_web), () => new Upstream(IPAddress.Any, 53));
        await _servers.StartAsync(new(s_web, _namespaces.PathOf(s_web), [new(IPAddress.Loopback, false)], false, false), CancellationToken.None);

        Assert.Equal([10, 9, 0, 3], (await AskAsync(s_web, Question("db", DnsType.A)))[^4..]);
        Assert.Empty(own.Asked);

        var upstreams = new NameServers(_directory, _inside, new UpstreamSockets(_inside), TimeProvider.System, NullLogger<NameServers>.Instance);
        _servers.Stop(s_web);
        await upstreams.StartAsync(new(s_web, _namespaces.PathOf(s_web), [new(IPAddress.Loopback, false)], false, false), CancellationToken.None);
        Assert.Equal([192, 0, 2, 99], (await AskAsync(s_web, Question("outside.example", DnsType.A)))[^4..]);
        Assert.Equal(["outside.example"], own.Asked);
        upstreams.Stop(s_web);
    }

    [Fact]
    public async Task Lookup_AfterARestart_IsAnsweredToSocketsThatAreOlder()
    {
        await StartAsync(s_web);
        using var client = await ClientAsync(s_web, SocketType.Dgram);
        await client.ConnectAsync(IPAddress.Parse("127.0.0.11"), 53);
        Assert.Equal([10, 9, 0, 3], (await ExchangeAsync(client, Question("db", DnsType.A)))[^4..]);

        // As when the agent ends and another begins.
        _servers.Dispose();
        _servers = Servers();
        await StartAsync(s_web);
        await StartAsync(s_web);

        Assert.Equal([10, 9, 0, 3], (await ExchangeAsync(client, Question("db", DnsType.A)))[^4..]);
    }

    [Fact]
    public async Task Lookup_WithRulesThatFollowConnections_PassesThem()
    {
        await StartAsync(s_web);
        const string Rules = """
            table inet strict {
            	chain in {
            		type filter hook input priority 0; policy drop;
            		ct state established accept
            		ct state new ip daddr 127.0.0.11 accept
            	}
            	chain out {
            		type filter hook output priority 0; policy accept;
            		ct state invalid drop
            		ip saddr 127.0.0.11 ct state new drop
            	}
            }

            """;
        await NftAsync(nft =>
        {
            nft.Apply(Rules);
            return "";
        });

        Assert.Equal([10, 9, 0, 3], (await AskAsync(s_web, Question("db", DnsType.A)))[^4..]);
        Assert.Equal([10, 9, 0, 3], (await AskAsync(s_web, Question("db", DnsType.A), isStream: true))[^4..]);
    }

    [Fact]
    public async Task Stop_WhileTheNamespaceStays_LeavesNothing()
    {
        await StartAsync(s_web);
        Assert.Contains("portal_names", await NftAsync(nft => nft.List("list ruleset", terse: false)), StringComparison.Ordinal);

        _servers.Stop(s_web);
        _servers.Stop(s_web);

        Assert.Equal("", await NftAsync(nft => nft.List("list ruleset", terse: false)));
        Assert.DoesNotContain(":", (await RunAsync(s_web, "sh", "-c", "tail -qn +2 /proc/net/udp /proc/net/tcp")).Succeeded().Out, StringComparison.Ordinal);
        using var client = await ClientAsync(s_web, SocketType.Stream);
        await Assert.ThrowsAsync<SocketException>(async () => await client.ConnectAsync(IPAddress.Parse("127.0.0.11"), 53));
    }

    [Fact]
    public async Task Stop_AfterTheNamespace_LetsItGo()
    {
        await StartAsync(s_web);
        var before = Directory.GetFiles("/proc/self/fd").Length;
        _namespaces.Remove(s_web);

        _servers.Stop(s_web);

        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 0, before - 2);
        await Assert.ThrowsAnyAsync<IOException>(() => StartAsync(s_web));
    }

    [Fact]
    public async Task Lookup_ByManyAtOnce_IsAnsweredToEach()
    {
        await StartAsync(s_web);
        var asking = Enumerable.Range(0, 200).Select(i => AskAsync(s_web, Question(i % 2 == 0 ? "db" : $"host{i}.example", DnsType.A), isStream: i % 10 == 0));

        var answers = await Task.WhenAll(asking);

        for (var i = 0; i < answers.Length; i++)
        {
            Assert.Equal(i % 2 == 0 ? [10, 9, 0, 3] : [192, 0, 2, 99], answers[i][^4..]);
        }

        // A thread of the pool that was started from inside would stay there.
        var own = new FileInfo("/proc/self/ns/net").LinkTarget;
        Assert.All(Directory.GetDirectories("/proc/self/task"), thread => Assert.Equal(own, new FileInfo(thread + "/ns/net").LinkTarget ?? own));
    }

    private NameServers Servers() => new(_directory, _inside, new UpstreamSockets(_inside, _port), TimeProvider.System, NullLogger<NameServers>.Instance);

    private Task StartAsync(ContainerId container) =>
        _servers.StartAsync(new(container, _namespaces.PathOf(container), [new(IPAddress.Loopback, true)], true, false), CancellationToken.None);

    private Task<CliResult> RunAsync(ContainerId container, params string[] command) =>
        ChildProcess.RunAsync("nsenter", [$"--net={_namespaces.PathOf(container)}", .. command]);

    private Task<Socket> ClientAsync(ContainerId container, SocketType type) => _inside.RunAsync(
        _namespaces.PathOf(container), () => new Socket(AddressFamily.InterNetwork, type, type == SocketType.Dgram ? ProtocolType.Udp : ProtocolType.Tcp));

    private Task<string> NftAsync(Func<Nftables, string> work) => _inside.RunAsync(_namespaces.PathOf(s_web), () =>
    {
        using var nft = new Nftables();
        return work(nft);
    });

    private async Task<byte[]> AskAsync(ContainerId container, byte[] question, bool isStream = false)
    {
        using var client = await ClientAsync(container, isStream ? SocketType.Stream : SocketType.Dgram);
        await client.ConnectAsync(IPAddress.Parse("127.0.0.11"), 53);
        return await ExchangeAsync(client, isStream ? [(byte)(question.Length >> 8), (byte)question.Length, .. question] : question);
    }

    private static async Task<byte[]> ExchangeAsync(Socket client, byte[] question)
    {
        using var limit = new CancellationTokenSource(Patience.Seconds(10));
        await client.SendAsync(question, SocketFlags.None, limit.Token);
        var buffer = new byte[65536];
        var size = await client.ReceiveAsync(buffer, SocketFlags.None, limit.Token);
        if (client.SocketType == SocketType.Dgram)
        {
            return buffer[..size];
        }

        while (size < 2 || size < 2 + ((buffer[0] << 8) | buffer[1]))
        {
            var more = await client.ReceiveAsync(buffer.AsMemory(size), SocketFlags.None, limit.Token);
            Assert.NotEqual(0, more);
            size += more;
        }

        return buffer[2..size];
    }

    private static byte[] Question(string name, DnsType type) =>
        [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. DnsName.Encode(name)!, 0, (byte)type, 0, 1];

    private static DnsCode Code(byte[] message) => (DnsCode)(message[3] & 15);

    /// <summary>What the network of <see cref="s_web"/> knows.</summary>
    private sealed class Shop : INameDirectory
    {
        public IPAddress[] Pool { get; set; } = [];

        public IReadOnlyList<IPAddress> Resolve(ContainerId asker, string name) => asker != s_web ? [] : name switch
        {
            "db" => [IPAddress.Parse("10.9.0.3"), IPAddress.Parse("fd09::3")],
            "pool" => Pool,
            _ => [],
        };

        public string? NameOf(ContainerId asker, IPAddress address) => asker == s_web && address.ToString() == "10.9.0.3" ? "db.shop" : null;
    }

    /// <summary>A name server outside: 192.0.2.99 for every name of example, nothing else; large ones by TCP alone.</summary>
    private sealed class Upstream : IDisposable
    {
        private readonly Socket _datagrams = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        private readonly Socket _connections = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly List<string> _asked = [];

        public Upstream(IPAddress address, int port)
        {
            _connections.Bind(new IPEndPoint(address, port));
            Port = ((IPEndPoint)_connections.LocalEndPoint!).Port;
            _datagrams.Bind(new IPEndPoint(address, Port));
            _connections.Listen();
            _ = ServeDatagramsAsync();
            _ = ServeConnectionsAsync();
        }

        public int Port { get; }

        public string[] Asked
        {
            get
            {
                lock (_asked)
                {
                    return [.. _asked];
                }
            }
        }

        public void Dispose()
        {
            _datagrams.Dispose();
            _connections.Dispose();
        }

        private async Task ServeDatagramsAsync()
        {
            var buffer = new byte[4096];
            try
            {
                while (true)
                {
                    var from = await _datagrams.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0));
                    await _datagrams.SendToAsync(Answer(buffer[..from.ReceivedBytes], isStream: false), SocketFlags.None, from.RemoteEndPoint);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The end of the test.
            }
        }

        private async Task ServeConnectionsAsync()
        {
            try
            {
                while (true)
                {
                    using var connection = await _connections.AcceptAsync();
                    var buffer = new byte[4096];
                    var size = await connection.ReceiveAsync(buffer);
                    var answer = Answer(buffer[2..size], isStream: true);
                    await connection.SendAsync((byte[])[(byte)(answer.Length >> 8), (byte)answer.Length, .. answer]);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The end of the test.
            }
        }

        private byte[] Answer(byte[] question, bool isStream)
        {
            var query = DnsQuery.Parse(question) ?? throw new UnreachableException();
            lock (_asked)
            {
                _asked.Add(query.Question.Name);
            }

            var builder = new DnsAnswerBuilder(query);
            if (query.Question.Name == "large.example")
            {
                for (var i = 0; i < 30; i++)
                {
                    builder.AddName([.. DnsName.Encode(new string('x', 60))!]);
                }
            }
            else if (query.Question.Name.EndsWith(".example", StringComparison.Ordinal))
            {
                builder.AddAddress(IPAddress.Parse("192.0.2.99"));
            }
            else
            {
                return builder.Build(DnsCode.NameError).ToMessage(query, TimeSpan.Zero, isStream);
            }

            return builder.Build().ToMessage(query, TimeSpan.Zero, isStream);
        }
    }
}
