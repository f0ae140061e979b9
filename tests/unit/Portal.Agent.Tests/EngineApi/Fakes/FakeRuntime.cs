using System.Net;
using System.Threading.Channels;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Exec;
using Portal.Runtime.Images;
using Portal.Runtime.Logs;
using Portal.Runtime.Networks;
using Portal.Runtime.Supervision;
using Portal.Runtime.Volumes;

namespace Portal.Agent.Tests.EngineApi.Fakes;

/// <summary>Containers in memory; sessions are driven by the test.</summary>
internal sealed class FakeContainers : IContainers
{
    public List<ContainerSnapshot> All { get; } = [];

    public FakeSession Session { get; } = new();

    public TaskCompletionSource<ContainerExit> Exit { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public List<(long Time, StdioStream Stream, byte[] Data)> Log { get; } = [];

    public LogQuery? LogRead { get; private set; }

    public ContainerSpec? Created { get; private set; }

    public AttachRequest? Attached { get; private set; }

    public IReadOnlyList<ContainerSnapshot> List() => All;

    public ContainerSnapshot Resolve(string reference) =>
        All.FirstOrDefault(c => c.Id.Value == reference || c.Name == reference.TrimStart('/') || c.Id.Value.StartsWith(reference, StringComparison.Ordinal))
        ?? throw new ErrorException(ErrorKind.NotFound, "container.not_found", "No such container: " + reference);

    public ContainerPlaces Locate(ContainerId id) => Some.Places;

    public Task<ContainerCreated> CreateAsync(ContainerSpec spec, string? name, CancellationToken ct)
    {
        Created = spec;
        var container = Some.Container(name ?? "happy_fox", spec);
        All.Add(container);
        return Task.FromResult(new ContainerCreated(container, []));
    }

    public Task<bool> StartAsync(ContainerId id, CancellationToken ct) => Task.FromResult(!Resolve(id.Value).Status.IsRunning);

    public Task<bool> StopAsync(ContainerId id, TimeSpan? timeout, string? signal, CancellationToken ct) => Task.FromResult(true);

    public Task HaltAsync(ContainerId id, TimeSpan limit, CancellationToken ct) => Task.CompletedTask;

    public Task RestartAsync(ContainerId id, TimeSpan? timeout, string? signal, CancellationToken ct) => Task.CompletedTask;

    public Task KillAsync(ContainerId id, string signal, CancellationToken ct) =>
        throw new ErrorException(ErrorKind.Conflict, "container.not_running", $"Container {id.Value} is not running");

    public Task PauseAsync(ContainerId id, CancellationToken ct) => Task.CompletedTask;

    public Task UnpauseAsync(ContainerId id, CancellationToken ct) => Task.CompletedTask;

    public Task RenameAsync(ContainerId id, string name, CancellationToken ct) => Task.CompletedTask;

    public Task<IReadOnlyList<string>> UpdateAsync(ContainerId id, ContainerUpdate update, CancellationToken ct) => Task.FromResult<IReadOnlyList<string>>([]);

    public (ContainerId Container, EndpointSpec Endpoint)? Connected { get; private set; }

    public Task ConnectAsync(ContainerId id, EndpointSpec endpoint, CancellationToken ct)
    {
        Connected = (id, endpoint);
        return Task.CompletedTask;
    }

    public Task DisconnectAsync(ContainerId id, string network, CancellationToken ct) => Task.CompletedTask;

    public Task RemoveAsync(ContainerId id, bool force, bool removeVolumes, CancellationToken ct) => Task.CompletedTask;

    public Task<ContainerExit> WaitAsync(ContainerId id, WaitCondition condition, CancellationToken ct) => Exit.Task.WaitAsync(ct);

    public Task<IStdioSession> AttachAsync(ContainerId id, AttachRequest request, CancellationToken ct)
    {
        Attached = request;
        return Task.FromResult<IStdioSession>(Session);
    }

    public Task ReadLogAsync(ContainerId id, LogQuery query, ILogSink sink, CancellationToken ct)
    {
        LogRead = query;
        return Resolve(id.Value).LogPath.Length > 0
            ? CopyAsync(query, sink, ct)
            : throw new ErrorException(ErrorKind.NotImplemented, "container.log_unread", "configured logging driver does not support reading");
    }

    private async Task CopyAsync(LogQuery query, ILogSink sink, CancellationToken ct)
    {
        await sink.FlushAsync(ct);
        foreach (var (time, stream, data) in Log)
        {
            sink.Write(new(time, stream, data));
        }

        await sink.FlushAsync(ct);
        if (query.Follow)
        {
            await Task.Delay(Timeout.Infinite, ct);
        }
    }

    public Task ResizeAsync(ContainerId id, int rows, int columns, CancellationToken ct) => Task.CompletedTask;
}

/// <summary>A process whose output the test writes and whose input it reads.</summary>
internal sealed class FakeSession : IStdioSession, IExecs
{
    private readonly Channel<StdioFrame> _output = Channel.CreateUnbounded<StdioFrame>();
    private readonly Channel<string> _input = Channel.CreateUnbounded<string>();

