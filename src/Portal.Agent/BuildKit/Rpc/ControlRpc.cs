using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Portal.Agent.BuildKit.Sessions;
using Portal.Agent.BuildKit.Solving;
using Portal.Agent.BuildKit.Wire;
using Portal.Agent.Node;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Cache;
using Portal.Runtime.Builds.Contexts;

namespace Portal.Agent.BuildKit.Rpc;

/// <summary>BuildKit's control service, as far as clients of a Docker engine use it.</summary>
internal sealed class ControlRpc(Solver solver, BuildJobs jobs, ClientSessions sessions, ContextFolders folders, IBuilder builder, NodeIdentity node, HostFacts facts) : Control.ControlBase
{
    public override async Task<SolveResponse> Solve(SolveRequest request, ServerCallContext context)
    {
        var answer = new SolveResponse();
        answer.ExporterResponse.Add(new Dictionary<string, string>(await solver.SolveAsync(request, null, context.CancellationToken)));
        return answer;
    }

    public override async Task Status(StatusRequest request, IServerStreamWriter<StatusResponse> responseStream, ServerCallContext context)
    {
        var job = await jobs.GetAsync(request.Ref, context.CancellationToken);
        await foreach (var status in job.Journal.ReadAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(status, context.CancellationToken);
        }
    }

    public override Task<ListWorkersResponse> ListWorkers(ListWorkersRequest request, ServerCallContext context) =>
        Task.FromResult(new ListWorkersResponse { Record = { Worker() } });

    public override Task<InfoResponse> Info(InfoRequest request, ServerCallContext context) => Task.FromResult(new InfoResponse { BuildkitVersion = Version() });

    public override Task<DiskUsageResponse> DiskUsage(DiskUsageRequest request, ServerCallContext context)
    {
        var answer = new DiskUsageResponse();
        answer.Record.AddRange(builder.Cache().Where(UsageFilter.Read(request.Filter).Matches).Select(Map));
        return Task.FromResult(answer);
    }

    public override async Task Prune(PruneRequest request, IServerStreamWriter<UsageRecord> responseStream, ServerCallContext context)
    {
        var filter = UsageFilter.Read(request.Filter);
        var bounds = new CacheBounds(request.ReservedSpace, request.MaxUsedSpace, request.MinFreeSpace);

        // Durations are nanoseconds there, and ticks are a hundred of them here.
        TimeSpan? unusedFor = request.KeepDuration > 0 ? TimeSpan.FromTicks(request.KeepDuration / 100) : null;
        var known = builder.Cache().ToDictionary(r => r.Id, StringComparer.Ordinal);
        var ids = filter.IsEmpty ? null : known.Values.Where(filter.Matches).Select(r => r.Id).ToHashSet(StringComparer.Ordinal);
        var pruning = await builder.PruneAsync(new(request.All, bounds, unusedFor, ids), context.CancellationToken);
        foreach (var id in pruning.Deleted)
        {
            await responseStream.WriteAsync(known.TryGetValue(id, out var record) ? Map(record) : new() { Id = id }, context.CancellationToken);
        }

        // Files of clients, kept for the next build only: with everything, never by a filter that cannot be asked of them.
        if (filter.IsEmpty && unusedFor is null && bounds == CacheBounds.None && await Task.Run(folders.Prune) is var bytes and > 0)
        {
            await responseStream.WriteAsync(new() { Id = "contexts", RecordType = "source.local", Description = "files of clients", Size = bytes }, context.CancellationToken);
        }
    }

    public override async Task Session(IAsyncStreamReader<BytesMessage> requestStream, IServerStreamWriter<BytesMessage> responseStream, ServerCallContext context)
    {
        var headers = context.RequestHeaders;
        var id = headers.GetValue(SessionHeaders.Id) ?? "";
        sessions.Check(id);
        var connection = new CallConnection(requestStream, responseStream);
        using var session = new ClientSession(
            id, headers.GetValue(SessionHeaders.SharedKey) ?? "", headers.GetAll(SessionHeaders.Method).Select(h => h.Value), connection.Input, connection.Output);
        var carrying = connection.CarryAsync(context.CancellationToken);
        await sessions.RunAsync(session, context.CancellationToken);
        await connection.Output.CompleteAsync();
        await carrying;
    }

    /// <summary>The one place builds run: this machine.</summary>
    internal WorkerRecord Worker()
    {
        // Without the label of a snapshotter, clients take the engine for one with Docker's own image store, which it is like: one platform, no image index.
        var worker = new WorkerRecord { Id = node.Id, BuildkitVersion = Version() };
        worker.Labels["org.mobyproject.buildkit.worker.executor"] = "portal";
        worker.Platforms.Add(new Platform { Os = "linux", Architecture = facts.GoArchitecture });
        return worker;
    }

    private static BuildkitVersion Version() => new() { Package = "portal", Version = AgentVersion.Number, Revision = AgentVersion.Commit };

    private static UsageRecord Map(BuildCacheRecord record)
    {
        var usage = new UsageRecord
        {
            Id = record.Id,
            InUse = record.InUse,
            Size = record.SizeBytes,
            CreatedAt = Timestamp.FromDateTimeOffset(record.Created),
            LastUsedAt = record.LastUsed is { } used ? Timestamp.FromDateTimeOffset(used) : null,
            UsageCount = record.Uses,
            Description = record.Description,
            RecordType = record.Kind,
            Shared = record.Shared,
        };
        usage.Parents.AddRange(record.Parents);
        return usage;
    }
}
