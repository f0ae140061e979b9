using System.Diagnostics;
using System.Formats.Tar;
using System.Text;
using System.Text.RegularExpressions;
using Grpc.Core;
using Portal.Agent.BuildKit.Wire;
using Portal.Agent.BuildKit.Wire.Files;
using Portal.BuildKitClient;
using Portal.E2E;

namespace Portal.Engine.E2E.Builds;

/// <summary>
/// Builds over BuildKit's protocol: by the real client of Docker 20.10, which has it built in, and by a client of our own that asks as buildx does.
/// </summary>
public sealed partial class BuildKitTests(Engine engine) : EngineTest(engine)
{

    private DockerCli BuildKit => new DockerCli(Engine.Socket, Path.Combine(Engine.Root, "cli"), Installed.BuildKitDocker).With("DOCKER_BUILDKIT", "1").With("BUILDKIT_PROGRESS", "plain");

    public static TheoryData<string> Names => [.. BuildCase.Names.Where(name => BuildCase.Read(name) is { Failure: null, Compare: "buildkit" })];

    [Fact]
    public async Task OldClient_Builds_AndSeesHowItGoes()
    {
        NeedOldClient();
        var folder = Context(
            """
            # syntax=docker/dockerfile:1
            FROM busybox AS build
            ARG WHO=me
            RUN --mount=type=secret,id=s cp /run/secrets/s /copied && echo for $WHO
            COPY . /src/
            FROM busybox
            COPY --from=build /copied /copied
            COPY --from=build /src /src
            LABEL a=b
            """,
            ("keep", "kept"), ("leave.o", "left"), (".dockerignore", "*.o\n"), ("secret", "s3cret"));
        string[] arguments = ["build", "-t", "bk:1", "--build-arg", "WHO=you", "--secret", "id=s,src=" + Path.Combine(folder, "secret"), folder];

        var first = (await BuildKit.RunAsync(arguments)).Succeeded();
        var second = (await BuildKit.RunAsync(arguments)).Succeeded();

        Assert.Contains("[internal] load build definition from Dockerfile", first.Err, StringComparison.Ordinal);
        Assert.Contains("[internal] load .dockerignore", first.Err, StringComparison.Ordinal);
        Assert.Contains("[internal] load build context", first.Err, StringComparison.Ordinal);
        Assert.Matches(@"#\d+ [0-9.]+ for you", first.Err);
        Assert.Contains("[stage-1 2/3] COPY --from=build /copied /copied", first.Err, StringComparison.Ordinal);
        Assert.Contains("naming to docker.io/library/bk:1", first.Err, StringComparison.Ordinal);
        Assert.DoesNotContain("LABEL", first.Err, StringComparison.Ordinal);
        Assert.Equal(4, Cached().Count(second.Err));
        Assert.Equal("s3cretkept", (await Docker.RunAsync("run", "--rm", "bk:1", "sh", "-c", "cat /copied /src/keep; test ! -e /src/leave.o")).Succeeded().Line);
        (await Docker.RunAsync("rmi", "bk:1")).Succeeded();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Dockerfile_BuiltByOldClient_LeadsToItsTreeAndConfiguration(string name)
    {
        NeedOldClient();
        var build = BuildCase.Read(name);
        var folder = Path.Combine(Engine.Root, "bk-" + name);
        build.WriteContext(folder);

        (await BuildKit.RunAsync(["build", "-t", "bk-corpus", .. build.Options(folder), folder])).Succeeded();

        var below = build.IsFromScratch ? [] : await ImageContents.TreeAsync(Docker, "busybox", folder);
        Assert.Equal(build.ExpectedTree, ImageContents.Difference(below, await ImageContents.TreeAsync(Docker, "bk-corpus", folder)));
        Assert.Equal(build.ExpectedConfig, await ImageContents.ConfigAsync(Docker, "bk-corpus"));
        (await Docker.RunAsync("rmi", "bk-corpus")).Succeeded();
    }

    [Fact]
    public async Task OldClient_ThatSendsItsStandardInput_Builds()
    {
        NeedOldClient();
        var folder = Context("FROM busybox\nCOPY f /f\n", ("f", "from an archive"));

        (await BuildKit.RunWithInputAsync("FROM busybox\nRUN echo alone > /f\n", "build", "-t", "bk:stdin", "-")).Succeeded();
        var alone = await Docker.RunAsync("run", "--rm", "bk:stdin", "cat", "/f");
        (await ChildProcess.RunAsync(
            "sh", ["-c", $"tar -C {folder} -c . | {Installed.BuildKitDocker} build -t bk:stdin -"],
            new Dictionary<string, string> { ["DOCKER_HOST"] = "unix://" + Engine.Socket, ["DOCKER_BUILDKIT"] = "1", ["DOCKER_CONFIG"] = Path.Combine(Engine.Root, "cli") })).Succeeded();

        Assert.Equal("alone", alone.Line);
        Assert.Equal("from an archive", (await Docker.RunAsync("run", "--rm", "bk:stdin", "cat", "/f")).Succeeded().Line);
        (await Docker.RunAsync("rmi", "bk:stdin")).Succeeded();
    }

    [Fact]
    public async Task OldClient_ThatWantsFiles_GetsThemAndNoImage()
    {
        NeedOldClient();
        var folder = Context("FROM busybox\nFROM scratch\nCOPY f d/f\nCOPY --from=0 /bin/sh /sh\n", ("f", "file"));
        var (into, tar) = (Path.Combine(folder, "out"), Path.Combine(folder, "out.tar"));
        var before = (await Docker.RunAsync("images", "-aq")).Lines;

        (await BuildKit.RunAsync("build", "-o", into, folder)).Succeeded();
        (await BuildKit.RunAsync("build", "-o", "type=tar,dest=" + tar, folder)).Succeeded();

        Assert.Equal("file", await File.ReadAllTextAsync(Path.Combine(into, "d", "f")));
        Assert.True(new FileInfo(Path.Combine(into, "sh")).Length > 100_000);
        await using var stream = File.OpenRead(tar);
        await using var reader = new TarReader(stream);
        var names = new List<string>();
        while (await reader.GetNextEntryAsync() is { } entry)
        {
            names.Add(entry.Name);
        }

        Assert.Equal(["d/", "d/f", "sh"], names.Order(StringComparer.Ordinal));
        Assert.Equal(before, (await Docker.RunAsync("images", "-aq")).Lines);
    }

    [Fact]
    public async Task OldClient_WhoseCommandFails_IsToldInBuildKitsWords()
    {
        NeedOldClient();

        var failed = await BuildKit.RunAsync("build", Context("FROM busybox\nRUN echo before; exit 3\n"));

        Assert.NotEqual(0, failed.ExitCode);
        Assert.Contains("before", failed.Err, StringComparison.Ordinal);
        Assert.Contains("process \"/bin/sh -c echo before; exit 3\" did not complete successfully: exit code: 3", failed.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OldClient_ThatIsInterrupted_LeavesNothing()
    {
        NeedOldClient();
        var mark = "sleep 86" + Random.Shared.Next(100, 999);
        await using var building = BuildKit.Start("build", Context($"FROM busybox\nRUN {mark}\n"));
        await Patience.UntilAsync("the command runs", () => Runs(mark));

        using (var kill = Process.Start("kill", ["-INT", building.Id.ToString()]))
        {
            await kill.WaitForExitAsync();
        }

        Assert.NotEqual(0, await building.WaitAsync());
        await Patience.UntilAsync("nothing of it runs", () => !Runs(mark));
        Assert.Empty((await Docker.RunAsync("ps", "-aq")).Lines);
    }

    [Fact]
    public async Task Client_ThatAsksAsBuildxDoes_GetsItsImage()
    {
        var files = new ServedFiles();
        files.Add("dockerfile", ("Dockerfile", "FROM busybox\nCOPY d /d\nRUN --mount=type=secret,id=s cat /run/secrets/s /d/f > /both\n"));
        files.Add("context", ("d/", ""), ("d/f", "file"));
        files.Secrets["s"] = "secret and ";
        await using var client = await SessionClient.ConnectAsync(Engine.Socket, files);
        var request = client.Request();
        request.Exporters.Add(new Exporter { Type = "moby", Attrs = { ["name"] = "bk:grpc" } });

        var (answer, failure, status) = await client.BuildAsync(request);

        Assert.Null(failure);
        Assert.Equal("docker.io/library/bk:grpc", answer!.ExporterResponse["image.name"]);
        Assert.Equal(answer.ExporterResponse["containerimage.digest"], (await Docker.RunAsync("image", "inspect", "-f", "{{.Id}}", "bk:grpc")).Succeeded().Line);
        Assert.Equal("secret and file", (await Docker.RunAsync("run", "--rm", "bk:grpc", "cat", "/both")).Succeeded().Line);
        Assert.All(status.Vertexes.GroupBy(v => v.Digest), steps => Assert.NotNull(steps.Last().Completed));
        Assert.Equal(
            [
                "[1/3] FROM busybox", "[2/3] COPY d /d", "[3/3] RUN --mount=type=secret,id=s cat /run/secrets/s /d/f > /both", "[internal] load .dockerignore",
                "[internal] load build context", "[internal] load build definition from Dockerfile", "exporting to image",
            ],
            status.Vertexes.Where(v => v.Started is not null).Select(v => v.Name).Distinct().Order(StringComparer.Ordinal));
        (await Docker.RunAsync("rmi", "bk:grpc")).Succeeded();
    }

    [Fact]
    public async Task Client_WhoseDockerfileIsWrong_IsShownThePlace()
    {
        var files = new ServedFiles();
        files.Add("dockerfile", ("Dockerfile", "FROM busybox\nNONSENSE x\n"));
        await using var client = await SessionClient.ConnectAsync(Engine.Socket, files);

        var (_, failure, _) = await client.BuildAsync(client.Request());

        Assert.Contains("dockerfile parse error on line 2: unknown instruction: NONSENSE", failure!.Status.Detail, StringComparison.Ordinal);
        var details = Encoding.UTF8.GetString(failure.Trailers.GetValueBytes("grpc-status-details-bin")!);
        Assert.Contains("github.com/moby/buildkit/errdefs.Source+json", details, StringComparison.Ordinal);
        Assert.Contains("\"line\":2", details, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("example.com/my/frontend:1", "frontend example.com/my/frontend:1 is not supported by this engine")]
    [InlineData("docker/dockerfile:1.7-labs", null)]
    public async Task Syntax_OfTheFirstLine_IsDockersOrRefused(string syntax, string? words)
    {
        var files = new ServedFiles();
        files.Add("dockerfile", ("Dockerfile", $"# syntax={syntax}\nFROM busybox\n"));
        files.Add("context");
        await using var client = await SessionClient.ConnectAsync(Engine.Socket, files);

        Assert.Contains(words ?? "none", (await client.BuildAsync(client.Request())).Failure?.Status.Detail ?? "none", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_ThatSendsAWayOut_IsRefusedAndNothingIsWritten()
    {
        var stray = "stray-" + Guid.NewGuid().ToString("n");
        var files = new ServedFiles { Hostile = packets => SendAsync(packets, FileSyncServer.Describe("l", "->/tmp"), FileSyncServer.Describe("l/" + stray, "x")) };
        await using var client = await SessionClient.ConnectAsync(Engine.Socket, files);

        var (_, failure, _) = await client.BuildAsync(client.Request());

        Assert.Contains("comes before its directory", failure!.Status.Detail, StringComparison.Ordinal);
        Assert.False(File.Exists("/tmp/" + stray));
        Assert.Equal("OK", await Http.GetStringAsync("/_ping"));
    }

    [Fact]
    public async Task Client_ThatDrawsUpTheBuildItself_IsRefused()
    {
        await using var client = await SessionClient.ConnectAsync(Engine.Socket, new());
        var request = client.Request("");
        request.Definition = new() { Def = { Google.Protobuf.ByteString.CopyFromUtf8("x") } };

        var (_, failure, _) = await client.SolveAsync(request);

        Assert.Equal(StatusCode.Unimplemented, failure!.StatusCode);
        Assert.Contains("it builds Dockerfiles", failure.Status.Detail, StringComparison.Ordinal);
    }

    private static async Task SendAsync(IServerStreamWriter<Packet> packets, params Stat[] stats)
    {
        foreach (var stat in stats)
        {
            await packets.WriteAsync(new() { Type = Packet.Types.PacketType.PacketStat, Stat = stat });
        }
    }

    private static bool Runs(string command) => Directory.GetDirectories("/proc").Any(folder =>
    {
        try
        {
            return char.IsDigit(Path.GetFileName(folder)[0]) && File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ').TrimEnd() == command;
        }
        catch (IOException)
        {
            return false;
        }
    });

    private static void NeedOldClient() => Assert.SkipWhen(Installed.BuildKitDocker is null, "docker 20.10 is not installed.");

    [GeneratedRegex("^#[0-9]+ CACHED$", RegexOptions.Multiline)]
    private static partial Regex Cached();

    private string Context(string dockerfile, params (string Name, string Content)[] files)
    {
        var folder = Path.Combine(Engine.Root, "bk-" + Guid.NewGuid().ToString("n")[..8]);
        _ = Directory.CreateDirectory(folder);
        foreach (var (name, content) in files.Append(("Dockerfile", dockerfile)))
        {
            File.WriteAllText(Path.Combine(folder, name), content);
        }

        return folder;
    }
}
