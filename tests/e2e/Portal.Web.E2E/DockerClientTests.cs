using System.Text.Json.Nodes;
using Portal.E2E;

namespace Portal.Web.E2E;

/// <summary>The real docker command and docker-compose with a portal's token, over TLS.</summary>
public sealed class DockerClientTests(ReadyPortal portal) : IAsyncLifetime
{
    private const string Ticking = "trap 'exit 0' TERM; while :; do echo tick; sleep 0.2; done";

    /// <summary>Every docker command of this machine.</summary>
    public static TheoryData<string> Clients => [.. Installed.All("docker").DistinctBy(DockerCli.VersionOf)];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await portal.ClearAsync();
        await portal.ClearVolumesAsync();
        await portal.ClearImagesAsync();
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Developer_WithTheirOwn_DoesAllThatDockerDoes(string client)
    {
        var docker = (await Person.DeveloperAsync(portal)).Docker(client);
        await portal.Docker.RunDetachedAsync("--name", "others", "busybox", "sleep", "60");

        Assert.Equal("hello", (await docker.RunAsync("run", "--rm", "busybox", "echo", "hello")).Succeeded().Line);
        Assert.Equal("typed", (await docker.RunWithInputAsync("typed\n", "run", "--rm", "-i", "busybox", "cat")).Succeeded().Line);
        Assert.Contains("on a terminal", (await docker.RunOnTerminalAsync("echo on a $(test -t 0 && echo terminal)\nexit\n", "run", "--rm", "-it", "busybox", "sh")).Out, StringComparison.Ordinal);

        var id = await docker.RunDetachedAsync("--name", "mine", "busybox", "sh", "-c", Ticking);
        Assert.Equal([id], (await docker.RunAsync("ps", "-aq", "--no-trunc")).Succeeded().Lines);
        Assert.Equal(3, (await docker.RunAsync("exec", "mine", "sh", "-c", "exit 3")).ExitCode);
        Assert.Equal("through", (await docker.RunWithInputAsync("through\n", "exec", "-i", "mine", "cat")).Succeeded().Line);
        Assert.Contains("/dev/pts/", (await docker.RunOnTerminalAsync("tty\nexit\n", "exec", "-it", "mine", "sh")).Out, StringComparison.Ordinal);
        await using (var logs = docker.Start("logs", "-f", "mine"))
        {
            Assert.Equal("tick", await logs.ReadLineAsync());
            Assert.Equal("tick", await logs.ReadLineAsync());
        }

        await using (var attached = docker.Start("attach", "--no-stdin", "--sig-proxy=false", "mine"))
        {
            Assert.Equal("tick", await attached.ReadLineAsync());
        }

        var file = Path.Combine(portal.Root, "sent");
        await File.WriteAllTextAsync(file, "content\n");
        (await docker.RunAsync("cp", file, "mine:/sent")).Succeeded();
        Assert.Equal("content", (await docker.RunAsync("exec", "mine", "cat", "/sent")).Succeeded().Line);
        (await docker.RunAsync("cp", "mine:/sent", file + "-back")).Succeeded();
        Assert.Equal("content\n", await File.ReadAllTextAsync(file + "-back"));
        Assert.Contains("sh -c", (await docker.RunAsync("top", "mine")).Succeeded().Out, StringComparison.Ordinal);
        Assert.Contains("mine", (await docker.RunAsync("stats", "--no-stream", "mine")).Succeeded().Out, StringComparison.Ordinal);

        await using (var events = docker.Start("events", "--filter", "type=container", "--format", "{{.Action}} {{.Actor.ID}}"))
        {
            // There is no other sign that it listens than an event: one is made until one comes.
            var seen = events.ReadLineAsync(Patience.Seconds(20));
            while (!seen.IsCompleted)
            {
                (await portal.Docker.RunAsync("restart", "-t", "0", "others")).Succeeded();
                (await docker.RunAsync("kill", "-s", "URG", "mine")).Succeeded();
            }

            Assert.Equal($"kill {id}", await seen);
        }

        (await docker.RunAsync("volume", "create", "own-data")).Succeeded();
        Assert.Equal("own-data", (await docker.RunAsync("volume", "ls", "-q")).Succeeded().Line);
        (await docker.RunAsync("network", "create", "own-net")).Succeeded();
        Assert.Equal("there", (await docker.RunAsync("run", "--rm", "--network", "own-net", "-v", "own-data:/data", "busybox", "echo", "there")).Succeeded().Line);
        Assert.DoesNotContain("-1.", (await docker.RunAsync("system", "df")).Succeeded().Out, StringComparison.Ordinal);

        (await docker.RunAsync("rm", "-f", "mine")).Succeeded();
        (await docker.RunAsync("volume", "rm", "own-data")).Succeeded();
        (await docker.RunAsync("network", "rm", "own-net")).Succeeded();
        Assert.Equal("others", (await portal.Docker.RunAsync("ps", "-a", "--format", "{{.Names}}")).Line);
        Assert.Empty((await portal.Docker.RunAsync("volume", "ls", "-q")).Lines);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Developer_BuildsByTheClassicBuilder_AndOwnsTheImage(string client)
    {
        var (developer, other) = (await Person.DeveloperAsync(portal), await Person.DeveloperAsync(portal));
        var folder = Directory.CreateDirectory(Path.Combine(portal.Root, $"build-{Guid.NewGuid():N}")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "Dockerfile"), "FROM busybox\nCOPY Dockerfile /made\nRUN echo built > /built\n");

        var built = await developer.Docker(client).RunAsync("build", "-t", "mine:1", folder);

        built.Succeeded();
        Assert.Equal("built", (await developer.Docker(client).RunAsync("run", "--rm", "mine:1", "cat", "/built")).Succeeded().Line);
        Assert.DoesNotContain("mine", (await other.Docker(client).RunAsync("images")).Succeeded().Out, StringComparison.Ordinal);
        (await developer.Docker(client).RunAsync("rmi", "mine:1")).Succeeded();
    }

