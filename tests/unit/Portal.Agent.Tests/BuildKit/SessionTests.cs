using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Portal.Agent.BuildKit.Wire;
using Portal.Agent.BuildKit.Wire.Files;
using Portal.Agent.Tests.EngineApi.Fakes;
using Portal.BuildKitClient;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;

namespace Portal.Agent.Tests.BuildKit;

/// <summary>The protocol from end to end over a socket, with a builder that does as it is told.</summary>
public sealed class SessionTests(EngineFixture engine) : IClassFixture<EngineFixture>
{
    private static readonly BuildStep s_step = new("step", "[1/1] RUN x", "", 1, 1, "RUN x", 2, []);
    private readonly ServedFiles _files = new();

    [Fact]
    public async Task Build_AskedAsBuildxDoes_ReachesTheBuilderAndItsProgressTheClient()
    {
        var read = "";
        engine.Builds.Build = async (request, progress, ct) =>
        {
            await using var tree = await request.DockerfileSource!.OpenAsync(new("load build definition from Dockerfile", ["Dockerfile"], [], ["Dockerfile"]), progress, ct);
            read = await File.ReadAllTextAsync(Path.Combine(tree.Root, "Dockerfile"), ct);
            progress.Planned([s_step]);
            progress.Started(s_step);
            progress.Output(s_step, 1, "hello\n"u8);
            progress.Completed(s_step, new(false, null, "", ""));
            return new(null, null);
        };
        _files.Add("dockerfile", ("Dockerfile", "FROM x"));
        await using var client = await ConnectAsync();

        var (answer, failure, status) = await client.BuildAsync(client.Request(attributes: [("target", "t"), ("build-arg:A", "1")]));

        Assert.Null(failure);
        Assert.Empty(answer!.ExporterResponse);
        Assert.Equal("FROM x", read);
        var request = engine.Builds.Requests.Last();
        Assert.Equal("t", request.Target);
        Assert.Equal("1", request.Arguments["A"]);
        Assert.True(request.HeedSyntax);
        Assert.Contains("[internal] load build definition from Dockerfile", status.Vertexes.Select(v => v.Name));
        Assert.Equal("hello\n", Assert.Single(status.Logs).Msg.ToStringUtf8());
    }

    [Fact]
    public async Task Patterns_OfSeveral_ReachTheClientEachAsAHeader()
    {
        string[] follow = ["Dockerfile", "Dockerfile.dockerignore"];
        string[] exclude = ["a,b", "c*", "!ünï"];
        engine.Builds.Build = async (request, progress, ct) =>
        {
            await using var tree = await request.Context.OpenAsync(new("load build context", [], exclude, follow), progress, ct);
            return new(null, null);
        };
        _files.Add("context", ("f", "x"));
        await using var client = await ConnectAsync();

        Assert.Null((await client.SolveAsync(client.Request())).Failure);

        Assert.True(_files.Asked.TryDequeue(out var headers));
        Assert.Equal(["context"], headers["dir-name"]);
        Assert.Equal(follow, headers["followpaths"]);
        Assert.Equal(exclude, headers["exclude-patterns"].Select(System.Net.WebUtility.UrlDecode));
        Assert.Equal(["1"], headers["exclude-patterns-encoded"]);
        Assert.DoesNotContain("include-patterns", headers.Keys);
    }

