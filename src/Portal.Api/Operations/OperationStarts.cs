using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Api.Http;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Operations;
using Portal.Domain.Primitives;

namespace Portal.Api.Operations;

/// <summary>Begins operations for requests: 202 with the operation and where it is, once for an <c>Idempotency-Key</c>.</summary>
internal sealed class OperationStarts(OperationBoard board, CurrentActor caller, Targets targets, Idempotency once)
{
    /// <summary>Begins one.</summary>
    /// <param name="http">The request.</param>
    /// <param name="host">The host's id, as given.</param>
    /// <param name="kind">What it does.</param>
    /// <param name="target">To what, in words.</param>
    /// <param name="request">What was asked for: an idempotency key stands for it.</param>
    /// <param name="work">Does it.</param>
    /// <param name="ct">The request's end, which is not the work's.</param>
    /// <param name="upload">What of the request the work reads; null for nothing.</param>
    public async Task<Results<Accepted<OperationItem>, Problem>> BeginAsync(
        HttpContext http, string host, OperationKind kind, string target, object request, Func<Actor, HostId, OperationWork> work, CancellationToken ct, Upload? upload = null)
    {
        var actor = await caller.GetAsync(ct);
        if (targets.Host(actor, host) is { Error: { } missing })
        {
            return missing.ToProblem();
        }

        var (id, isNew) = (new HostId(host), false);
        var made = await once.OnceAsync(http, actor, null, request, async () =>
        {
            var begun = await board.BeginAsync(actor, http.User, kind, id, Printable.Of(target), upload is null ? work(actor, id) : Reading(upload, work(actor, id)));
            isNew = begun.IsSuccess;
            return begun.Error is { } refusal ? refusal : begun.Value.Operation.Id;
        }, ct);
        if (made.Error is { } error)
        {
            return error.ToProblem();
        }

        if (board.Find(made.Value) is not { } run || !run.Operation.IsOf(actor))
        {
            return Operation.Unknown.ToProblem();
        }

        if (upload is not null && isNew)
        {
            await Task.WhenAny(upload.Over, run.Ended);
            await upload.CloseAsync();
        }

        return TypedResults.Accepted($"/api/v1/operations/{run.Operation.Id}", OperationItem.From(run));
    }

    /// <summary>Says that the client was to blame, where it was.</summary>
    private static OperationWork Reading(Upload upload, OperationWork work) => async (run, admit, ct) =>
    {
        try
        {
            var result = await work(run, admit, ct);
            return result.Error is not null && upload.IsBroken ? s_broken : result;
        }
        catch (Exception) when (upload.IsBroken && !ct.IsCancellationRequested)
        {
            return s_broken;
        }
    };

    private static readonly Error s_broken = new(ErrorKind.Invalid, "operation.upload", "The archive broke off before its end. Send it again.");
}
