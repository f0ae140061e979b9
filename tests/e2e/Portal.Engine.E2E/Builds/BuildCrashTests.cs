using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Portal.E2E;

namespace Portal.Engine.E2E.Builds;

/// <summary>An agent that is killed in the middle of builds, and that may fetch from this machine.</summary>
public sealed class BuildEngine() : AgentProcess(6)
{
    protected override IReadOnlyList<string> Options => ["--build-fetch-allow", "127.0.0.1/32"];
}

/// <summary>Builds whose engine dies, and builds that fetch.</summary>
public sealed class BuildCrashTests(BuildEngine engine) : IClassFixture<BuildEngine>
{
    private readonly DockerCli _docker = engine.Docker.With("DOCKER_BUILDKIT", "0");

    [Fact]
    public async Task Engine_KilledDuringRun_LeavesNothingAndTheNextBuildPasses()
    {
        var folder = Context("FROM busybox\nRUN echo kept > /kept\nRUN --mount=type=tmpfs,target=/t --mount=target=/ctx touch /on && while test -e /ctx/wait; do sleep 0.1; done\n", ("wait", ""));
        await using (var client = _docker.Start("build", folder))
        {
            await Patience.UntilAsync("the second command runs", () => Task.FromResult(
                Directory.Exists(engine.DataRoot + "/containers-rw") && Directory.GetDirectories(engine.DataRoot + "/containers-rw").Any(folder => File.Exists(folder + "/diff/on"))));
            await engine.KillAsync();
        }

        await engine.StartAsync();

        Assert.Empty(Directory.GetFileSystemEntries(engine.DataRoot + "/containers"));
        Assert.Empty(Directory.GetFileSystemEntries(engine.DataRoot + "/containers-rw"));
        Assert.Empty(Directory.GetFileSystemEntries(engine.DataRoot + "/builds/work"));
        Assert.Empty(Directory.GetFileSystemEntries(engine.RunRoot + "/builds"));
        Assert.Empty(Directory.GetFileSystemEntries(engine.RunRoot + "/bundles"));
        Assert.DoesNotContain(Ledger.Mounts(engine.Root), mount => !mount.EndsWith("/netns", StringComparison.Ordinal));
        Assert.Empty(Directory.GetFileSystemEntries(engine.DataRoot + "/images/staging"));
        File.Delete(Path.Combine(folder, "wait"));
        (await _docker.RunAsync("build", "-t", "again", folder)).Succeeded();
        Assert.Equal(2, (await _docker.RunAsync("build", "-t", "again", folder)).Succeeded().Lines.Count(line => line == "---> Using cache"));
        (await _docker.RunAsync("rmi", "again")).Succeeded();
    }

    [Fact]
    public async Task Add_OfAnAddress_FetchesChecksAndDoesNotUnpack()
    {
        using var server = new Server();
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes("served /f.txt")));
        var folder = Context($"FROM busybox\nADD {server.Address}/f.txt /d/\nADD --checksum=sha256:{digest} --chmod=644 {server.Address}/f.txt /named\nADD {server.Address}/moved /d/\n");
        (await _docker.RunAsync("build", "-t", "fetched", folder)).Succeeded();

        Assert.Equal(["served /f.txt", "served /f.txt", "600", "644", "981173106", "served /f.txt"], (await _docker.RunAsync("run", "--rm", "fetched", "sh", "-c", "cat /d/f.txt; echo; cat /named; echo; stat -c %a /d/f.txt /named; stat -c %Y /named; cat /d/moved")).Lines);
        var wrong = await _docker.RunAsync("build", Context($"FROM busybox\nADD --checksum=sha256:{new string('0', 64)} {server.Address}/f.txt /f\n"));
        Assert.Contains("digest mismatch sha256:" + digest, wrong.Out + wrong.Err, StringComparison.Ordinal);
        var loop = await _docker.RunAsync("build", Context($"FROM busybox\nADD {server.Address}/loop /f\n"));
        Assert.Contains("it redirects more than 5 times", loop.Out + loop.Err, StringComparison.Ordinal);
        var away = await _docker.RunAsync("build", Context($"FROM busybox\nADD {server.Address}/away /f\n"));
        Assert.Contains("not on the open network", away.Out + away.Err, StringComparison.Ordinal);
        var remote = (await _docker.RunAsync("build", "-q", $"{server.Address}/Dockerfile")).Succeeded();
        (await _docker.RunAsync("rmi", "fetched", remote.Line)).Succeeded();
    }

    private string Context(string dockerfile, params (string Name, string Content)[] files)
    {
        var folder = Path.Combine(engine.Root, "build-" + Guid.NewGuid().ToString("n")[..8]);
        Directory.CreateDirectory(folder);
        foreach (var (name, content) in files.Append(("Dockerfile", dockerfile)))
        {
            File.WriteAllText(Path.Combine(folder, name), content);
        }

        return folder;
    }

    /// <summary>The smallest web server.</summary>
    private sealed class Server : IDisposable
    {
        private readonly HttpListener _listener = new();

        public Server()
        {
            var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}";
            probe.Dispose();
            _listener.Prefixes.Add(Address + "/");
            _listener.Start();
            _ = ServeAsync();
        }

        public string Address { get; }

        public void Dispose() => _listener.Close();

        private async Task ServeAsync()
        {
            while (_listener.IsListening)
            {
                var exchange = await _listener.GetContextAsync();
                var path = exchange.Request.Url!.AbsolutePath;
                var redirect = path switch { "/loop" => "/loop", "/moved" => "/f.txt", "/away" => "http://127.0.0.2:1/x", _ => null };
                if (redirect is not null)
                {
                    exchange.Response.StatusCode = 302;
                    exchange.Response.Headers["Location"] = redirect;
                }
                else
                {
                    exchange.Response.Headers["Last-Modified"] = "Sat, 03 Feb 2001 04:05:06 GMT";
                    await exchange.Response.OutputStream.WriteAsync(Encoding.ASCII.GetBytes(path == "/Dockerfile" ? "FROM busybox\nRUN true\n" : "served " + path));
                }

                exchange.Response.Close();
            }
        }
    }
}