    [Fact]
    public async Task Files_ThatDidNotChange_AreSentOnce()
    {
        var trees = new List<string>();
        engine.Builds.Build = async (request, progress, ct) =>
        {
            await using var tree = await request.Context.OpenAsync(new("load build context", [], [], []), progress, ct);
            trees.Add(string.Join('|', Directory.GetFiles(tree.Root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(f => $"{Path.GetRelativePath(tree.Root, f)}={File.ReadAllText(f)}")));
            return new(null, null);
        };
        _files.Add("context", ("a", "1"), ("d/", ""), ("d/b", "22"), ("empty", ""));
        await using var client = await ConnectAsync();

        _ = await client.SolveAsync(client.Request());
        Assert.Equal(["a", "d/b"], _files.Sent);
        _ = await client.SolveAsync(client.Request());
        Assert.Equal(2, _files.Sent.Count);
        _files.Add("context", ("a", "1"), ("d/", ""), ("d/b", "333"));
        _ = await client.SolveAsync(client.Request());

        Assert.Equal(["a", "d/b", "d/b"], _files.Sent);
        Assert.Equal(["a=1|d/b=22|empty=", "a=1|d/b=22|empty=", "a=1|d/b=333"], trees);
    }

    [Fact]
    public async Task ManyFiles_ComeWhole()
    {
        var count = 0;
        engine.Builds.Build = async (request, progress, ct) =>
        {
            await using var tree = await request.Context.OpenAsync(new("load build context", [], [], []), progress, ct);
            count = Directory.GetFiles(tree.Root).Length;
            return new(null, null);
        };
        _files.Add("context", [.. Enumerable.Range(0, 3000).Select(i => ($"f{i:0000}", new string('x', 2000)))]);
        await using var client = await ConnectAsync();

        Assert.Null((await client.SolveAsync(client.Request())).Failure);

        Assert.Equal(3000, count);
    }

    [Theory]
    [InlineData("../escape", "does not stay inside")]
    [InlineData("/etc/escape", "does not stay inside")]
    [InlineData("no/parent", "comes before its directory")]
    public async Task Description_ThatIsHostile_FailsTheBuildInWords(string path, string words)
    {
        engine.Builds.Build = OpenAsync;
        _files.Hostile = async packets => await packets.WriteAsync(new() { Type = Packet.Types.PacketType.PacketStat, Stat = FileSyncServer.Describe(path, "x") });
        await using var client = await ConnectAsync();

        var (_, failure, status) = await client.SolveAsync(client.Request());

        Assert.Contains(words, failure!.Status.Detail, StringComparison.Ordinal);
        Assert.Contains(words, status.Vertexes[^1].Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Content_NobodyAskedFor_FailsTheBuild()
    {
        engine.Builds.Build = OpenAsync;
        _files.Hostile = async packets => await packets.WriteAsync(new() { Type = Packet.Types.PacketType.PacketData, Id = 3, Data = ByteString.CopyFromUtf8("x") });
        await using var client = await ConnectAsync();

        Assert.Contains("was not asked for", (await client.SolveAsync(client.Request())).Failure!.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sender_ThatSaysWhyItCannot_IsQuoted()
    {
        engine.Builds.Build = OpenAsync;
        _files.Hostile = async packets => await packets.WriteAsync(new() { Type = Packet.Types.PacketType.PacketErr, Data = ByteString.CopyFromUtf8("permission denied") });
        await using var client = await ConnectAsync();

        Assert.Equal("error from sender: permission denied", (await client.SolveAsync(client.Request())).Failure!.Status.Detail);
    }

    [Fact]
    public async Task Secrets_AndCredentials_AreTheClients()
    {
        var found = new List<string?>();
        engine.Builds.Build = async (request, _, ct) =>
        {
            found.Add(Encoding.UTF8.GetString((await request.Secrets!.GetAsync("known", ct))!));
            found.Add((await request.Secrets.GetAsync("other", ct))?.Length.ToString());
            found.Add((await request.Credentials!.ForAsync("docker.io", ct))?.Password);
            found.Add((await request.Credentials.ForAsync("localhost:5000", ct))?.IdentityToken);
            found.Add((await request.Credentials.ForAsync("nowhere", ct))?.UserName);
            found.Add((await request.SshAgents!.HasAsync("default", ct)).ToString());
            return new(null, null);
        };
        _files.Secrets["known"] = "s3cret";
        _files.Credentials["registry-1.docker.io"] = ("u", "p");
        _files.Credentials["localhost:5000"] = ("<token>", "t");
        await using var client = await ConnectAsync();

        Assert.Null((await client.SolveAsync(client.Request())).Failure);

        Assert.Equal(["s3cret", null, "p", "t", null, "False"], found);
    }

    [Fact]
    public async Task Failure_AtALine_CarriesThePlace()
    {
        engine.Builds.Build = (_, _, _) => throw new BuildFailure(new(ErrorKind.Internal, "build.command", "classic words"), 2) { Command = "/bin/sh -c x", ExitCode = 7 };
        await using var client = await ConnectAsync();

        var (_, failure, _) = await client.BuildAsync(client.Request());

        Assert.Equal("process \"/bin/sh -c x\" did not complete successfully: exit code: 7", failure!.Status.Detail);
        Assert.Equal(StatusCode.Unknown, failure.StatusCode);
    }

    [Fact]
    public async Task Client_ThatCancels_EndsTheBuild()
    {
        var begun = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        engine.Builds.Build = async (_, progress, ct) =>
        {
            progress.Started(s_step);
            begun.SetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, ct);
            }
            finally
            {
                ended.SetResult();
            }

            return new(null, null);
        };
        await using var client = await ConnectAsync();
        using var stop = new CancellationTokenSource();
        var building = client.SolveAsync(client.Request(), stop.Token);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(20));

        await stop.CancelAsync();

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal("context canceled", (await building).Status.Vertexes[^1].Error);
    }

    [Fact]
    public async Task Session_ThatIsGone_FailsTheBuildThatNeedsIt()
    {
        await using var client = await ConnectAsync();
        var other = await SessionClient.ConnectAsync(engine.Socket, new());
        var request = client.Request();
        request.Session = other.Id;
        engine.Builds.Build = async (build, progress, ct) =>
        {
            await other.DisposeAsync();
            return await OpenAsync(build, progress, ct);
        };

        var (_, failure, _) = await client.SolveAsync(request);

        Assert.Contains("has ended", failure!.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FrontEnd_OfTheClient_ThatFails_FailsTheSolveWithItsWords()
    {
        await using var client = await ConnectAsync();

        var (_, failure, _) = await client.BuildAsync(client.Request("gateway.v0", ("source", "example.com/front:1")));

        Assert.Contains("frontend example.com/front:1 is not supported by this engine", failure!.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Result_OfABuild_IsTheContextOfAnother()
    {
        var image = engine.Images.List()[0].Id;
        engine.Builds.Build = (_, _, _) => Task.FromResult(new BuildResult(image, null));
        await using var client = await ConnectAsync();
        var bridge = new Portal.Agent.BuildKit.Wire.Gateway.LLBBridge.LLBBridgeClient(client.Calls);
        var (first, second) = (client.Request(), client.Request());
        (first.Frontend, second.Frontend) = ("", "");
        var solving = client.SolveAsync(first);
        var other = client.SolveAsync(second);
        var asked = await bridge.SolveAsync(new() { Frontend = "dockerfile.v0" }, Of(first));
        var ask = new Portal.Agent.BuildKit.Wire.Gateway.SolveRequest { Frontend = "dockerfile.v0" };
        ask.FrontendOpt["context:base"] = "input:base";
        ask.FrontendInputs["base"] = asked.Result.Ref.Def;
        var child = await bridge.SolveAsync(ask, Of(second));
        var before = engine.Builds.Requests.Count;

        _ = await bridge.ReturnAsync(new() { Result = new() { Ref = child.Result.Ref } }, Of(second));
        Assert.Null((await other).Failure);
        _ = await bridge.ReturnAsync(new() { Result = new() { Ref = asked.Result.Ref } }, Of(first));
        Assert.Null((await solving).Failure);

        Assert.Equal(2, engine.Builds.Requests.Count - before);
        Assert.Equal(image.ToString(), engine.Builds.Requests.Last().NamedContexts["base"].Image);
    }

    [Theory]
    [InlineData("/session", "Connection: Upgrade\r\nUpgrade: h2c\r\n", "the request names no session")]
    [InlineData("/session", "X-Docker-Expose-Session-Uuid: x\r\n", "no upgrade proto in request")]
    [InlineData("/session", "X-Docker-Expose-Session-Uuid: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n", "protocol tcp not supported")]
    [InlineData("/grpc", "", "no upgrade proto in request")]
    public async Task Upgrade_ThatIsWrong_IsRefused(string path, string headers, string words)
    {
        var (socket, head) = await SessionClient.UpgradeAsync(engine.Socket, path, headers + "Content-Length: 0\r\n");
        using (socket)
        {
            var body = new byte[4096];
            var read = await socket.ReceiveAsync(body);
            Assert.StartsWith("HTTP/1.1 400 ", head, StringComparison.Ordinal);
            Assert.Contains(words, Encoding.UTF8.GetString(body, 0, read), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Workers_AreOne_WithoutASnapshotter()
    {
        await using var client = await ConnectAsync();

        var worker = Assert.Single((await new Control.ControlClient(client.Calls).ListWorkersAsync(new())).Record);

        Assert.Equal("linux", Assert.Single(worker.Platforms).Os);
        Assert.DoesNotContain("org.mobyproject.buildkit.worker.snapshotter", worker.Labels.Keys);
    }

    private static Metadata Of(SolveRequest request) => new() { { "buildkit-controlapi-buildid", request.Ref } };

    private static async Task<BuildResult> OpenAsync(BuildRequest request, IBuildProgress progress, CancellationToken ct)
    {
        await using var tree = await request.Context.OpenAsync(new("load build context", [], [], []), progress, ct);
        return new(null, null);
    }

    private Task<SessionClient> ConnectAsync() => SessionClient.ConnectAsync(engine.Socket, _files);
}
