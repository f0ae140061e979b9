using System.Collections.Concurrent;
using System.Formats.Tar;
using System.Text;
using Docker.DotNet;
using Docker.DotNet.Models;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Docker.DotNet, a client library that knows nothing of Portal: every group of operations it has.</summary>
public sealed class DockerDotNetTests : EngineTest
{
    private const string Loop = "trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done";

    private readonly DockerClient _client;

    public DockerDotNetTests(Engine engine) : base(engine)
    {
        using var configuration = new DockerClientConfiguration(new Uri($"unix://{engine.Socket}"));
        _client = configuration.CreateClient();
    }

    private IContainerOperations Containers => _client.Containers;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task System_AskedForEverything_Answers()
    {
        await _client.System.PingAsync(Ct);
        var version = await _client.System.GetVersionAsync(Ct);
        Assert.Equal(("1.51", "linux"), (version.APIVersion, version.Os));
        var info = await _client.System.GetSystemInfoAsync(Ct);
        Assert.Equal((1, "crun", "overlay2"), (info.Images, info.DefaultRuntime, info.Driver));
        Assert.StartsWith("crun ", info.RuncCommit.ID, StringComparison.Ordinal);

        Assert.Equal(["bridge", "host", "none"], (await _client.Networks.ListNetworksAsync(null, Ct)).Select(n => n.Name).Order());
        Assert.Equal("true", (await _client.Networks.InspectNetworkAsync("bridge", Ct)).Options["com.docker.network.bridge.default_bridge"]);
        Assert.Null((await _client.Networks.PruneNetworksAsync(cancellationToken: Ct)).NetworksDeleted);
    }

    [Fact]
    public async Task Container_ThroughItsWholeLife_WorksUnmodified()
    {
        var created = await Containers.CreateContainerAsync(
            new()
            {
                Image = "busybox", Name = "dotnet", Cmd = ["sh", "-c", Loop], Env = ["A=b"], Labels = new Dictionary<string, string> { ["role"] = "web" },
                ExposedPorts = new Dictionary<string, EmptyStruct> { ["80/tcp"] = default },
                HostConfig = new()
                {
                    Memory = 64 << 20, PortBindings = new Dictionary<string, IList<Docker.DotNet.Models.PortBinding>> { ["80/tcp"] = [new() { HostPort = "" }] },
                    Mounts = [new() { Type = "tmpfs", Target = "/fast" }], RestartPolicy = new() { Name = RestartPolicyKind.OnFailure, MaximumRetryCount = 2 },
                },
            }, Ct);
        Assert.Empty(created.Warnings);
        Assert.True(await Containers.StartContainerAsync(created.ID, new(), Ct));
        Assert.False(await Containers.StartContainerAsync(created.ID, new(), Ct));

        var inspect = await Containers.InspectContainerAsync(created.ID, Ct);
        Assert.Equal(("/dotnet", "running", 64L << 20, RestartPolicyKind.OnFailure), (inspect.Name, inspect.State.Status, inspect.HostConfig.Memory, inspect.HostConfig.RestartPolicy.Name));
        Assert.NotEmpty(inspect.NetworkSettings.Ports["80/tcp"][0].HostPort);
        var listed = Assert.Single(await Containers.ListContainersAsync(
            new() { Size = true, Filters = new Dictionary<string, IDictionary<string, bool>> { ["label"] = new Dictionary<string, bool> { ["role=web"] = true } } }, Ct));
        Assert.Equal((created.ID, "running", "tcp"), (listed.ID, listed.State, listed.Ports[0].Type));
        Assert.Contains(Loop, (await Containers.ListProcessesAsync(created.ID, new(), Ct)).Processes[0][^1], StringComparison.Ordinal);
        var samples = new ConcurrentQueue<ContainerStatsResponse>();
        await Containers.GetContainerStatsAsync(created.ID, new() { Stream = false }, new Direct<ContainerStatsResponse>(samples.Enqueue), Ct);
        Assert.Equal((64UL << 20, true), (Assert.Single(samples).MemoryStats.Limit, samples.First().CPUStats.SystemUsage > 0));

        await Containers.PauseContainerAsync(created.ID, Ct);
        Assert.True((await Containers.InspectContainerAsync(created.ID, Ct)).State.Paused);
        await Containers.UnpauseContainerAsync(created.ID, Ct);
        await Containers.RenameContainerAsync(created.ID, new() { NewName = "renamed" }, Ct);
        Assert.Null((await Containers.UpdateContainerAsync("renamed", new() { Memory = 80 << 20, MemorySwap = 160 << 20, RestartPolicy = new() { Name = RestartPolicyKind.No } }, Ct)).Warnings);
        await Containers.KillContainerAsync("renamed", new() { Signal = "SIGWINCH" }, Ct);
        await Containers.RestartContainerAsync("renamed", new() { WaitBeforeKillSeconds = 5 }, Ct);
        Assert.Equal(80L << 20, (await Containers.InspectContainerAsync("renamed", Ct)).HostConfig.Memory);
        var waiting = Containers.WaitContainerAsync("renamed", Ct);
        Assert.True(await Containers.StopContainerAsync("renamed", new() { WaitBeforeKillSeconds = 5 }, Ct));
        Assert.Equal(0, (await waiting).StatusCode);

        Assert.Equal([created.ID], (await Containers.PruneContainersAsync(cancellationToken: Ct)).ContainersDeleted);
        await Assert.ThrowsAsync<DockerContainerNotFoundException>(() => Containers.InspectContainerAsync(created.ID, Ct));
    }