    public ExecSpec? Exec { get; set; }

    public TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Write(StdioStream stream, string text) => _output.Writer.TryWrite(new(stream, System.Text.Encoding.UTF8.GetBytes(text)));

    public void End() => _output.Writer.Complete();

    /// <summary>The next piece of input, or <c>EOF</c>.</summary>
    public async Task<string> NextInputAsync() => await _input.Reader.ReadAsync();

    public IAsyncEnumerable<StdioFrame> ReadOutputAsync(CancellationToken ct) => _output.Reader.ReadAllAsync(ct);

    public ValueTask WriteInputAsync(ReadOnlyMemory<byte> data, CancellationToken ct) => _input.Writer.WriteAsync(System.Text.Encoding.UTF8.GetString(data.Span), ct);

    public ValueTask CloseInputAsync(CancellationToken ct) => _input.Writer.WriteAsync("EOF", ct);

    public TaskCompletionSource Cut { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task CutOff => Cut.Task;

    public bool Detached { get; private set; }

    public void Detach() => Detached = true;

    public ValueTask DisposeAsync()
    {
        Disposed.TrySetResult();
        return default;
    }

    public Task<string> CreateAsync(ContainerId container, ExecSpec spec, CancellationToken ct)
    {
        Exec = spec;
        return Task.FromResult(new string('e', 64));
    }

    public ExecSnapshot Get(string execId) => Exec is null
        ? throw new ErrorException(ErrorKind.NotFound, "exec.not_found", "No such exec instance: " + execId)
        : new(execId, Some.Id, Exec, Running: false, ExitCode: null, Pid: 0);

    public IReadOnlyList<string> RunningIn(ContainerId container) => [];

    public Task<IStdioSession> StartAsync(string execId, TerminalSize? size, CancellationToken ct) => Task.FromResult<IStdioSession>(this);

    public Task StartDetachedAsync(string execId, CancellationToken ct) => Task.CompletedTask;

    public Task ResizeAsync(string execId, int rows, int columns, CancellationToken ct) => Task.CompletedTask;
}

/// <summary>A host that has everything but block weights.</summary>
internal sealed class FakeRuntimeInfo : IRuntimeInfo
{
    public string DefaultRuntime => "crun";

    public (IReadOnlyList<string> Masked, IReadOnlyList<string> ReadOnly) DefaultPaths => (["/proc/kcore"], ["/proc/sys"]);

    public RuntimeInfo Read() => new(
        new Dictionary<string, string> { ["crun"] = "/usr/bin/crun", ["io.containerd.runc.v2"] = "/usr/bin/crun" }, "crun",
        new() { BlockWeight = false, OomKillDisable = false }, new(true, true), true, ["/etc/cdi"], ["acme.com/gadget=one"], ["failed to load CDI Spec /etc/cdi/x.yaml: bad"]);

    public Task<RuntimePrograms> ReadProgramsAsync(CancellationToken ct) =>
        Task.FromResult(new RuntimePrograms(new("crun", "1.8.1", "f8a096be"), new("conmon", "2.1.6", ""), null));
}

/// <summary>One image, busybox.</summary>
internal sealed class FakeImages : IImages
{
    public string? Loaded { get; private set; }

    public IReadOnlyList<ImageSnapshot> List() => [Some.Image];

    public ImageSnapshot Resolve(string reference) => reference is "busybox" or "busybox:latest" or "127.0.0.1:5000/team/app:1"
        ? Some.Image
        : throw new ErrorException(ErrorKind.NotFound, "image.not_found", $"No such image: {reference}");

    public async Task<IReadOnlyList<string>> LoadAsync(Stream archive, CancellationToken ct)
    {
        using var reader = new StreamReader(archive);
        Loaded = await reader.ReadToEndAsync(ct);
        return ["busybox:latest"];
    }

    public LayerUsage LayerUsage() => new(5000, new Dictionary<Digest, long> { [Some.Image.Id] = 400 });

    public Task<ImageSnapshot> ImportAsync(Stream layer, string? repository, string? tag, ImageConfig config, string message, CancellationToken ct) => Task.FromResult(Some.Image);

