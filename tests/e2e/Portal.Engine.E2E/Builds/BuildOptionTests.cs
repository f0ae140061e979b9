using System.Text.Json;
using Portal.Agent.BuildKit.Wire;
using Portal.BuildKitClient;
using Portal.E2E;

namespace Portal.Engine.E2E.Builds;

/// <summary>What a client can ask for beside its Dockerfile, of either builder.</summary>
public sealed class BuildOptionTests(Engine engine) : EngineTest(engine), IClassFixture<BuildLeavings>
{

    private const string Look = """
        FROM busybox
        RUN ulimit -n; df -k /dev/shm | tail -1; grep extra /etc/hosts; ls /sys/class/net; cat /proc/self/cgroup | head -1; cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu/cpu.shares /sys/fs/cgroup/cpuset/cpuset.cpus /sys/fs/cgroup/cpuset.cpus 2>/dev/null; true
        """;

    [Fact]
    public async Task Classic_Limits_HoldForItsCommandsAndLabelsForTheImage()
    {
        var classic = Docker.With("DOCKER_BUILDKIT", "0");
        var folder = BuildFolder.Make(Engine.Root, Look);

        var built = (await classic.RunAsync(
            "build", "-t", "limits:1", "--no-cache", "--ulimit", "nofile=123:456", "--shm-size", "32m", "--add-host", "extra.test:10.9.8.7", "-m", "64m", "--cpu-period", "100000", "--cpu-quota", "30000",
            "--cpuset-cpus", "0", "--cpu-shares", "512", "--network", "none", "--label", "from=outside", folder)).Succeeded();

        Check(built.Out);
        Assert.Equal("outside", (await Docker.RunAsync("image", "inspect", "-f", "{{.Config.Labels.from}}", "limits:1")).Succeeded().Line);
        var squashed = await Http.PostAsync("/build?squash=1", null);
        Assert.Contains("this engine does not squash layers, use a multi-stage build instead", await squashed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task BuildKit_Limits_HoldForItsCommandsAndLabelsForTheImage()
    {
        var files = new ServedFiles();
        files.Add("dockerfile", ("Dockerfile", Look));
        files.Add("context");
        await using var client = await SessionClient.ConnectAsync(Engine.Socket, files);
        var request = client.Request(
            "dockerfile.v0", ("no-cache", ""), ("ulimit", "nofile=123:456"), ("shm-size", "33554432"), ("add-hosts", "extra.test=10.9.8.7"), ("memory", "67108864"), ("cpuperiod", "100000"), ("cpuquota", "30000"),
            ("cpusetcpus", "0"), ("cpushares", "512"), ("force-network-mode", "none"), ("label:from", "outside"));
        request.Exporters.Add(new Exporter { Type = "moby", Attrs = { ["name"] = "limits:2" } });

        var (_, failure, status) = await client.BuildAsync(request);

        Assert.Null(failure);
        Check(string.Concat(status.Logs.Select(log => log.Msg.ToStringUtf8())));
        Assert.Equal("outside", (await Docker.RunAsync("image", "inspect", "-f", "{{.Config.Labels.from}}", "limits:2")).Succeeded().Line);
    }

    [Fact]
    public async Task BuildKit_StagesWithoutCache_AreBuiltAnewAndOthersAreNot()
    {
        // Steps that are alike are one step: what one stage makes anew is another's too.
        static string Random(string stage) => $"RUN : {stage}; head -c 16 /dev/urandom | sha256sum > /v";
        var files = new ServedFiles();
        files.Add("dockerfile", ("Dockerfile", $"FROM busybox AS One\n{Random("one")}\nFROM busybox AS two\n{Random("two")}\nFROM busybox AS three\n{Random("three")}\nFROM scratch\nCOPY --from=one /v /1\nCOPY --from=two /v /2\nCOPY --from=three /v /3\n"));
        files.Add("context");
        await using var client = await SessionClient.ConnectAsync(Engine.Socket, files);
        async Task<byte[][]> BuildAsync(params (string, string)[] attributes)
        {
            var request = client.Request("dockerfile.v0", attributes);
            request.Exporters.Add(new Exporter { Type = "tar" });
            files.Received.SetLength(0);
            Assert.Null((await client.BuildAsync(request)).Failure);
            files.Received.Position = 0;
            using var tar = new System.Formats.Tar.TarReader(files.Received, leaveOpen: true);
            var contents = new List<byte[]>();
            while (await tar.GetNextEntryAsync() is { } entry)
            {
                using var content = new MemoryStream();
                await entry.DataStream!.CopyToAsync(content);
                contents.Add(content.ToArray());
            }

            return [.. contents];
        }

        var (first, second, third) = (await BuildAsync(), await BuildAsync(), await BuildAsync(("no-cache", "one,2")));

        Assert.Equal([true, true, true], first.Zip(second, (a, b) => a.SequenceEqual(b)));
        Assert.Equal([false, true, false], first.Zip(third, (a, b) => a.SequenceEqual(b)));
    }

    [Fact]
    public async Task BuildKit_NamedContexts_AreFoldersImagesAndInTheirPlaceStages()
    {
        (await Docker.With("DOCKER_BUILDKIT", "0").RunAsync("build", "-t", "named:base", BuildFolder.Make(Engine.Root, "FROM busybox\nRUN echo base > /b\n"))).Succeeded();
        var files = new ServedFiles();
        files.Add("dockerfile", ("Dockerfile", "FROM alpine\nCOPY --from=extra f /f\nCOPY --from=stage /b /s\nRUN --mount=from=extra,target=/m cp /m/f /g\nRUN --mount=type=secret,id=token,env=TOKEN test ${#TOKEN} = 6 && test ! -e /run/secrets/token\nFROM busybox AS stage\nRUN echo never > /b\n"));
        files.Add("context");
        files.Add("extra", ("f", "extra"));
        files.Secrets["token"] = "s3cret";
        await using var client = await SessionClient.ConnectAsync(Engine.Socket, files);
        var request = client.Request("dockerfile.v0", ("context:alpine", "docker-image://named:base"), ("context:stage", "docker-image://named:base"), ("context:extra", "local:extra"));
        request.Exporters.Add(new Exporter { Type = "moby", Attrs = { ["name"] = "named:1" } });
        request.FrontendAttrs["target"] = "0";

        var (_, failure, _) = await client.BuildAsync(request);
        var other = client.Request("dockerfile.v0", ("context:alpine", "oci-layout://x"));
        var refused = (await client.BuildAsync(other)).Failure;

        Assert.Null(failure);
        Assert.Equal("extrabase base extra", (await Docker.RunAsync("run", "--rm", "named:1", "sh", "-c", "echo $(cat /f /s /b /g)")).Succeeded().Line);
        Assert.Contains("the context alpine=oci-layout://x is not supported", refused!.Status.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", (await Docker.RunAsync("history", "--no-trunc", "named:1")).Out + (await Docker.RunAsync("image", "inspect", "named:1")).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("frontend.lint", "JSONArgsRecommended")]
    [InlineData("frontend.targets", "\"name\": \"app\"")]
    [InlineData("frontend.outline", "\"name\": \"VERSION\"")]
    [InlineData("frontend.subrequests.describe", "frontend.outline")]
    public async Task BuildKit_Questions_AreAnsweredWithoutABuild(string question, string words)
    {
        var files = new ServedFiles();
        files.Add("dockerfile", ("Dockerfile", "ARG VERSION=1\nFROM nosuch/image:$VERSION AS app\nRUN exit 1\nCMD x\n"));
        files.Add("context");
        await using var client = await SessionClient.ConnectAsync(Engine.Socket, files);
        var request = client.Request("dockerfile.v0", ("requestid", question), ("frontend.caps", "moby.buildkit.frontend.subrequests+forward"));

        var (answer, failure, _) = await client.BuildAsync(request);

        Assert.Null(failure);
        Assert.Empty(answer!.ExporterResponse);
        Assert.Contains(words, client.Answered!.Metadata["result.json"].ToStringUtf8(), StringComparison.Ordinal);
        var unknown = client.Request("dockerfile.v0", ("requestid", "frontend.odd"));
        Assert.Contains("unsupported request frontend.odd", (await client.BuildAsync(unknown)).Failure!.Status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("docker")]
    [InlineData("oci")]
    public async Task BuildKit_ImageArchives_AreLoadedByDockerAndReadBySkopeo(string type)
    {
        var files = new ServedFiles();
        files.Add("dockerfile", ("Dockerfile", "FROM busybox\nRUN echo archived > /a\n"));
        files.Add("context");
        await using var client = await SessionClient.ConnectAsync(Engine.Socket, files);
        var request = client.Request();
        request.Exporters.Add(new Exporter { Type = type, Attrs = { ["name"] = "archived:1" } });
        Assert.Null((await client.BuildAsync(request)).Failure);
        var archive = Path.Combine(Engine.Root, $"archived-{type}.tar");
        await File.WriteAllBytesAsync(archive, files.Received.ToArray());
        var id = (await Docker.RunAsync("images", "-q", "--no-trunc", "archived:1")).Succeeded().Line;
        (await Docker.RunAsync("rmi", "archived:1")).Succeeded();

        (await Docker.RunAsync("load", "-i", archive)).Succeeded();
        var read = await ChildProcess.RunAsync("skopeo", ["inspect", "--config", $"{type}-archive:{archive}"]);

        Assert.Equal(id, (await Docker.RunAsync("images", "-q", "--no-trunc", "archived:1")).Line);
        Assert.Equal("archived", (await Docker.RunAsync("run", "--rm", "archived:1", "cat", "/a")).Succeeded().Line);
        Assert.Contains("echo archived", read.Succeeded().Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OldClient_SshAgent_AnswersInTheStepAndNowhereElse()
    {
        var buildKit = new DockerCli(Engine.Socket, Path.Combine(Engine.Root, "cli"), Installed.BuildKitDocker).With("DOCKER_BUILDKIT", "1").With("BUILDKIT_PROGRESS", "plain");
        Assert.SkipWhen(Installed.BuildKitDocker is null, "docker 20.10 is not installed.");
        Assert.SkipUnless(File.Exists("/usr/bin/ssh-agent") && File.Exists("/usr/bin/ssh-add"), "The programs of OpenSSH are not installed.");
        var folder = BuildFolder.Make(Engine.Root, """
            FROM busybox
            COPY root /
            RUN test -z "$SSH_AUTH_SOCK" && test ! -e /run/buildkit
            RUN --mount=type=ssh test "$(stat -c '%a %u' $SSH_AUTH_SOCK)" = "600 0" && ssh-add -l
            RUN --mount=type=ssh,id=other test -z "$SSH_AUTH_SOCK"
            """);
        var agent = Path.Combine(folder, "agent.sock");
        var script = $"""
            set -e; cd {folder}; mkdir -p root/bin; cp /usr/bin/ssh-add root/bin/
            ldd /usr/bin/ssh-add | grep -o '/[^ ]*' | while read l; do mkdir -p root$(dirname $l); cp $l root$l; done
            ssh-keygen -q -t ed25519 -N '' -C of-the-client -f key
            """;
        (await ChildProcess.RunAsync("sh", ["-c", script])).Succeeded();
        await using var running = ChildProcess.Start("ssh-agent", ["-D", "-a", agent]);
        await Patience.UntilAsync("the agent listens", () => Task.FromResult(File.Exists(agent)));
        (await ChildProcess.RunAsync("ssh-add", ["-q", Path.Combine(folder, "key")], new Dictionary<string, string> { ["SSH_AUTH_SOCK"] = agent })).Succeeded();

        var built = (await buildKit.RunAsync("build", "-t", "ssh:1", "--ssh", "default=" + agent, folder)).Succeeded();
        var without = await buildKit.RunAsync("build", "--no-cache", BuildFolder.Make(Engine.Root, "FROM busybox\nRUN --mount=type=ssh,required=true true\n"));

        Assert.Contains("of-the-client (ED25519)", built.Err, StringComparison.Ordinal);
        Assert.Contains("unset ssh forward key default", without.Err, StringComparison.Ordinal);
        Assert.Equal("", (await Docker.RunAsync("run", "--rm", "ssh:1", "sh", "-c", "ls /run/buildkit 2>/dev/null; env | grep SSH")).Out);
        Assert.Empty(Directory.GetFileSystemEntries(Engine.RunRoot + "/builds"));
    }

    [Fact]
    public async Task BuildKit_Prune_HeedsFiltersAndRefusesWhatItCannotRead()
    {
        (await Docker.With("DOCKER_BUILDKIT", "0").RunAsync("build", BuildFolder.Make(Engine.Root, "FROM busybox\nRUN --mount=type=cache,id=filtered,target=/c echo x > /c/x && echo filtered > /f\n"))).Succeeded();
        await using var client = await SessionClient.ConnectAsync(Engine.Socket, new());
        var control = new Control.ControlClient(client.Calls);

        var shown = (await control.DiskUsageAsync(new() { Filter = { "type==exec.cachemount" } })).Record;
        var pruned = new List<UsageRecord>();
        using (var call = control.Prune(new() { All = true, Filter = { "type==exec.cachemount,description~=filtered" } }))
        {
            while (await call.ResponseStream.MoveNext(default))
            {
                pruned.Add(call.ResponseStream.Current);
            }
        }

        Assert.All(shown, record => Assert.Equal("exec.cachemount", record.RecordType));
        Assert.Equal("exec.cachemount", Assert.Single(pruned).RecordType);
        using var usage = JsonDocument.Parse(await Http.GetStringAsync("/system/df"));
        Assert.Contains(usage.RootElement.GetProperty("BuildCache").EnumerateArray(), record => record.GetProperty("Description").GetString()!.Contains("filtered > /f", StringComparison.Ordinal));
        using var wrong = control.Prune(new() { All = true, Filter = { "nosuch==1" } });
        Assert.Contains("invalid filter", (await Assert.ThrowsAsync<Grpc.Core.RpcException>(() => wrong.ResponseStream.MoveNext(default))).Status.Detail, StringComparison.Ordinal);
    }

    private static void Check(string output)
    {
        string[] lines = [.. output.Split('\n').Select(line => line.Trim())];
        Assert.Contains("123", lines);
        Assert.Contains(lines, line => line.StartsWith("shm", StringComparison.Ordinal) && line.Contains("32768", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("10.9.8.7", StringComparison.Ordinal) && line.EndsWith("extra.test", StringComparison.Ordinal));
        Assert.Contains("67108864", lines);
        Assert.Contains(lines, line => line is "30000" or "30000 100000");
        Assert.Contains("0", lines);
        Assert.Contains("lo", lines);
        Assert.DoesNotContain("eth0", lines);
    }
}
