using System.Globalization;
using System.Net;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Networks of the user's own, and containers that join and leave them.</summary>
public sealed class OwnNetworkTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Connect_RunningContainer_HasALinkMoreAndDisconnectTakesItAway()
    {
        (await Docker.RunAsync("network", "create", "more")).Succeeded();
        await RunSleeperAsync("--name", "mover");
        Assert.Equal(["eth0", "lo"], await LinksAsync("mover"));

        (await Docker.RunAsync("network", "connect", "--alias", "other", "more", "mover")).Succeeded();

        Assert.Equal(["eth0", "eth1", "lo"], await LinksAsync("mover"));
        var address = await Docker.InspectAsync("mover", "{{.NetworkSettings.Networks.more.IPAddress}}");
        Assert.Contains(address + "\t", (await Docker.RunAsync("exec", "mover", "cat", "/etc/hosts")).Succeeded().Out, StringComparison.Ordinal);
        var again = await Docker.RunAsync("network", "connect", "more", "mover");
        Assert.Contains("already exists in network more", again.Err, StringComparison.Ordinal);
        var remove = await Docker.RunAsync("network", "rm", "more");
        Assert.Contains("has active endpoints (name:\"mover\"", remove.Err, StringComparison.Ordinal);

        (await Docker.RunAsync("network", "disconnect", "more", "mover")).Succeeded();

        Assert.Equal(["eth0", "lo"], await LinksAsync("mover"));
        Assert.DoesNotContain(address + "\t", (await Docker.RunAsync("exec", "mover", "cat", "/etc/hosts")).Succeeded().Out, StringComparison.Ordinal);
        (await Docker.RunAsync("network", "rm", "more")).Succeeded();
    }

    [Fact]
    public async Task Run_OnTwoFamiliesWithChosenAddresses_HasThem()
    {
        (await Docker.RunAsync("network", "create", "--ipv6", "--subnet", "10.208.77.0/24", "--subnet", "fd77:208::/64", "dual")).Succeeded();

        await RunSleeperAsync("--name", "dual1", "--network", "dual", "--ip", "10.208.77.77", "--ip6", "fd77:208::77", "--mac-address", "02:42:00:00:00:77");

        var shown = (await Docker.RunAsync("exec", "dual1", "ip", "addr", "show", "eth0")).Succeeded().Out;
        Assert.Contains("10.208.77.77/24", shown, StringComparison.Ordinal);
        Assert.Contains("fd77:208::77/64", shown, StringComparison.Ordinal);
        Assert.Contains("02:42:00:00:00:77", shown, StringComparison.Ordinal);
        var second = await Docker.RunAsync("run", "-d", "--network", "dual", "--ip", "10.208.77.77", "busybox", "true");
        Assert.Contains("Address already in use", second.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_OverlappingTakenOrPredefined_IsRefusedAsDockerDoes()
    {
        (await Docker.RunAsync("network", "create", "--subnet", "10.208.78.0/24", "one")).Succeeded();

        await ExpectErrorAsync(await CreateAsync("two", "10.208.78.128/25"), HttpStatusCode.Forbidden, "Pool overlaps with other one on this address space");
        await ExpectErrorAsync(await CreateAsync("one", "10.208.79.0/24"), HttpStatusCode.Conflict, "network with name one already exists");
        await ExpectErrorAsync(await CreateAsync("bridge", "10.208.79.0/24"), HttpStatusCode.Forbidden, "operation is not permitted on predefined bridge network");
        await ExpectErrorAsync(await CreateAsync("two", "10.208.79.1/24"), HttpStatusCode.BadRequest, "invalid subnet 10.208.79.1/24: it should be 10.208.79.0/24");
        await ExpectErrorAsync(await Http.DeleteAsync("/networks/bridge"), HttpStatusCode.Forbidden, "bridge is a pre-defined network and cannot be removed");
    }

    [Fact]
    public async Task Containers_OnOtherNetworks_DoNotReachEachOther()
    {
        (await Docker.RunAsync("network", "create", "apart")).Succeeded();
        await Docker.RunDetachedAsync("--name", "hidden", "--network", "apart", "busybox", "sh", "-c", "echo hello > /tmp/index.html; exec httpd -f -p 80 -h /tmp");
        var address = await Docker.InspectAsync("hidden", "{{.NetworkSettings.Networks.apart.IPAddress}}");

        Assert.NotEqual(0, (await Docker.RunAsync("run", "--rm", "--init", "busybox", "ping", "-c", "1", "-W", "1", address)).ExitCode);
        Assert.Equal("hello", (await Docker.RunAsync("run", "--rm", "--network", "apart", "busybox", "wget", "-qO-", $"http://{address}/")).Succeeded().Line);
    }

    [Fact]
    public async Task Create_MacvlanOnAVlanOfALink_MakesTheVlanAndTakesItAwayOrSaysThatTheKernelHasNone()
    {
        var link = string.Create(CultureInfo.InvariantCulture, $"pv{Environment.ProcessId % 10000}");
        (await ChildProcess.RunAsync("ip", ["link", "add", link, "type", "veth", "peer", "name", link + "p"])).Succeeded();
        try
        {
            var create = await Docker.RunAsync("network", "create", "-d", "macvlan", "--subnet", "10.208.82.0/24", "-o", $"parent={link}.50", "tagged");
            if (create.ExitCode != 0)
            {
                Assert.Contains("this kernel has no vlan links", create.Err, StringComparison.Ordinal);
                Assert.DoesNotContain("tagged", (await Docker.RunAsync("network", "ls")).Succeeded().Out, StringComparison.Ordinal);
                return;
            }

            Assert.Contains("vlan protocol 802.1Q id 50", (await ChildProcess.RunAsync("ip", ["-d", "link", "show", $"{link}.50"])).Succeeded().Out, StringComparison.Ordinal);
            Assert.Contains("10.208.82.9/24", (await Docker.RunAsync("run", "--rm", "--network", "tagged", "--ip", "10.208.82.9", "busybox", "ip", "addr")).Succeeded().Out, StringComparison.Ordinal);

            (await Docker.RunAsync("network", "rm", "tagged")).Succeeded();

            Assert.False(Directory.Exists($"/sys/class/net/{link}.50"));
            Assert.True(Directory.Exists($"/sys/class/net/{link}"));
        }
        finally
        {
            (await ChildProcess.RunAsync("ip", ["link", "delete", link])).Succeeded();
        }
    }

    [Fact]
    public async Task Create_IpvlanWhereTheKernelHasNone_SaysSoAndLeavesNothing()
    {
        var create = await Docker.RunAsync("network", "create", "-d", "ipvlan", "--subnet", "10.208.83.0/24", "thin");
        if (create.ExitCode == 0)
        {
            Assert.Contains("10.208.83.9/24", (await Docker.RunAsync("run", "--rm", "--network", "thin", "--ip", "10.208.83.9", "busybox", "ip", "addr")).Succeeded().Out, StringComparison.Ordinal);
            return;
        }

        Assert.Contains("this kernel has no ipvlan links: it was built without them, or their module is missing", create.Err, StringComparison.Ordinal);
        Assert.DoesNotContain("thin", (await Docker.RunAsync("network", "ls")).Succeeded().Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_FromAConfiguration_TakesItAndKeepsItFromRemoval()
    {
        (await Docker.RunAsync("network", "create", "--config-only", "--subnet", "10.208.84.0/24", "--label", "of=plan", "plan")).Succeeded();

        (await Docker.RunAsync("network", "create", "--config-from", "plan", "planned")).Succeeded();

        Assert.Equal("10.208.84.0/24 false plan plan", await FormatAsync("planned", "{{(index .IPAM.Config 0).Subnet}} {{.ConfigOnly}} {{.ConfigFrom.Network}} {{.Labels.of}}"));
        Assert.Equal("null true", await FormatAsync("plan", "{{.Driver}} {{.ConfigOnly}}"));
        var run = await Docker.RunAsync("run", "--rm", "--network", "plan", "busybox", "true");
        Assert.Contains("cannot create endpoint on configuration-only network", run.Err, StringComparison.Ordinal);
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("configuration network \"plan\" is in use", (await Docker.RunAsync("network", "rm", "plan")).Err, StringComparison.Ordinal);
        (await Docker.RunAsync("network", "rm", "planned", "plan")).Succeeded();
    }

    private async Task<string> FormatAsync(string network, string format) => (await Docker.RunAsync("network", "inspect", "-f", format, network)).Succeeded().Line;

    private Task<HttpResponseMessage> CreateAsync(string name, string subnet) =>
        PostJsonAsync("/networks/create", $$"""{"Name":"{{name}}","IPAM":{"Config":[{"Subnet":"{{subnet}}"}]} }""");

    private async Task<string[]> LinksAsync(string container) => [.. (await Docker.RunAsync("exec", container, "ls", "/sys/class/net")).Succeeded().Lines.Order(StringComparer.Ordinal)];
}