    [Fact]
    public async Task Streams_OfLogsAttachAndExec_CarryBothDirections()
    {
        var id = (await Containers.CreateContainerAsync(
            new() { Image = "busybox", Cmd = ["sh", "-c", "echo first; while read l; do echo got $l; echo err >&2; done; exit 4"], OpenStdin = true, StdinOnce = true }, Ct)).ID;
        using (var stream = await Containers.AttachContainerAsync(id, tty: false, new() { Stream = true, Stdin = true, Stdout = true, Stderr = true }, Ct))
        {
            await Containers.StartContainerAsync(id, new(), Ct);
            await stream.WriteAsync("line\n"u8.ToArray(), 0, 5, Ct);
            stream.CloseWrite();
            Assert.Equal(("first\ngot line\n", "err\n"), await stream.ReadOutputToEndAsync(Ct));
        }
        Assert.Equal(4, (await Containers.WaitContainerAsync(id, Ct)).StatusCode);
        using (var logs = await Containers.GetContainerLogsAsync(id, tty: false, new() { ShowStdout = true, ShowStderr = true, Follow = true, Tail = "2" }, Ct))
        {
            var (stdout, stderr) = await logs.ReadOutputToEndAsync(Ct);
            Assert.Equal("got line\nerr\n", stdout + stderr);
        }

        id = await RunSleeperAsync();
        var exec = await _client.Exec.ExecCreateContainerAsync(
            id, new() { AttachStdin = true, AttachStdout = true, AttachStderr = true, Env = ["A=b"], User = "5", WorkingDir = "/tmp", Cmd = ["sh", "-c", "cat; echo $A $(id -u) $PWD >&2; exit 6"] }, Ct);
        using (var stream = await _client.Exec.StartAndAttachContainerExecAsync(exec.ID, tty: false, Ct))
        {
            await stream.WriteAsync("typed\n"u8.ToArray(), 0, 6, Ct);
            stream.CloseWrite();
            Assert.Equal(("typed\n", "b 5 /tmp\n"), await stream.ReadOutputToEndAsync(Ct));
        }
        await Patience.UntilAsync("the exec has ended", async () => await _client.Exec.InspectContainerExecAsync(exec.ID, Ct) is { Running: false, ExitCode: 6 });
        var detached = await _client.Exec.ExecCreateContainerAsync(id, new() { Tty = true, Cmd = ["sleep", "100"] }, Ct);
        await _client.Exec.StartContainerExecAsync(detached.ID, Ct);
        await _client.Exec.ResizeContainerExecTtyAsync(detached.ID, new() { Height = 10, Width = 20 }, Ct);
        Assert.True((await _client.Exec.InspectContainerExecAsync(detached.ID, Ct)).Running);
    }

