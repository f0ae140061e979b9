using Portal.Agent.EngineApi.Filters;
using Portal.Agent.EngineApi.Mapping;
using Portal.Agent.Node;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Runtime;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Images;
using Portal.Runtime.Logs;
using Contract = Portal.Domain.Engine.EngineApi;

namespace Portal.Agent.EngineApi;

/// <summary>Ping, version, info, events.</summary>
internal sealed class SystemEndpoints(
    NodeIdentity node, HostFacts facts, RuntimeOptions options, IRuntimeInfo runtime, IContainers containers, IImages images, IRuntimeEvents events, TimeProvider time)
{
    private int _eventReaders;

    public void Map(RouteTable routes)
    {
        routes.Head("_ping", Ping);
        routes.Get("_ping", Ping);
        routes.Get("version", Version);
        routes.Get("info", Info);
        routes.Get("events", EventsAsync);
        routes.Get("plugins", r => r.Json([], EngineJson.Default.ListString));
        routes.Post("build", _ => throw EngineErrors.NotSupported("building images is"));
        routes.Post("build/prune", r => r.Json(new BuildPruneResponse(), EngineJson.Default.BuildPruneResponse));
        routes.Post("session", r => throw (r.Http.Request.Headers.Upgrade.Count == 0
            ? EngineErrors.Invalid("build.session", "no upgrade proto in request")
            : EngineErrors.NotSupported("BuildKit is")));
        routes.Post("grpc", _ => throw EngineErrors.NotSupported("BuildKit is"));
    }

    private static Task Ping(EngineRequest request)
    {
        var headers = request.Http.Response.Headers;
        headers.CacheControl = "no-cache, no-store, must-revalidate";
        headers.Pragma = "no-cache";
        headers["Builder-Version"] = "1";
        headers["Swarm"] = "inactive";
        if (request.Http.Request.Method != HttpMethods.Head)
        {
            return request.Text("OK");
        }

        request.Http.Response.ContentType = "text/plain; charset=utf-8";
        request.Http.Response.ContentLength = 0;
        return Task.CompletedTask;
    }

    private Task Version(EngineRequest request) => request.Json(
        new SystemVersion
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
            ],
            Version = AgentVersion.Number,
            ApiVersion = Contract.Version,
            MinAPIVersion = Contract.MinimumVersion,
            GitCommit = AgentVersion.Commit,
            Os = "linux",
            Arch = facts.GoArchitecture,
            KernelVersion = facts.Kernel,
        },
        EngineJson.Default.SystemVersion);

    private Task Info(EngineRequest request)
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
            DriverStatus = [],
            Plugins = new() { Volume = ["local"], Network = ["bridge", "host", "null"], Authorization = null, Log = [.. LogDrivers.Names] },
            IPv4Forwarding = HostFacts.ForwardsIpv4(),
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
        RegistryMapping.Show(options.Registries, info);
        return request.Json(info, EngineJson.Default.SystemInfo);
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

        var ct = request.Streaming;
        await using var stream = events.ReadAsync(since, until, ct).GetAsyncEnumerator(ct);

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
        finally
        {
            _ = Interlocked.Decrement(ref _eventReaders);
        }
    }

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
