using System.ComponentModel.DataAnnotations;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Operations;
using Portal.Domain.Primitives;

namespace Portal.Api.Operations;

/// <summary>Long work, whatever began it.</summary>
internal static class OperationEndpoints
{
    /// <summary>What comes faster is told of together.</summary>
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(200), s_patience = TimeSpan.FromSeconds(10);

    public static void MapOperations(this IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/operations").WithTags("Operations");
        group.MapGet("", ListAsync).WithName("ListOperations").RequireSignIn();
        group.MapGet("/{id}", GetAsync).WithName("GetOperation").RequireSignIn().ProducesProblems(404);
        group.MapGet("/{id}/events", FollowAsync).WithName("FollowOperation").RequireSignIn().ProducesProblems(404);
        group.MapPost("/{id}/cancel", CancelAsync).WithName("CancelOperation").RequireSignIn().ProducesProblems(404, 409, 503);
    }

    /// <summary>Lists operations: your own, and with the permission <c>OperationManage</c> over their hosts those of others. Ended ones are kept for a week.</summary>
    /// <param name="state">Only those in this state.</param>
    /// <param name="kind">Only those that do this.</param>
    /// <param name="host">Only those on this host.</param>
    /// <param name="sort"><c>created</c>, <c>ended</c>, <c>kind</c> or <c>state</c>; with a minus before it, the other way round.</param>
    /// <param name="page">Which page; the first is 1.</param>
    /// <param name="pageSize">How many items a page has, 1 to 500.</param>
    internal static async Task<Results<Ok<Page<OperationItem>>, Problem>> ListAsync(
        CurrentActor caller, OperationBoard board, IAccessPolicy access, IHostAccess facts, CancellationToken ct,
        [AllowedValues(null, "queued", "running", "succeeded", "failed", "cancelled")] string? state = null,
        [AllowedValues(null, "imagePull", "imagePush", "imageLoad", "imagePrune", "imageBuild", "buildPrune")] string? kind = null, [MaxLength(64)] string? host = null,
        [AllowedValues("created", "-created", "ended", "-ended", "kind", "-kind", "state", "-state")] string sort = "-created",
        [Range(1, int.MaxValue)] int page = 1, [Range(1, Paging.Largest)] int pageSize = Paging.Usual)
    {
        var actor = await caller.GetAsync(ct);
        var runs = board.Runs.Select(run => (Run: run, run.Operation)).Where(item =>
            (state is null || item.Operation.State.ToString().Equals(state, StringComparison.OrdinalIgnoreCase))
            && (kind is null || item.Operation.Kind.ToString().Equals(kind, StringComparison.OrdinalIgnoreCase))
            && (host is null || item.Operation.Host.Value == host)
            && Shows(item.Operation, actor, access, facts));
        var ordered = sort.TrimStart('-') switch
        {
            "ended" => runs.OrderBy(item => item.Operation.Ended ?? DateTimeOffset.MaxValue),
            "kind" => runs.OrderBy(item => item.Operation.Kind.ToString(), StringComparer.Ordinal),
            "state" => runs.OrderBy(item => item.Operation.State),
            _ => runs.OrderBy(item => item.Operation.Created),
        };
        var sorted = ordered.ThenBy(item => item.Operation.Created).ThenBy(item => item.Operation.Id, StringComparer.Ordinal).Select(item => item.Run).ToArray();
        if (sort[0] == '-')
        {
            Array.Reverse(sorted);
        }

        return TypedResults.Ok(sorted.Page(page, pageSize, OperationItem.From));
    }

    /// <summary>Gets one operation.</summary>
    /// <param name="id" example="2f6d8c0b1a3e4f5d9c7b6a5948372615">The operation's id.</param>
    internal static async Task<Results<Ok<OperationItem>, Problem>> GetAsync(string id, CurrentActor caller, OperationBoard board, IAccessPolicy access, IHostAccess facts, CancellationToken ct)
    {
        var run = Find(id, await caller.GetAsync(ct), board, access, facts);
        return run.Error is { } error ? error.ToProblem() : TypedResults.Ok(OperationItem.From(run.Value));
    }

