namespace Portal.Domain.Primitives;

/// <summary>What happened to one object of a feed.</summary>
public enum ChangeKind
{
    /// <summary>The object is new or has a new value.</summary>
    Upsert,

    /// <summary>The object is gone; the value is its last one.</summary>
    Remove,
}

/// <summary>One change in a feed.</summary>
public readonly record struct Change<T>(ChangeKind Kind, T Value);

/// <summary>
/// A live view: the state at subscription and, without a gap, batches of what changed since.
/// The queue behind <paramref name="Changes"/> is bounded; a reader that falls too far behind gets a fresh stream by an
/// <see cref="ErrorException"/> of code <c>feed.lagged</c> and subscribes again.
/// </summary>
/// <param name="Snapshot">Every object at the moment of subscription.</param>
/// <param name="Changes">Batches of changes, in order. Enumerate once; stop enumerating (or cancel) to unsubscribe.</param>
public sealed record FeedSubscription<T>(IReadOnlyList<T> Snapshot, IAsyncEnumerable<IReadOnlyList<Change<T>>> Changes);
