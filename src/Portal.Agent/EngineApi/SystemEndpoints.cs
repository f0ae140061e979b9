using Portal.Agent.EngineApi.Filters;
using Portal.Agent.EngineApi.Mapping;
using Portal.Agent.Node;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;
using Portal.Runtime;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Images;
using Portal.Runtime.Logs;
using Contract = Portal.Domain.Engine.EngineApi;

namespace Portal.Agent.EngineApi;

/// <summary>Ping, version, info, events.</summary>
internal sealed class SystemEndpoints(
    NodeIdentity node, HostFacts facts, RuntimeOptions options, IRuntimeInfo runtime, IContainers containers, IImages images, IRuntimeEvents events,
    TimeProvider time)
{
    /// <summary>How long a reader of events that has fallen behind may take for those that still wait for it.</summary>
    private static readonly TimeSpan s_lagged = TimeSpan.FromSeconds(30);

    private int _eventReaders;

    public void Map(RouteTable routes)
    {
        routes.Head("_ping", Ping);
        routes.Get("_ping", Ping);
        routes.Get("version", VersionAsync);
        routes.Get("info", InfoAsync);
        routes.Get("events", EventsAsync);
        routes.Get("plugins", r => r.Json([], EngineJson.Default.ListString));
    }

    private static Task Ping(EngineRequest request)
    {
        var headers = request.Http.Response.Headers;
        headers.CacheControl = "no-cache, no-store, must-revalidate";
        headers.Pragma = "no-cache";
        headers["Builder-Version"] = "2";
        headers["Swarm"] = "inactive";
        if (request.Http.Request.Method != HttpMethods.Head)
        {
            return request.Text("OK");
        }

        request.Http.Response.ContentType = "text/plain; charset=utf-8";
        request.Http.Response.ContentLength = 0;
        return Task.CompletedTask;
    }

    private async Task VersionAsync(EngineRequest request)
    {
        var programs = await runtime.ReadProgramsAsync(request.Aborted);
        await request.Json(Version(programs), EngineJson.Default.SystemVersion);
    }

    private SystemVersion Version(RuntimePrograms programs) => new()
    {
        Platform = new() { Name = "Portal Agent" },
        Components =
        [
            new()
            {
                Name = "Engine",
                Version = AgentVersion.Number,
                Details = new()
                {
                    ["ApiVersion"] = Contract.Version,
                    ["Arch"] = facts.GoArchitecture,
                    ["BuildTime"] = "",
                    ["Experimental"] = "false",
                    ["GitCommit"] = AgentVersion.Commit,
                    ["GoVersion"] = "",
                    ["KernelVersion"] = facts.Kernel,
                    ["MinAPIVersion"] = Contract.MinimumVersion,
                    ["Os"] = "linux",
                },
            },
            .. InfoMapping.Components(programs),
        ],
        Version = AgentVersion.Number,
        ApiVersion = Contract.Version,
        MinAPIVersion = Contract.MinimumVersion,
        GitCommit = AgentVersion.Commit,
        Os = "linux",
        Arch = facts.GoArchitecture,
        KernelVersion = facts.Kernel,
    };

    private async Task InfoAsync(EngineRequest request)
    {
        var all = containers.List();
        var info = new SystemInfo
        {
            ID = node.Id,
            Containers = all.Count,
            ContainersRunning = all.Count(c => c.Status.State is ContainerState.Running or ContainerState.Restarting),
            ContainersPaused = all.Count(c => c.Status.State == ContainerState.Paused),
            ContainersStopped = all.Count(c => !c.Status.IsRunning && c.Status.State != ContainerState.Restarting),
            Images = images.List().Count,
            Driver = "overlay2",
            DriverStatus = [["Backing Filesystem", HostFacts.FileSystem(options.DataRoot)], ["Supports d_type", "true"], ["Using metacopy", "false"], ["Native Overlay Diff", "true"], ["userxattr", "false"]],
            Plugins = new() { Volume = ["local"], Network = ["bridge", "host", "ipvlan", "macvlan", "null"], Authorization = null, Log = [.. LogDrivers.Names] },
            IPv4Forwarding = HostFacts.ForwardsIpv4(),
            NFd = HostFacts.OpenDescriptors(),
            NEventsListener = Volatile.Read(ref _eventReaders),
            SystemTime = EngineTime.Format(time.GetUtcNow()),
            LoggingDriver = options.Log.Driver,
            CgroupDriver = "cgroupfs",
            CgroupVersion = facts.CgroupVersion,
            KernelVersion = facts.Kernel,
            OperatingSystem = facts.OperatingSystem,
            OSVersion = facts.OperatingSystemVersion,
            OSType = "linux",
            Architecture = facts.Architecture,
            NCPU = facts.Processors,
            MemTotal = facts.MemoryBytes,
            DockerRootDir = options.DataRoot,
            Name = Environment.MachineName,
            ServerVersion = AgentVersion.Number,
            Swarm = new() { LocalNodeState = "inactive", RemoteManagers = null },
            LiveRestoreEnabled = true,
            InitBinary = options.InitPath is null ? "" : Path.GetFileName(options.InitPath),
        };
        InfoMapping.Show(runtime.Read(), info, request.Version);
        InfoMapping.Show(await runtime.ReadProgramsAsync(request.Aborted), info);
        RegistryMapping.Show(options.Registries, info);
        await request.Json(info, EngineJson.Default.SystemInfo);
    }

    private async Task EventsAsync(EngineRequest request)
    {
        var filter = new EventFilter(request.Filters(EventFilter.Keys));
        var since = EngineTime.Parse(request.Query("since"), "since");
        var until = EngineTime.Parse(request.Query("until"), "until");
        if (since is not null && until is not null && since > until)
        {
            throw EngineErrors.Invalid("events.times", $"`since` time ({request.Query("since")}) cannot be after `until` time ({request.Query("until")})");
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(request.Streaming);
        var ct = ending.Token;
        await using var stream = events.ReadAsync(since, until, () => ending.CancelAfter(s_lagged), ct).GetAsyncEnumerator(ct);

        // The subscription begins with the first MoveNext; only then may the client see the head and act.
        var next = stream.MoveNextAsync();
        using var lines = await request.StartLinesAsync();
        _ = Interlocked.Increment(ref _eventReaders);
        try
        {
            while (await next)
            {
                if (filter.Fits(stream.Current))
                {
                    await lines.WriteAsync(Message(stream.Current), EngineJson.Default.EventMessage, ct);
                }

                next = stream.MoveNextAsync();
            }
        }
        catch (ErrorException lagged)
        {
            // Said in the form of what this stream is made of, as its last word.
            await lines.WriteAsync(Lagged(lagged.Message), EngineJson.Default.EventMessage, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested && !request.Streaming.IsCancellationRequested)
        {
            request.Http.Abort();
        }
        finally
        {
            _ = Interlocked.Decrement(ref _eventReaders);
        }
    }

    private EventMessage Lagged(string reason) =>
        Message(new("daemon", "lagged", node.Id, new Dictionary<string, string> { ["error"] = reason, ["name"] = Environment.MachineName }, time.GetUtcNow()));

    private static EventMessage Message(RuntimeEvent e)
    {
        var legacy = e.Type is "container" or "image";
        return new()
        {
            Status = legacy ? e.Action : null,
            Id = legacy ? e.ActorId : null,
            From = e.Type == "container" ? e.Attributes.GetValueOrDefault("image") : null,
            Type = e.Type,
            Action = e.Action,
            Actor = new() { ID = e.ActorId, Attributes = new(e.Attributes) },
            Scope = "local",
            Time = e.Time.ToUnixTimeSeconds(),
            TimeNano = EngineTime.Nanoseconds(e.Time),
        };
    }
}
