using Portal.Domain.Access;
using Portal.Domain.Primitives;

namespace Portal.Domain.Operations;

/// <summary>Long work that a request began and that goes on without it. Its states follow one another here and nowhere else: what has ended stays as it ended.</summary>
/// <param name="Id">Cannot be guessed.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Host">Where.</param>
/// <param name="Target">To what, in words; never a secret.</param>
/// <param name="Owner">Whose it is: a person, or a team whose token began it.</param>
/// <param name="OwnerName">What they were called.</param>
/// <param name="TokenId">The token that began it; null for the person.</param>
/// <param name="Created">When it was asked for.</param>
public sealed record Operation(string Id, OperationKind Kind, HostId Host, string Target, Subject Owner, string OwnerName, string? TokenId, DateTimeOffset Created)
{
    /// <summary>How far it is.</summary>
    public OperationState State { get; init; } = OperationState.Queued;

    /// <summary>When its turn came; null before.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When it ended; null before.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>What came of it; null unless it succeeded.</summary>
    public OperationResult? Result { get; init; }

    /// <summary>Why it did not succeed; null otherwise.</summary>
    public Error? Error { get; init; }

    /// <summary>True when nothing more will come of it.</summary>
    public bool HasEnded => State is OperationState.Succeeded or OperationState.Failed or OperationState.Cancelled;

    /// <summary>An operation that somebody begins.</summary>
    public static Operation Of(string id, OperationKind kind, HostId host, string target, Actor actor, DateTimeOffset now) =>
        new(id, kind, host, target, OwnerOf(actor), actor.Name, actor.TokenId, now);

    /// <summary>Whose an actor's operations are.</summary>
    public static Subject OwnerOf(Actor actor) => actor.UserId.Length > 0 ? new(SubjectKind.User, actor.UserId) : new(SubjectKind.Team, actor.Teams.Count > 0 ? actor.Teams[0] : "");

    /// <summary>True for whoever may see and cancel it as their own. A token that is limited has its own and none of its owner's others.</summary>
    public bool IsOf(Actor actor) => Owner.Id.Length > 0 && Owner == OwnerOf(actor) && (actor.Limits is null || actor.TokenId == TokenId);

    /// <summary>Its turn has come.</summary>
    public Operation Begin(DateTimeOffset now) => State == OperationState.Queued ? this with { State = OperationState.Running, Started = now } : this;

    /// <summary>It is done.</summary>
    public Operation Succeed(OperationResult result, DateTimeOffset now) => HasEnded ? this : this with { State = OperationState.Succeeded, Ended = now, Result = result };

    /// <summary>It could not be done.</summary>
    public Operation Fail(Error error, DateTimeOffset now) => HasEnded ? this : this with { State = OperationState.Failed, Ended = now, Error = error };

    /// <summary>It was called off.</summary>
    public Operation Cancel(Error reason, DateTimeOffset now) => HasEnded ? this : this with { State = OperationState.Cancelled, Ended = now, Error = reason };

    /// <summary>What becomes of one that was under way when the portal ended: nobody follows its work any more.</summary>
    public Operation Abandon(DateTimeOffset now) => Fail(Restarted, now);

    /// <summary>Why an operation ended with the portal.</summary>
    public static Error Restarted { get; } = new(ErrorKind.Unavailable, "operation.restarted", "The portal was restarted. Begin it again; what the engine had done by then may still be there.");

    /// <summary>There is none of that id for whoever asks.</summary>
    public static Error Unknown { get; } = new(ErrorKind.NotFound, "operation.unknown", "There is no operation of that id.");
}