    [Fact]
    public async Task Files_CopiedComparedAndExported_AreThere()
    {
        var id = await RunSleeperAsync();
        using var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, leaveOpen: true))
            await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "made") { DataStream = new MemoryStream("text"u8.ToArray()) }, Ct);
        archive.Position = 0;

        await Containers.ExtractArchiveToContainerAsync(id, new() { Path = "/tmp" }, archive, Ct);

        var status = await Containers.GetArchiveFromContainerAsync(id, new() { Path = "/tmp/made" }, statOnly: true, Ct);
        Assert.Equal(("made", 4), (status.Stat.Name, status.Stat.Size));
        await using (var read = (await Containers.GetArchiveFromContainerAsync(id, new() { Path = "/tmp/made" }, statOnly: false, Ct)).Stream)
            Assert.Equal("text", await TextAsync(read, "made"));
        Assert.Equal(["/tmp 0", "/tmp/made 1"], (await Containers.InspectChangesAsync(id, Ct)).Select(change => $"{change.Path} {(int)change.Kind}"));
        await using (var export = await Containers.ExportContainerAsync(id, Ct))
            Assert.Equal("text", await TextAsync(export, "tmp/made"));
    }

    [Fact]
    public async Task Images_CommittedSavedAndLoaded_AreListedByEveryName()
    {
        var id = await RunSleeperAsync();
        var image = (await _client.Images.CommitContainerChangesAsync(
            new() { ContainerID = id, RepositoryName = "committed", Tag = "1", Comment = "why", Author = "me", Config = new() { Labels = new Dictionary<string, string> { ["a"] = "b" } } }, Ct)).ID;
        await _client.Images.TagImageAsync("committed:1", new() { RepositoryName = "other", Tag = "2" }, Ct);

        var inspect = await _client.Images.InspectImageAsync("other:2", Ct);
        Assert.Equal((image, "why", "me", "b"), (inspect.ID, inspect.Comment, inspect.Author, inspect.Config.Labels["a"]));
        Assert.Equal(["committed:1", "other:2"], inspect.RepoTags.Order());
        Assert.Equal("why", (await _client.Images.GetImageHistoryAsync("other:2", Ct))[0].Comment);
        Assert.Equal(["busybox:latest", "committed:1", "other:2"], (await _client.Images.ListImagesAsync(new() { All = true }, Ct)).SelectMany(i => i.RepoTags).Order());

        using var saved = new MemoryStream();
        await using (var stream = await _client.Images.SaveImagesAsync(["committed:1", "other:2"], Ct))
            await stream.CopyToAsync(saved, Ct);
        Assert.Equal(["committed:1"], (await _client.Images.DeleteImageAsync("committed:1", new(), Ct)).SelectMany(item => item.Where(step => step.Key == "Untagged")).Select(step => step.Value));
        Assert.Contains(image, (await _client.Images.DeleteImageAsync("other:2", new(), Ct)).SelectMany(item => item.Values));
        await Assert.ThrowsAsync<DockerImageNotFoundException>(() => _client.Images.InspectImageAsync(image, Ct));

        saved.Position = 0;
        var told = new ConcurrentQueue<JSONMessage>();
        await _client.Images.LoadImageAsync(new(), saved, new Direct<JSONMessage>(told.Enqueue), Ct);
        Assert.Equal(["Loaded image: committed:1", "Loaded image: other:2"], told.Select(message => message.Stream.Trim()).Order());
        foreach (var name in (string[])["committed:1", "other:2"]) await _client.Images.DeleteImageAsync(name, new(), Ct);

        await using (var layer = File.OpenRead(Path.Combine(Engine.Root, "busybox.tar")))
            await _client.Images.CreateImageAsync(new() { FromSrc = "-", Repo = "imported", Tag = "1" }, layer, new(), new Direct<JSONMessage>(_ => { }), Ct);
        Assert.Equal("Imported from -", (await _client.Images.InspectImageAsync("imported:1", Ct)).Comment);
        await _client.Images.DeleteImageAsync("imported:1", new(), Ct);
        Assert.Null((await _client.Images.PruneImagesAsync(cancellationToken: Ct)).ImagesDeleted);
    }

    [Fact]
    public async Task Volumes_FromCreateToPrune_WorkUnmodified()
    {
        var volume = await _client.Volumes.CreateAsync(new() { Name = "dotnet", Labels = new Dictionary<string, string> { ["a"] = "b" } }, Ct);
        await _client.Volumes.CreateAsync(new() { Name = "second" }, Ct);

        Assert.Equal(("local", "b"), (volume.Driver, (await _client.Volumes.InspectAsync("dotnet", Ct)).Labels["a"]));
        Assert.Equal(["dotnet", "second"], (await _client.Volumes.ListAsync(Ct)).Volumes.Select(v => v.Name).Where(n => n is "dotnet" or "second").Order());
        await _client.Volumes.RemoveAsync("second", force: false, Ct);
        Assert.Equal(
            ["dotnet"],
            (await _client.Volumes.PruneAsync(
                new() { Filters = new Dictionary<string, IDictionary<string, bool>> { ["label"] = new Dictionary<string, bool> { ["a=b"] = true }, ["all"] = new Dictionary<string, bool> { ["true"] = true } } }, Ct)).VolumesDeleted);
    }

    [Fact]
    public async Task Events_WhileAContainerRuns_TellOfIt()
    {
        var seen = new ConcurrentQueue<Message>();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var monitoring = _client.System.MonitorEventsAsync(
            new() { Filters = new Dictionary<string, IDictionary<string, bool>> { ["type"] = new Dictionary<string, bool> { ["container"] = true } } }, new Direct<Message>(seen.Enqueue), enough.Token);

        // The subscription is there once something is seen of it.
        await Patience.UntilAsync("events arrive", async () =>
        {
            await Docker.RunAsync("run", "--rm", "--name", "told", "busybox", "true");
            return seen.Any(e => e.Action == "destroy");
        });

        var first = seen.TakeWhile(e => e.Action != "destroy").First(e => e.Action == "die");
        Assert.Equal(("container", "told", "0", "die"), (first.Type, first.Actor.Attributes["name"], first.Actor.Attributes["exitCode"], first.Status));
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => monitoring);
    }

    private static async Task<string> TextAsync(Stream archive, string name)
    {
        // Whole first: the client's stream takes a read of no bytes for the connection's end.
        using var whole = new MemoryStream();
        await archive.CopyToAsync(whole, Ct);
        whole.Position = 0;
        await using var reader = new TarReader(whole);
        while (await reader.GetNextEntryAsync(cancellationToken: Ct) is { } entry)
            if (entry.Name == name)
            {
                using var text = new StreamReader(entry.DataStream!, Encoding.UTF8);
                return await text.ReadToEndAsync(Ct);
            }
        throw new InvalidOperationException($"There is no {name} in the archive.");
    }

    /// <summary>Reports where they come, not later on another thread.</summary>
    private sealed class Direct<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