    /// <summary>
    /// Follows an operation as server-sent events named <c>operation</c>: how it is now and what it has said, then what is new, at most five times a second,
    /// until it has ended. Closing the stream does not end the operation.
    /// </summary>
    /// <param name="id" example="2f6d8c0b1a3e4f5d9c7b6a5948372615">The operation's id.</param>
    /// <param name="from">Number of the first line of output that is wanted.</param>
    internal static async Task<Results<ServerSentEventsResult<OperationEvent>, Problem>> FollowAsync(
        string id, CurrentActor caller, OperationBoard board, IAccessPolicy access, IHostAccess facts, Reauthorisation watch, TimeProvider time, HttpResponse response, CancellationToken ct,
        [Range(0, long.MaxValue)] long from = 0)
    {
        var actor = await caller.GetAsync(ct);
        var run = Find(id, actor, board, access, facts);
        return run.Error is { } error
            ? error.ToProblem()
            : TypedResults.ServerSentEvents(OpenAsync(response, watch.Guard(actor, EventsAsync(run.Value, from, time, ct), ct), ct), eventType: "operation");
    }

    /// <summary>
    /// Ends an operation, at the engine too, and answers when it has ended, or after ten seconds as it is then. What it has made by then may be there: a layer
    /// that was pulled, an image of a step.
    /// </summary>
    /// <param name="id" example="2f6d8c0b1a3e4f5d9c7b6a5948372615">The operation's id.</param>
    internal static async Task<Results<Ok<OperationItem>, Problem>> CancelAsync(
        string id, CurrentActor caller, PortalGate gate, OperationBoard board, IAccessPolicy access, IHostAccess facts, TimeProvider time, CancellationToken ct)
    {
        var actor = await caller.GetAsync(ct);
        var found = Find(id, actor, board, access, facts);
        var own = found.IsSuccess && found.Value.Operation.IsOf(actor);
        var done = await gate.RunAsync<OperationRun>(own || !found.IsSuccess ? null : Permission.OperationManage, "CancelOperation", Printable.Of(id, 64), async _ =>
        {
            if (found.Error is { } unknown)
            {
                return unknown;
            }

            var run = found.Value;
            if (run.Operation.HasEnded)
            {
                return new Error(ErrorKind.Conflict, "operation.ended", $"The operation has {run.Operation.State.ToString().ToLowerInvariant()} already.");
            }

            await run.StopAsync(new(ErrorKind.Conflict, "operation.cancelled", $"{actor.Name} cancelled it."));
            return run;
        }, ct, on: found.IsSuccess ? facts.Target(found.Value.Operation.Host) : null);
        if (done.Error is { } error)
        {
            return error.ToProblem();
        }

        await Task.WhenAny(done.Value.Ended, Task.Delay(s_patience, time, ct));
        return TypedResults.Ok(OperationItem.From(done.Value));
    }

    private static Result<OperationRun> Find(string id, Actor actor, OperationBoard board, IAccessPolicy access, IHostAccess facts) =>
        board.Find(id) is { } run && Shows(run.Operation, actor, access, facts) ? run : Operation.Unknown;

    private static bool Shows(Operation operation, Actor actor, IAccessPolicy access, IHostAccess facts) =>
        operation.IsOf(actor) || access.Check(actor, Permission.OperationManage, facts.Target(operation.Host)) is null;

    private static async IAsyncEnumerable<OperationEvent> EventsAsync(OperationRun run, long from, TimeProvider time, [EnumeratorCancellation] CancellationToken ct)
    {
        while (true)
        {
            var moment = run.Look(from);
            from = moment.Next;
            yield return new(OperationItem.From(moment.Operation, moment.Progress), moment.Lines, moment.Missed, moment.Next);
            if (moment.Operation.HasEnded)
            {
                yield break;
            }

            await moment.Changed.WaitAsync(ct);
            await Task.WhenAny(run.Ended, Task.Delay(s_pace, time, ct));
            ct.ThrowIfCancellationRequested();
        }
    }

    private static async IAsyncEnumerable<OperationEvent> OpenAsync(HttpResponse response, IAsyncEnumerable<OperationEvent> events, [EnumeratorCancellation] CancellationToken ct)
    {
        await response.Body.FlushAsync(ct);
        await foreach (var item in events.WithCancellation(ct))
        {
            yield return item;
        }
    }
}
