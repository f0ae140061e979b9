using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>
/// The agent killed while networks change. Afterwards the change has happened or it has not, what was answered holds, kernel and
/// records say the same, and once all is removed nothing is left anywhere.
/// </summary>
public sealed partial class NetworkKillTests(KilledEngine engine) : IClassFixture<KilledEngine>
{
    // Of both families, so that it leads outside once a container is in it, and takes the published ports with it.
    private const string Network = """{"Name":"cut","EnableIPv6":true}""";

    private static readonly HttpClient s_web = new() { Timeout = TimeSpan.FromSeconds(2) };
    private readonly int _port = FreePort();

    [Theory]
    [InlineData("create", "fsync 1", "rename 1", "sendto 4", "sendmsg 2")]
    [InlineData("connect", "sendto 3", "sendmsg 1", "rename 1")]
    [InlineData("disconnect", "sendmsg 1", "sendto 2", "rename 1")]
    [InlineData("publish", "listen 1", "unshare 1", "sendto 6", "sendmsg 1")]
    [InlineData("remove", "sendto 3", "unlink 1", "sendmsg 1")]
    public async Task Agent_KilledInside_HasDoneItOrNot(string operation, params string[] points)
    {
        var before = await BalanceAsync();
        var missed = new List<string>();
        foreach (var point in points)
        {
            await PrepareAsync(operation);
            HttpStatusCode? answer = null;
            await using (await KillPoint.SetAsync(engine.ProcessId, point))
            {
                try
                {
                    answer = await ActAsync(operation);
                }
                catch (HttpRequestException)
                {
                    // That is the point.
                }
            }

            if (answer is not null)
            {
                missed.Add(point);
            }

            await engine.KillAsync();
            await engine.StartAsync();

            var where = $"{operation} at {point}";
            await DemandWholeAsync(where);
            await CheckAsync(operation, isDone: answer is not null && (int)answer < 300, where);
            await DemandWholeAsync(where);
            await engine.ClearAsync();
            await Patience.UntilAsync($"nothing is left of {where}", async () => before.SequenceEqual(await BalanceAsync()));
        }

        // A thread may do less than the others; but that all points lie outside the operation is no test of it.
        Assert.True(missed.Count <= points.Length / 2, $"the agent lived through {string.Join(", ", missed)}");
    }

    private async Task PrepareAsync(string operation)
    {
        if (operation != "create")
        {
            Assert.Equal(HttpStatusCode.Created, await ActAsync("create"));
        }

        if (operation is "connect" or "disconnect" or "publish")
        {
            await CreateContainerAsync(operation == "publish" ? "cut" : "bridge");
        }

        if (operation is "connect" or "disconnect")
        {
            Assert.Equal(HttpStatusCode.NoContent, await ActAsync("publish"));
            Assert.Equal("hello\n", await FetchAsync());
        }

        if (operation == "disconnect")
        {
            Assert.Equal(HttpStatusCode.OK, await ActAsync("connect"));
        }
    }

    private async Task CheckAsync(string operation, bool isDone, string where)
    {
        var network = await GetAsync("/networks/cut");
        var container = await GetAsync("/containers/one/json");
        var isIn = container?["NetworkSettings"]!["Networks"]!["cut"] is not null;
        switch (operation)
        {
            case "create":
                Assert.True(network is not null || !isDone, where);
                Assert.Equal(network is null ? HttpStatusCode.Created : HttpStatusCode.Conflict, await ActAsync("create"));
                (await engine.Docker.RunAsync("run", "--rm", "--network", "cut", "busybox", "true")).Succeeded();
                break;
            case "connect" or "disconnect":
                Assert.True(isIn == (operation == "connect") || !isDone, where);
                Assert.Equal("hello\n", await FetchAsync());
                Assert.Equal(isIn ? HttpStatusCode.OK : HttpStatusCode.Forbidden, await ActAsync("disconnect"));
                Assert.Equal("hello\n", await FetchAsync());
                Assert.Equal(HttpStatusCode.OK, await ActAsync("connect"));
                Assert.Equal("hello\n", await FetchAsync());
                Assert.Equal(HttpStatusCode.Forbidden, await ActAsync("remove"));
                break;
            case "publish":
                var status = (string?)container!["State"]!["Status"];
                Assert.True(status == "running" || (status is "created" or "exited" && !isDone), $"{where}: {status}");
                Assert.Equal(status == "running" ? HttpStatusCode.NotModified : HttpStatusCode.NoContent, await ActAsync("publish"));
                Assert.Equal("hello\n", await FetchAsync());
                break;
            case "remove":
                Assert.True(network is null || !isDone, where);
                Assert.Equal(network is null ? HttpStatusCode.NotFound : HttpStatusCode.NoContent, await ActAsync("remove"));
                Assert.Equal(HttpStatusCode.Created, await ActAsync("create"));
                break;
        }
    }