    /// <summary>What is refused is so in words that the command shows, and nothing is made of it.</summary>
    [Theory]
    [InlineData("may not have a privileged container", "run", "--privileged", "busybox", "true")]
    [InlineData("may not have the host's /etc", "run", "-v", "/etc:/x", "busybox", "true")]
    [InlineData("may not have the host's /etc", "run", "--mount", "type=bind,source=/etc,target=/x", "busybox", "true")]
    [InlineData("may not have the host's /etc", "volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device=/etc", "v")]
    [InlineData("may not have the host's network", "run", "--network", "host", "busybox", "true")]
    [InlineData("may not have the host's processes", "run", "--pid", "host", "busybox", "true")]
    [InlineData("may not have the capability SYS_ADMIN", "run", "--cap-add", "SYS_ADMIN", "busybox", "true")]
    [InlineData("No such container: others", "run", "--network", "container:others", "busybox", "true")]
    [InlineData("No such container: others", "exec", "others", "true")]
    [InlineData("No such container: others", "logs", "others")]
    [InlineData("No such container: others", "attach", "others")]
    [InlineData("No such container: others", "rm", "others")]
    [InlineData("No such container: others", "stop", "others")]
    [InlineData("No such container: others", "cp", "others:/etc/passwd", "-")]
    [InlineData("No such object: others", "inspect", "others")]
    [InlineData("has no role with the permission ContainerPrune", "container", "prune", "-f")]
    [InlineData("swarms are managed by the portal", "swarm", "init")]
    [InlineData("connection refused", "pull", "127.0.0.1:1/nothing")]
    public async Task Developer_BeyondTheirRights_IsToldWhy(string words, params string[] command)
    {
        var developer = await Person.DeveloperAsync(portal);
        await portal.Docker.RunDetachedAsync("--name", "others", "busybox", "sleep", "60");

        var result = await developer.Docker().RunAsync(command);

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(words, result.Err, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("others running", (await portal.Docker.RunAsync("ps", "-a", "--format", "{{.Names}} {{.State}}")).Line);
        Assert.Empty((await portal.Docker.RunAsync("volume", "ls", "-q")).Lines);
    }

    [Fact]
    public async Task Developer_WithPortsThatTheHostDoesNotOpen_IsToldWhy()
    {
        var docker = (await Person.DeveloperAsync(portal)).Docker();
        var admin = await portal.TokenAsync();
        var before = await Person.AskAsync(portal, HttpMethod.Get, "/hosts/local/access", admin);
        var narrow = JsonNode.Parse(before.GetRawText())!;
        narrow["hostPorts"] = new JsonArray("20000-20999");
        await Person.AskAsync(portal, HttpMethod.Put, "/hosts/local/access", admin, narrow);
        try
        {
            Assert.Contains("may not have port 81/tcp of the host", (await docker.RunAsync("run", "--rm", "-p", "81:80", "busybox", "true")).Err, StringComparison.Ordinal);
            (await docker.RunAsync("run", "--rm", "-p", "127.0.0.1:20044:80", "busybox", "true")).Succeeded();
            (await docker.RunAsync("run", "--rm", "-p", "80", "busybox", "true")).Succeeded();
        }
        finally
        {
            await Person.AskAsync(portal, HttpMethod.Put, "/hosts/local/access", admin, before);
        }
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Viewer_SeesAndTouchesNothing(string client)
    {
        var docker = (await Person.MakeAsync(portal, ("Viewer", "host:local"))).Docker(client);
        await portal.Docker.RunDetachedAsync("--name", "theirs", "busybox", "sh", "-c", Ticking);

        Assert.Equal("theirs", (await docker.RunAsync("ps", "--format", "{{.Names}}")).Succeeded().Line);
        await using (var logs = docker.Start("logs", "-f", "theirs"))
        {
            Assert.Equal("tick", await logs.ReadLineAsync());
        }

        (await docker.RunAsync("inspect", "theirs")).Succeeded();
        (await docker.RunAsync("system", "df")).Succeeded();
        foreach (var command in (string[][])
        [
            ["run", "busybox", "true"], ["exec", "theirs", "true"], ["stop", "theirs"], ["rm", "-f", "theirs"], ["cp", "theirs:/etc/passwd", "-"],
            ["volume", "create", "v"], ["network", "create", "n"], ["rmi", "busybox"], ["pull", "127.0.0.1:1/x"], ["commit", "theirs"], ["system", "prune", "-f"],
        ])
        {
            var result = await docker.RunAsync(command);
            Assert.NotEqual(0, result.ExitCode);
            Assert.Contains("has no role with the permission", result.Err, StringComparison.Ordinal);
        }

        // Here the client shows the status alone, from whatever engine.
        Assert.Contains("received 403", (await docker.RunAsync("attach", "--no-stdin", "theirs")).Err, StringComparison.Ordinal);

        Assert.Equal("theirs running", (await portal.Docker.RunAsync("ps", "-a", "--format", "{{.Names}} {{.State}}")).Line);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Administrator_IsHeldBackByNothing(string client)
    {
        var docker = (await Person.MakeAsync(portal, ("Administrator", "all"))).Docker(client);
        await portal.Docker.RunDetachedAsync("--name", "theirs", "busybox", "sleep", "60");

        Assert.Equal("root", (await docker.RunAsync("run", "--rm", "--privileged", "--pid", "host", "-v", "/etc:/host:ro", "busybox", "sh", "-c", "head -n1 /host/passwd | cut -d: -f1")).Succeeded().Line);
        Assert.Equal("in", (await docker.RunAsync("exec", "theirs", "echo", "in")).Succeeded().Line);
        (await docker.RunAsync("rm", "-f", "theirs")).Succeeded();
        (await docker.RunAsync("container", "prune", "-f")).Succeeded();
    }

    /// <summary>The client has no password; the portal has it, for a team.</summary>
    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Pull_FromAPrivateRegistry_IsByThePortalsCredentialsOfTheTeam(string client)
    {
        await using var registry = await PrivateRegistry.StartAsync(portal, "team/app:1");
        var (developer, other) = (await Person.DeveloperAsync(portal), await Person.DeveloperAsync(portal));
        var admin = await portal.TokenAsync();
        var team = (await Person.AskAsync(portal, HttpMethod.Post, "/teams", admin, new { name = "app-" + developer.Name })).GetProperty("id").GetString()!;
        await Person.AskAsync(portal, HttpMethod.Put, $"/teams/{team}/members/{developer.Id}", admin);
        await registry.MakeKnownAsync(portal, teams: [team]);
        var image = $"{registry.Host}/team/app:1";

        Assert.Contains("no basic auth credentials", (await other.Docker(client).RunAsync("pull", image)).Err, StringComparison.Ordinal);
        Assert.Contains($"Digest: {await registry.DigestAsync("team/app:1")}", (await developer.Docker(client).RunAsync("pull", image)).Succeeded().Out, StringComparison.Ordinal);

        Assert.Equal("it runs", (await developer.Docker(client).RunAsync("run", "--rm", image, "echo", "it runs")).Succeeded().Line);
        Assert.Equal(image, (await developer.Docker(client).RunAsync("images", "--format", "{{.Repository}}:{{.Tag}}", registry.Host + "/team/app")).Succeeded().Line);
        // That the host has it now does not give it to who cannot pull it.
        Assert.NotEqual(0, (await other.Docker(client).RunAsync("run", "--rm", image, "true")).ExitCode);
    }

    /// <summary>As the README says: the address and the authority in a context, the token in the client's configuration.</summary>
    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Context_WithAnAuthority_LeadsToTheHost(string client)
    {
        var developer = await Person.DeveloperAsync(portal);
        var docker = developer.Docker(client).With("DOCKER_HOST", "").With("DOCKER_TLS_VERIFY", "").With("DOCKER_CERT_PATH", "");
        (await docker.RunAsync("context", "create", "portal", "--docker", $"host={developer.Host},ca={portal.Certificate}")).Succeeded();

        Assert.Equal("hello", (await docker.RunWithInputAsync("hello\n", "--context", "portal", "run", "--rm", "-i", "busybox", "cat")).Succeeded().Line);

        // Only that authority vouches for it.
        (await docker.RunAsync("context", "create", "other", "--docker", $"host={developer.Host}")).Succeeded();
        Assert.NotEqual(0, (await docker.RunAsync("--context", "other", "ps")).ExitCode);
    }

    [Fact]
    public async Task Compose_OfADeveloper_BringsAProjectUpAndDown()
    {
        Assert.SkipWhen(Installed.Find("docker-compose") is null, "docker-compose is not installed.");
        var developer = await Person.DeveloperAsync(portal);
        var folder = Directory.CreateDirectory(Path.Combine(portal.Root, "shop")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "Dockerfile"), "FROM busybox\nRUN echo built > /built\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "docker-compose.yml"), $$"""
            version: "3.7"
            services:
              web:
                build: .
                command: ["sh", "-c", "echo web is up; {{Ticking.Replace("\"", "\\\"", StringComparison.Ordinal)}}"]
                volumes: ["data:/data"]
              job:
                image: busybox
                command: ["sh", "-c", "until ping -c1 -W1 web; do sleep 0.2; done; echo job sees web; {{Ticking}}"]
                depends_on: [web]
            volumes:
              data: {}
            """);

        (await developer.ComposeAsync(folder, "up", "-d")).Succeeded();
        Assert.Equal(2, (await developer.ComposeAsync(folder, "ps", "-q")).Succeeded().Lines.Length);
        await Patience.UntilAsync("the services see each other", async () => (await developer.ComposeAsync(folder, "logs", "job")).Succeeded().Out.Contains("job sees web", StringComparison.Ordinal));
        Assert.Equal("built", (await developer.ComposeAsync(folder, "exec", "-T", "web", "cat", "/built")).Succeeded().Line);
        (await developer.ComposeAsync(folder, "down", "-v", "--rmi", "local", "-t", "1")).Succeeded();

        Assert.Empty((await portal.Docker.RunAsync("ps", "-aq")).Lines);
        Assert.Empty((await portal.Docker.RunAsync("volume", "ls", "-q")).Lines);
        Assert.Equal(["bridge", "host", "none"], (await portal.Docker.RunAsync("network", "ls", "--format", "{{.Name}}")).Lines.Order());
    }

    [Fact]
    public async Task Quota_OfATeam_IsToldToItsMembers()
    {
        var developer = await Person.MakeAsync(portal);
        var admin = await portal.TokenAsync();
        var team = (await Person.AskAsync(portal, HttpMethod.Post, "/teams", admin, new { name = "web-" + developer.Name })).GetProperty("id").GetString()!;
        await Person.AskAsync(portal, HttpMethod.Post, "/grants", admin, new { subjectKind = "team", subjectId = team, role = "Developer", scope = "host:local" });
        await Person.AskAsync(portal, HttpMethod.Put, $"/teams/{team}", admin, new { name = "web-" + developer.Name, members = (string[])[developer.Id], quota = new { containers = 2, memoryBytes = 64 << 20 } }, "*");
        var docker = developer.Docker();

        Assert.Contains("--memory", (await docker.RunAsync("run", "-d", "busybox", "sleep", "60")).Err, StringComparison.Ordinal);
        var first = await docker.RunDetachedAsync("-m", "32m", "busybox", "sleep", "60");
        Assert.Contains("32 MiB of 64 MiB memory", (await docker.RunAsync("run", "-d", "-m", "48m", "busybox", "sleep", "60")).Err, StringComparison.Ordinal);
        await docker.RunDetachedAsync("-m", "32m", "busybox", "sleep", "60");
        Assert.Contains($"team web-{developer.Name}: 2 of 2 containers", (await docker.RunAsync("run", "-d", "-m", "6m", "busybox", "true")).Err, StringComparison.Ordinal);
        Assert.Contains("memory", (await docker.RunAsync("update", "-m", "48m", "--memory-swap", "96m", first)).Err, StringComparison.Ordinal);
        (await docker.RunAsync("rm", "-f", first)).Succeeded();
        (await docker.RunAsync("run", "--rm", "-m", "6m", "busybox", "true")).Succeeded();
    }
}
