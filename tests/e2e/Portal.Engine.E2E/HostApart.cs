using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>An agent in a network namespace of its own, as on a host of its own.</summary>
public sealed class HostApart(int number, string name) : AgentProcess(number)
{
    /// <summary>Of the host's namespace, for nsenter(1): ip(8) would put another /sys in place as well.</summary>
    public string Namespace => "/run/netns/" + name;

    /// <summary>The address other hosts know.</summary>
    public string IPv4 { get; init; } = "";

    /// <summary>The address other hosts know.</summary>
    public string IPv6 { get; init; } = "";

    protected override IReadOnlyList<string> Launcher => ["nsenter", "--net=" + Namespace];

    /// <summary>Runs a program on this host.</summary>
    public Task<CliResult> RunAsync(params string[] command) => ChildProcess.RunAsync("nsenter", ["--net=" + Namespace, .. command]);
}

/// <summary>Two hosts and a cable.</summary>
public sealed class TwoHosts : IAsyncLifetime
{
    public HostApart A { get; } = new(3, $"pe{Environment.ProcessId}a") { IPv4 = "192.0.2.1", IPv6 = "2001:db8:77::1" };

    public HostApart B { get; } = new(4, $"pe{Environment.ProcessId}b") { IPv4 = "192.0.2.2", IPv6 = "2001:db8:77::2" };

    public async ValueTask InitializeAsync()
    {
        foreach (var host in (HostApart[])[A, B])
        {
            (await ChildProcess.RunAsync("ip", ["netns", "add", Path.GetFileName(host.Namespace)])).Succeeded();
            (await host.RunAsync("ip", "link", "set", "lo", "up")).Succeeded();
        }

        (await ChildProcess.RunAsync("ip", ["link", "add", "up0", "netns", Path.GetFileName(A.Namespace), "type", "veth", "peer", "name", "up0", "netns", Path.GetFileName(B.Namespace)])).Succeeded();
        foreach (var host in (HostApart[])[A, B])
        {
            (await host.RunAsync("ip", "link", "set", "up0", "up")).Succeeded();
            (await host.RunAsync("ip", "address", "add", host.IPv4 + "/24", "dev", "up0")).Succeeded();
            (await host.RunAsync("ip", "address", "add", host.IPv6 + "/64", "dev", "up0", "nodad")).Succeeded();
            await host.InitializeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in (HostApart[])[A, B])
        {
            await host.DisposeAsync();
            // Of what an agent leaves on its host nothing is seen from here; its teardown leaves the cable only.
            Assert.Equal(["lo", "up0"], (await host.RunAsync("ip", "-o", "link")).Succeeded().Lines.Select(l => l.Split(": ")[1].Split('@')[0]));
            Assert.Empty((await host.RunAsync("nft", "list", "tables")).Succeeded().Lines);
        }

        // The cable goes with the first.
        foreach (var host in (HostApart[])[A, B])
        {
            (await ChildProcess.RunAsync("ip", ["netns", "delete", Path.GetFileName(host.Namespace)])).Succeeded();
        }
    }
}