    /// <summary>Bridges are those of networks, pairs those of places, addresses inside those that are shown, rules those of bridges and ports.</summary>
    private async Task DemandWholeAsync(string where)
    {
        var bridges = (await GetAsync("/networks"))!.AsArray().Where(n => (string?)n!["Driver"] == "bridge")
            .Select(n => (string?)n!["Options"]!["com.docker.network.bridge.name"] ?? "br-" + ((string)n["Id"]!)[..12]).Order(StringComparer.Ordinal).ToArray();
        var container = await GetAsync("/containers/one/json");
        var places = container?["State"]!["Running"]!.GetValue<bool>() is true ? container["NetworkSettings"]!["Networks"]!.AsObject().Select(n => n.Value!).ToArray() : [];
        string[] links = [];
        await Patience.UntilAsync($"there are as many links as places: {where}", () =>
            (links = [.. Ledger.Links(engine.Bridge)]).Length == bridges.Length + places.Length);
        Assert.Equal(bridges, links.Where(l => Directory.Exists($"/sys/class/net/{l}/bridge")).Order(StringComparer.Ordinal));

        var rules = (await ChildProcess.RunAsync("nft", ["list", "table", "inet", engine.Bridge])).Succeeded().Out;
        Assert.Equal(bridges.Length, BridgeChain().Count(rules));
        Assert.All(bridges, b => Assert.Contains($"\"{b}\" : jump", rules, StringComparison.Ordinal));
        Assert.Equal(places.Length > 0, rules.Contains($"tcp . {_port} :", StringComparison.Ordinal));
        if (places.Length > 0)
        {
            var inside = (await engine.Docker.RunAsync("exec", "one", "ip", "-o", "addr")).Succeeded().Out;
            foreach (var place in places)
            {
                Assert.Contains($" {place["IPAddress"]}/", inside, StringComparison.Ordinal);
                Assert.Contains($" {place["GlobalIPv6Address"]}", inside, StringComparison.Ordinal);
            }

            // It leads outside by the network of both families, if it is in it.
            var way = places.FirstOrDefault(p => (string?)p["GlobalIPv6Address"] != "") ?? places[0];
            var routes = (await engine.Docker.RunAsync("exec", "one", "ip", "route")).Succeeded().Out;
            Assert.True(routes.Contains($"default via {way["Gateway"]} ", StringComparison.Ordinal), $"{where}: {routes}");
            Assert.Equal(places.Length + 1, inside.Split('\n').Count(l => l.Contains(" inet ", StringComparison.Ordinal)));
        }
    }

    private Task<HttpStatusCode> ActAsync(string operation) => operation switch
    {
        "create" => SendAsync(HttpMethod.Post, "/networks/create", Network),
        "connect" => SendAsync(HttpMethod.Post, "/networks/cut/connect", """{"Container":"one"}"""),
        "disconnect" => SendAsync(HttpMethod.Post, "/networks/cut/disconnect", """{"Container":"one"}"""),
        "publish" => SendAsync(HttpMethod.Post, "/containers/one/start"),
        _ => SendAsync(HttpMethod.Delete, "/networks/cut"),
    };

    private async Task CreateContainerAsync(string network) => Assert.Equal(HttpStatusCode.Created, await SendAsync(HttpMethod.Post, "/containers/create?name=one",
        $$$"""
        {"Image":"busybox","Cmd":["sh","-c","echo hello >/tmp/index.html; exec httpd -f -p 80 -h /tmp"],"ExposedPorts":{"80/tcp":{},"80/udp":{}},
         "HostConfig":{"NetworkMode":"{{{network}}}","PortBindings":{"80/tcp":[{"HostPort":"{{{_port}}}"}],"80/udp":[{"HostPort":"{{{_port}}}"}]} } }
        """));

    private async Task<string> FetchAsync()
    {
        var text = "";
        await Patience.UntilAsync($"port {_port} answers", async () =>
        {
            try
            {
                text = await s_web.GetStringAsync($"http://127.0.0.1:{_port}/");
                return true;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                return false;   // the server inside is still starting
            }
        });
        return text;
    }

    private async Task<JsonNode?> GetAsync(string path)
    {
        using var answer = await engine.Http.GetAsync(path);
        return answer.StatusCode == HttpStatusCode.NotFound ? null : JsonNode.Parse(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
    }

    private async Task<HttpStatusCode> SendAsync(HttpMethod method, string path, string body = "")
    {
        using var message = new HttpRequestMessage(method, path);
        if (body.Length > 0)
        {
            message.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        using var answer = await engine.Http.SendAsync(message);
        return answer.StatusCode;
    }

    private Task<IReadOnlyList<string>> BalanceAsync() => Ledger.BalanceAsync(engine.Root, engine.Bridge, engine.ProcessId);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex("chain to_")]
    private static partial Regex BridgeChain();
}
