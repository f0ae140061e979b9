using System.Diagnostics;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Published ports from other hosts and from the own one, and a host whose network somebody else changes.</summary>
public sealed class TwoHostsTests(TwoHosts hosts) : IClassFixture<TwoHosts>, IAsyncLifetime
{
    private readonly List<ChildProcess> _servers = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        await hosts.A.ClearAsync();
        await hosts.B.ClearAsync();
    }

    [Fact]
    public async Task PublishedPorts_OfBothHosts_AreReachedFromEverywhereOnBoth()
    {
        var places = new List<(string Name, string Namespace, HostApart Host)>();
        foreach (var host in (HostApart[])[hosts.A, hosts.B])
        {
            (await host.Docker.RunAsync("network", "create", "--ipv6", "both")).Succeeded();
            await ServeAsync(host);
            await host.Docker.RunDetachedAsync("--name", "client", "--network", "both", "busybox", "sleep", "300");
            (await host.Docker.RunAsync("network", "create", "--ipv6", "apart")).Succeeded();
            await host.Docker.RunDetachedAsync("--name", "stranger", "--network", "apart", "busybox", "sleep", "300");
            places.Add(("host", host.Namespace, host));
            foreach (var name in (string[])["server", "client", "stranger"])
            {
                places.Add((name, await NamespaceAsync(host, name), host));
            }
        }

        // Whoever asks one host is answered by what runs there, and seen under an address that leads back.
        var wrong = await Task.WhenAll(
            from place in places
            from target in (HostApart[])[hosts.A, hosts.B]
            from address in (string[])[target.IPv4, $"[{target.IPv6}]"]
            from protocol in (string[])["TCP", "UDP"]
            select AskAsync(place, target, protocol, address));

        Assert.DoesNotContain(wrong, w => w is not null);
        Assert.Equal("", await AskAsync(places[0], hosts.A, "TCP", "127.0.0.1") ?? "");
        Assert.Equal("", await AskAsync(places[0], hosts.A, "UDP", "127.0.0.1") ?? "");

        async Task<string?> AskAsync((string Name, string Namespace, HostApart Host) place, HostApart target, string protocol, string address)
        {
            var answer = await AnswerAsync(place.Namespace, protocol, address);
            // socat(1) writes every address as one of IPv6.
            var asker = (address.Contains(':', StringComparison.Ordinal) ? "0000:0000:0000:000" : "c000:020") + place.Host.IPv4[^1];
            var isSeen = place.Host == target || answer.Contains(asker, StringComparison.Ordinal);
            return answer.StartsWith($"this is {target.IPv4} ", StringComparison.Ordinal) && isSeen ? null : $"{place.Name} of {place.Host.IPv4} asks {protocol} {address}: '{answer}'";
        }
    }

    [Fact]
    public async Task Rules_FlushedByAnother_AreBackWithinSeconds()
    {
        await ServeAsync(hosts.A, network: null);
        var client = await NamespaceAsync(hosts.A, "server");
        var before = (await hosts.A.RunAsync("nft", "-s", "list", "ruleset")).Succeeded().Out;
        Assert.StartsWith("this is ", await AnswerAsync(hosts.B.Namespace, "TCP", hosts.A.IPv4), StringComparison.Ordinal);

        (await hosts.A.RunAsync("nft", "flush", "ruleset")).Succeeded();

        var waited = Stopwatch.StartNew();
        await Patience.UntilAsync("the rules are as before", async () => (await hosts.A.RunAsync("nft", "-s", "list", "ruleset")).Succeeded().Out == before);
        Assert.True(waited.Elapsed < Patience.Seconds(5), $"{waited.Elapsed}");
        Assert.StartsWith("this is ", await AnswerAsync(hosts.B.Namespace, "TCP", hosts.A.IPv4), StringComparison.Ordinal);
        Assert.StartsWith("this is ", await AnswerAsync(client, "UDP", hosts.A.IPv4), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bridge")]
    [InlineData("pair")]
    public async Task Links_DeletedByAnother_AreBackWithinSeconds(string kind)
    {
        (await hosts.A.Docker.RunAsync("network", "create", "--ipv6", "both")).Succeeded();
        await ServeAsync(hosts.A);
        var inside = await NamespaceAsync(hosts.A, "server");
        var links = (await LinksAsync()).Where(l => l.StartsWith(kind == "bridge" ? "br-" : "veth", StringComparison.Ordinal)).ToArray();
        var (addresses, routes) = (await AddressesAsync(), await RoutesAsync());
        var link = Assert.Single(links);

        (await hosts.A.RunAsync("ip", "link", "delete", link)).Succeeded();

        var waited = Stopwatch.StartNew();
        await Patience.UntilAsync("the link is back and the container reached", async () =>
            (await LinksAsync()).Contains(link) && await AddressesAsync() == addresses && await RoutesAsync() == routes
            && (await AnswerAsync(hosts.B.Namespace, "TCP", hosts.A.IPv4)).StartsWith("this is ", StringComparison.Ordinal));
        Assert.True(waited.Elapsed < Patience.Seconds(8), $"{waited.Elapsed}");
        Assert.StartsWith("this is ", await AnswerAsync(hosts.B.Namespace, "UDP", $"[{hosts.A.IPv6}]"), StringComparison.Ordinal);
        (await hosts.A.Docker.RunAsync("rm", "-f", "server")).Succeeded();
        (await hosts.A.Docker.RunAsync("network", "rm", "both")).Succeeded();

        async Task<string[]> LinksAsync() => [.. (await hosts.A.RunAsync("ip", "-o", "link")).Succeeded().Lines.Select(l => l.Split(": ")[1].Split('@')[0])];
        async Task<string> AddressesAsync() => string.Join('\n', (await EnterAsync(inside, "ip", "-o", "address", "show", "dev", "eth0")).Lines.Select(l => l.Split(" scope ")[0].Split("eth0")[^1]));
        async Task<string> RoutesAsync() => (await EnterAsync(inside, "ip", "route", "show", "default")).Out;
    }

    /// <summary>A container with servers that say whose they are and who asks, on ports of every address of the host.</summary>
    private async Task ServeAsync(HostApart host, string? network = "both")
    {
        await host.Docker.RunDetachedAsync(["--name", "server", .. network is null ? (string[])[] : ["--network", network], "-p", "8080:80", "-p", "8080:80/udp", "busybox", "sleep", "300"]);
        var inside = await NamespaceAsync(host, "server");
        foreach (var protocol in (string[])["TCP", "UDP"])
        {
            // One socket for both families.
            _servers.Add(ChildProcess.Start("nsenter", ["--net=" + inside, "socat", $"{protocol}6-LISTEN:80,fork,reuseaddr,ipv6only=0", $"SYSTEM:read line; echo this is {host.IPv4} for $SOCAT_PEERADDR"]));
        }

        await Patience.UntilAsync("the servers listen", async () => (await EnterAsync(inside, "cat", $"/proc/{_servers[^1].Id}/net/tcp6", $"/proc/{_servers[^1].Id}/net/udp6")).Out.Split(":0050 ").Length > 2);
    }

    private static async Task<string> NamespaceAsync(HostApart host, string container) => $"/proc/{await host.Docker.InspectAsync(container, "{{.State.Pid}}")}/ns/net";

    private static async Task<string> AnswerAsync(string from, string protocol, string address)
    {
        // A datagram is sent once more when nobody answered: the first may have met a neighbour that was still being looked for.
        for (var tries = 0; ; tries++)
        {
            var answer = (await ChildProcess.RunAsync("nsenter", ["--net=" + from, "socat", "-t1", "-T2", "-", $"{protocol}:{address}:8080,connect-timeout=2"], input: "x\n")).Out;
            if (answer.Length > 0 || tries == 1)
            {
                return answer;
            }
        }
    }

    private static Task<CliResult> EnterAsync(string inside, params string[] command) => ChildProcess.RunAsync("nsenter", ["--net=" + inside, .. command]);
}
