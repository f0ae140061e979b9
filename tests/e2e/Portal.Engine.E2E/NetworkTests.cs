using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class NetworkTests(Engine engine) : EngineTest(engine)
{
    private static readonly HttpClient s_web = new() { Timeout = TimeSpan.FromSeconds(5) };

    [Fact]
    public async Task Run_WithAPublishedPort_IsReachedByEveryAddressOfTheHost()
    {
        var port = FreePort();
        await RunServerAsync("web", "-p", $"{port}:80");

        Assert.Equal("hello\n", await FetchAsync("127.0.0.1", port));
        Assert.Equal("hello\n", await FetchAsync(Engine.Gateway, port));
        Assert.Equal($"0.0.0.0:{port}", (await Docker.RunAsync("port", "web", "80")).Succeeded().Lines[0]);
    }

    [Fact]
    public async Task Run_WithAPublishedPortAndTwoFamilies_IsReachedByEveryAddressOfTheHost()
    {
        var port = FreePort();
        (await Docker.RunAsync("network", "create", "--ipv6", "--subnet", "10.208.81.0/24", "--subnet", "fd81:208::/64", "both")).Succeeded();
        await RunServerAsync("dual", "--network", "both", "-p", $"{port}:80");

        foreach (var address in (string[])["127.0.0.1", "[::1]", "10.208.81.1", "[fd81:208::1]"])
        {
            Assert.Equal("hello\n", await FetchAsync(address, port));
        }
    }

    [Fact]
    public async Task Run_WithAPublishedPortAndNoIPv6_IsReachedByTheIPv6LoopbackUntilItIsRemoved()
    {
        var port = FreePort();
        await RunServerAsync("web", "-p", $"{port}:80");

        Assert.Equal("hello\n", await FetchAsync("[::1]", port));

        (await Docker.RunAsync("rm", "-f", "web")).Succeeded();
        using var free = new TcpListener(IPAddress.IPv6Loopback, port);
        free.Start();
    }

    [Fact]
    public async Task Run_WithAPortOfSctp_HasItsRuleUntilItIsRemoved()
    {
        var port = FreePort();
        await RunServerAsync("signal", "-p", $"{port}:3868/sctp");
        var address = await Docker.InspectAsync("signal", "{{.NetworkSettings.Networks.bridge.IPAddress}}");

        Assert.Equal($"0.0.0.0:{port}", (await Docker.RunAsync("port", "signal", "3868/sctp")).Succeeded().Line);
        // Depending on its version nft prints the protocol by name or by number.
        Assert.Matches($@"(sctp|132) \. {port} : {address} \. 3868", await RulesAsync());
        var second = await Docker.RunAsync("run", "-d", "-p", $"{port}:3868/sctp", "busybox", "sleep", "60");
        Assert.Contains("port is already allocated (by container signal)", second.Err, StringComparison.Ordinal);

        (await Docker.RunAsync("rm", "-f", "signal")).Succeeded();
        Assert.DoesNotContain($"{port} : {address}", await RulesAsync(), StringComparison.Ordinal);

        async Task<string> RulesAsync() => (await ChildProcess.RunAsync("nft", ["list", "table", "inet", Engine.Bridge])).Succeeded().Out;
    }

    [Fact]
    public async Task Run_WithAPortPublishedOnLoopback_IsNotReachedOtherwise()
    {
        var port = FreePort();
        await RunServerAsync("local", "-p", $"127.0.0.1:{port}:80");

        Assert.Equal("hello\n", await FetchAsync("127.0.0.1", port));
        await Assert.ThrowsAnyAsync<Exception>(() => s_web.GetStringAsync($"http://{Engine.Gateway}:{port}/"));
    }

    [Fact]
    public async Task Run_WithAnEphemeralPort_TellsWhichItGot()
    {
        await RunServerAsync("any", "-p", "80");

        var port = int.Parse(await Docker.InspectAsync("any", "{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}"), CultureInfo.InvariantCulture);
        Assert.Equal("hello\n", await FetchAsync("127.0.0.1", port));
    }

    [Fact]
    public async Task Run_WithAPortOfAnotherContainer_FailsAndLeavesNoLink()
    {
        var port = FreePort();
        await RunServerAsync("first", "-p", $"{port}:80");
        var links = Ledger.Links(Engine.Bridge).Order().ToArray();

        var second = await Docker.RunAsync("run", "-d", "--name", "second", "-p", $"{port}:80", "busybox", "sleep", "60");

        Assert.Equal(125, second.ExitCode);
        Assert.Contains("port is already allocated", second.Err, StringComparison.Ordinal);
        Assert.Equal(links, Ledger.Links(Engine.Bridge).Order().ToArray());
        Assert.Equal("hello\n", await FetchAsync("127.0.0.1", port));
    }

    [Fact]
    public async Task Run_WithAPortOfAnotherProgram_FailsAndSaysSo()
    {
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        var run = await Docker.RunAsync("run", "-d", "-p", $"{port}:80", "busybox", "sleep", "60");

        Assert.Equal(125, run.ExitCode);
        Assert.Contains(port.ToString(CultureInfo.InvariantCulture), run.Err, StringComparison.Ordinal);
        Assert.Contains("address already in use", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Remove_OfAPublishedContainer_FreesThePort()
    {
        var port = FreePort();
        await RunServerAsync("once", "-p", $"{port}:80");
        (await Docker.RunAsync("rm", "-f", "once")).Succeeded();

        await RunServerAsync("again", "-p", $"{port}:80");

        Assert.Equal("hello\n", await FetchAsync("127.0.0.1", port));
    }

    [Fact]
    public async Task Containers_OnTheBridge_ReachEachOtherAndTheHost()
    {
        await RunServerAsync("server");
        var address = await Docker.InspectAsync("server", "{{.NetworkSettings.Networks.bridge.IPAddress}}");
        Assert.True(IPNetwork.Parse(Engine.Subnet).Contains(IPAddress.Parse(address)), $"{address} is not of {Engine.Subnet}.");

        Assert.Equal("hello", (await Docker.RunAsync("run", "--rm", "busybox", "wget", "-qO-", $"http://{address}/")).Succeeded().Line);
        (await Docker.RunAsync("run", "--rm", "busybox", "ping", "-c", "1", "-W", "2", Engine.Gateway)).Succeeded();
    }

    [Fact]
    public async Task Run_WithoutNetwork_HasLoopbackOnly()
    {
        Assert.Equal(["lo"], (await Docker.RunAsync("run", "--rm", "--network", "none", "busybox", "ls", "/sys/class/net")).Succeeded().Lines);
    }

    [Fact]
    public async Task Run_OnTheHostsNetwork_SeesTheHostsLinks()
    {
        var inside = (await Docker.RunAsync("run", "--rm", "--network", "host", "busybox", "ls", "/sys/class/net")).Succeeded().Lines;

        Assert.Contains(Engine.Bridge, inside);
        Assert.Equal(NetworkInterface.GetAllNetworkInterfaces().Select(i => i.Name).Order(StringComparer.Ordinal), inside.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Run_OnAnUnknownNetwork_FailsAndSaysSo()
    {
        var run = await Docker.RunAsync("run", "--rm", "--network", "nowhere", "busybox", "true");

        Assert.Equal(125, run.ExitCode);
        Assert.Contains("network nowhere not found", run.Err, StringComparison.Ordinal);
    }

    private Task<string> RunServerAsync(string name, params string[] options) =>
        Docker.RunDetachedAsync(["--name", name, .. options, "busybox", "sh", "-c", "echo hello > /tmp/index.html; exec httpd -f -p 80 -h /tmp"]);

    private static async Task<string> FetchAsync(string address, int port)
    {
        var text = "";
        await Patience.UntilAsync($"{address}:{port} answers", async () =>
        {
            try
            {
                text = await s_web.GetStringAsync($"http://{address}:{port}/");
                return true;
            }
            catch (HttpRequestException)
            {
                return false;   // the server inside is still starting
            }
        }, TimeSpan.FromSeconds(10));
        return text;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
