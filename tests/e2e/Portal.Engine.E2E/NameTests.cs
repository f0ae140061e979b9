using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Names in networks of the user's own, with the CLI.</summary>
public sealed class NameTests(Engine engine) : EngineTest(engine), IAsyncLifetime
{
    private const string Network = "names-e2e";
    private const string Other = "names-e2e-other";

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        await Docker.RunAsync("network", "create", Network);
        await Docker.RunAsync("network", "create", Other);
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await DisposeAsync();
        await Docker.RunAsync("network", "rm", Network, Other);
    }

    [Fact]
    public async Task Lookup_InANetwork_FindsNamesAliasesAndTheWayBack()
    {
        await RunSleeperAsync("--name", "db", "--network", Network, "--network-alias", "database");
        await RunSleeperAsync("--name", "web", "--network", Network);
        var address = await Docker.InspectAsync("db", "{{(index .NetworkSettings.Networks \"" + Network + "\").IPAddress}}");

        foreach (var name in (string[])["db", "DATABASE", $"db.{Network}"])
        {
            Assert.Contains($"Address: {address}\n", await LookUpAsync("web", "-type=a", name), StringComparison.Ordinal);
        }

        Assert.Contains($"name = db.{Network}", await LookUpAsync("web", address), StringComparison.Ordinal);
        var resolv = (await Docker.RunAsync("exec", "web", "cat", "/etc/resolv.conf")).Succeeded().Out;
        Assert.Contains("\nnameserver 127.0.0.11\n", resolv, StringComparison.Ordinal);
        Assert.Contains("ndots:0", resolv, StringComparison.Ordinal);
        (await Docker.RunAsync("exec", "web", "ping", "-c1", "-W2", "database")).Succeeded();
    }

    [Fact]
    public async Task Lookup_AcrossNetworks_FindsNothingUntilConnected()
    {
        await RunSleeperAsync("--name", "db", "--network", Network);
        await RunSleeperAsync("--name", "web", "--network", Other, "--dns-option", "ndots:1");
        Assert.NotEqual(0, (await Docker.RunAsync("exec", "web", "ping", "-c1", "-W2", "db")).ExitCode);

        (await Docker.RunAsync("network", "connect", Network, "web")).Succeeded();
        (await Docker.RunAsync("exec", "web", "ping", "-c1", "-W2", "db")).Succeeded();

        (await Docker.RunAsync("network", "disconnect", Network, "web")).Succeeded();
        Assert.NotEqual(0, (await Docker.RunAsync("exec", "web", "ping", "-c1", "-W2", "db")).ExitCode);
    }

    [Fact]
    public async Task Lookup_AfterARestartOfTheAgent_IsAnswered()
    {
        await RunSleeperAsync("--name", "db", "--network", Network);
        await RunSleeperAsync("--name", "web", "--network", Network);

        await Engine.KillAsync();
        await Engine.StartAsync();

        (await Docker.RunAsync("exec", "web", "ping", "-c1", "-W2", "db")).Succeeded();
    }

    [Fact]
    public async Task Connect_FileChangedInside_LeavesItAlone()
    {
        await RunSleeperAsync("--name", "web");
        (await Docker.RunAsync("exec", "web", "sh", "-c", "echo 'nameserver 192.0.2.1' >/etc/resolv.conf")).Succeeded();

        (await Docker.RunAsync("network", "connect", Network, "web")).Succeeded();

        Assert.Equal("nameserver 192.0.2.1", (await Docker.RunAsync("exec", "web", "cat", "/etc/resolv.conf")).Line);
    }

    [Fact]
    public async Task Connect_FromTheDefaultNetwork_BringsTheServer()
    {
        await RunSleeperAsync("--name", "db", "--network", Network);
        await RunSleeperAsync("--name", "web");

        (await Docker.RunAsync("network", "connect", Network, "web")).Succeeded();

        (await Docker.RunAsync("exec", "web", "ping", "-c1", "-W2", "db")).Succeeded();
    }

    [Fact]
    public async Task Hosts_InTheHostsNetwork_AreTheHosts() =>
        Assert.Equal(await File.ReadAllTextAsync("/etc/hosts"), (await Docker.RunAsync("run", "--rm", "--network", "host", "busybox", "cat", "/etc/hosts")).Succeeded().Out);

    private async Task<string> LookUpAsync(string container, params string[] question) =>
        (await Docker.RunAsync(["exec", container, "nslookup", .. question, "127.0.0.11"])).Succeeded().Out;
}