    public Task SaveAsync(IReadOnlyList<string> references, Stream archive, CancellationToken ct) => archive.WriteAsync("tar"u8.ToArray(), ct).AsTask();

    public Task TagAsync(string reference, string repository, string? tag, CancellationToken ct) => Task.CompletedTask;

    public Task<IReadOnlyList<ImageDeletion>> RemoveAsync(string reference, bool force, bool noPrune, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<ImageDeletion>>([new(reference, null)]);
}

/// <summary>The default bridge, and one that was asked for last.</summary>
internal sealed class FakeNetworks : INetworks
{
    private static readonly NetworkSpec s_bridge = new()
    {
        Name = "bridge",
        Driver = "bridge",
        Options = new Dictionary<string, string> { ["com.docker.network.bridge.name"] = "portal0" },
        Pools = [new("172.29.0.0/16", "172.29.0.1")],
    };

    public NetworkSpec? Created { get; private set; }

    public IReadOnlyList<NetworkSnapshot> List() =>
    [
        new(new string('b', 64), Some.Time, s_bridge, []),
        .. Created is null ? (NetworkSnapshot[])[] : [new(new string('c', 64), Some.Time, Created, [])],
    ];

    public NetworkSnapshot Resolve(string reference) => List().FirstOrDefault(n => n.Name == reference || n.Id == reference)
        ?? throw new ErrorException(ErrorKind.NotFound, "network.not_found", $"network {reference} not found");

    public Task<NetworkSnapshot> CreateAsync(NetworkSpec spec, CancellationToken ct)
    {
        Created = spec;
        return Task.FromResult(Resolve(spec.Name));
    }

    public Task RemoveAsync(string reference, CancellationToken ct)
    {
        Created = null;
        return Task.CompletedTask;
    }

    public Task<NetworkAttachment> AttachAsync(AttachmentRequest request, CancellationToken ct) => throw new NotSupportedException();

    public Task<NetworkAttachment> ConnectAsync(AttachmentRequest request, EndpointSpec endpoint, CancellationToken ct) => throw new NotSupportedException();

    public Task<NetworkAttachment> DisconnectAsync(AttachmentRequest request, string networkId, CancellationToken ct) => throw new NotSupportedException();

    public Task DetachAsync(ContainerId container, CancellationToken ct) => throw new NotSupportedException();

    public Task RestoreAsync(IReadOnlyList<NetworkAttachment> live, CancellationToken ct) => throw new NotSupportedException();

    public Task TearDownAsync(CancellationToken ct) => throw new NotSupportedException();
}

/// <summary>No volumes.</summary>
internal sealed class FakeVolumes : IVolumes
{
    public IReadOnlyList<VolumeSnapshot> List() => [];

    public VolumeSnapshot Resolve(string name) => throw new ErrorException(ErrorKind.NotFound, "volume.not_found", $"get {name}: no such volume");

    public Task<VolumeSnapshot> CreateAsync(string? name, IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string>? options, CancellationToken ct) =>
        Task.FromResult(new VolumeSnapshot(name ?? new string('f', 64), "/v", Some.Time, labels, name is null) { Options = Portal.Domain.Volumes.VolumeOptions.Of(options) });

    public Task RemoveAsync(string name, bool force, CancellationToken ct) => Task.CompletedTask;
}

/// <summary>Events written by the test.</summary>
internal sealed class FakeEvents : IRuntimeEvents
{
    private readonly Channel<RuntimeEvent> _events = Channel.CreateUnbounded<RuntimeEvent>();

    public void Publish(RuntimeEvent item) => _events.Writer.TryWrite(item);

    public IAsyncEnumerable<RuntimeEvent> ReadAsync(DateTimeOffset? since, DateTimeOffset? until, CancellationToken ct) => _events.Reader.ReadAllAsync(ct);
}

/// <summary>Samples written by the test.</summary>
internal sealed class FakeSampler : IStatsSampler
{
    public Channel<StatsBatch> Batches { get; } = Channel.CreateUnbounded<StatsBatch>();

    public Channel<ContainerReading> Readings { get; } = Channel.CreateUnbounded<ContainerReading>();

    public ContainerSample? Sample { get; set; }

    public ContainerSample? Read(ContainerId id) => Sample;

    public IAsyncEnumerable<StatsBatch> FollowAsync(CancellationToken ct) => Batches.Reader.ReadAllAsync(ct);

    public IAsyncEnumerable<ContainerReading> FollowAsync(ContainerId id, CancellationToken ct) => Readings.Reader.ReadAllAsync(ct);
}
