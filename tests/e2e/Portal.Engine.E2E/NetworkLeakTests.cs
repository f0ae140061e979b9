using System.Globalization;
using System.Net;
using System.Text;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Containers, networks, ports and volumes come and go hundreds of times; afterwards all is as it was.</summary>
[Trait("Agent", "one")]
public sealed class NetworkLeakTests(Engine engine) : EngineTest(engine)
{
    private const int Cycles = 500;
    private const int Workers = 4;

    [Fact]
    public async Task Cycles_ByTheHundred_LeaveEverythingAsItWas()
    {
        // Thirteen addresses, and twelve ports below: if one in forty were lost, the last cycles would find none.
        await DemandAsync(HttpMethod.Post, "/networks/create", HttpStatusCode.Created, """{"Name":"home","IPAM":{"Config":[{"Subnet":"10.99.77.0/28"}]}}""");
        await CycleAsync(0);
        var before = await BalanceAsync();
        var (files, networks, volumes) = (OpenFiles(), await ListAsync("network"), await ListAsync("volume"));

        var last = 0;
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(async _ =>
        {
            for (var cycle = Interlocked.Increment(ref last); cycle <= Cycles; cycle = Interlocked.Increment(ref last))
            {
                await CycleAsync(cycle);
            }
        }));

        IReadOnlyList<string> after = [];
        try
        {
            await Patience.UntilAsync("all is as before", async () => before.SequenceEqual(after = await BalanceAsync()));
        }
        catch (Exception)
        {
            Assert.Equal(before, after);
            throw;
        }

        Assert.InRange(OpenFiles(), 0, files + 10);
        Assert.Equal(networks, await ListAsync("network"));
        Assert.Equal(volumes, await ListAsync("volume"));

        // All addresses are to be had at once, and all ports.
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => DemandContainerAsync($"full{i}")));
        await DemandAsync(HttpMethod.Post, "/containers/create?name=one", HttpStatusCode.Created, """{"Image":"busybox","Cmd":["sleep","300"],"HostConfig":{"NetworkMode":"home"}}""");
        await DemandAsync(HttpMethod.Post, "/containers/one/start", HttpStatusCode.NoContent);
    }

    private async Task CycleAsync(int cycle)
    {
        var (name, network) = ($"leak{cycle}", $"apart{cycle}");
        await DemandAsync(HttpMethod.Post, "/networks/create", HttpStatusCode.Created, $$"""{"Name":"{{network}}","EnableIPv6":{{(cycle % 2 == 0 ? "true" : "false")}} }""");
        await DemandContainerAsync(name);
        await DemandAsync(HttpMethod.Post, $"/networks/{network}/connect", HttpStatusCode.OK, $$"""{"Container":"{{name}}","EndpointConfig":{"Aliases":["other"]} }""");
        if (cycle % 3 > 0)
        {
            await DemandAsync(HttpMethod.Post, $"/networks/{network}/disconnect", HttpStatusCode.OK, $$"""{"Container":"{{name}}"}""");
        }

        await DemandAsync(HttpMethod.Delete, $"/containers/{name}?force=1&v=1", HttpStatusCode.NoContent);
        await DemandAsync(HttpMethod.Delete, $"/networks/{network}", HttpStatusCode.NoContent);
    }

    /// <summary>Runs one with an address of thirteen, a port of twelve, a port of any, and a volume.</summary>
    private async Task DemandContainerAsync(string name)
    {
        await DemandAsync(HttpMethod.Post, "/containers/create?name=" + name, HttpStatusCode.Created,
            """
            {"Image":"busybox","Cmd":["sleep","300"],"Volumes":{"/v":{}},"ExposedPorts":{"80/tcp":{},"81/udp":{}},
             "HostConfig":{"NetworkMode":"home","PortBindings":{"80/tcp":[{"HostPort":"21770-21781"}],"81/udp":[{"HostPort":""}]} } }
            """);
        await DemandAsync(HttpMethod.Post, $"/containers/{name}/start", HttpStatusCode.NoContent);
    }

    private async Task DemandAsync(HttpMethod method, string path, HttpStatusCode status, string body = "")
    {
        using var message = new HttpRequestMessage(method, path);
        if (body.Length > 0)
        {
            message.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        using var answer = await Http.SendAsync(message);
        Assert.True(answer.StatusCode == status, $"{method} {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    private async Task<string[]> ListAsync(string kind) => [.. (await Docker.RunAsync(kind, "ls", "-q")).Succeeded().Lines.Order(StringComparer.Ordinal)];

    private Task<IReadOnlyList<string>> BalanceAsync() => Ledger.BalanceAsync(Engine.Root, Engine.Bridge, Engine.ProcessId);

    private int OpenFiles() => Directory.GetFileSystemEntries($"/proc/{Engine.ProcessId.ToString(CultureInfo.InvariantCulture)}/fd").Length;
}
