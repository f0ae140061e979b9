namespace Portal.Runtime.Events;

/// <summary>Something that happened, in the Engine API's words.</summary>
/// <param name="Type"><c>container</c>, <c>image</c>, <c>network</c>, <c>volume</c>, <c>daemon</c>, <c>builder</c>.</param>
/// <param name="Action">For instance <c>start</c>, <c>die</c>, <c>exec_create: sh</c>.</param>
/// <param name="ActorId">Id of the object (images: the reference or id).</param>
/// <param name="Attributes">For containers: image, name, all labels, and <c>exitCode</c>, <c>signal</c> where they apply.</param>
/// <param name="Time">UTC.</param>
public sealed record RuntimeEvent(string Type, string Action, string ActorId, IReadOnlyDictionary<string, string> Attributes, DateTimeOffset Time);

/// <summary>The event stream, with the last 256 kept for replay.</summary>
public interface IRuntimeEvents
{
    /// <summary>Publishes; never waits.</summary>
    void Publish(RuntimeEvent item);

    /// <summary>
    /// Replays kept events from <paramref name="since"/> (none when null), then goes on live without gap or repeat until
    /// cancelled or <paramref name="until"/> is reached. A reader more than 1,024 events behind gets an
    /// <see cref="Portal.Domain.Primitives.ErrorException"/> of code <c>events.lagged</c> after those it has not read yet.
    /// </summary>
    IAsyncEnumerable<RuntimeEvent> ReadAsync(DateTimeOffset? since, DateTimeOffset? until, CancellationToken ct);

    /// <summary>As above, for a reader that may be stuck where it takes the events to.</summary>
    /// <param name="since">Where the replay begins.</param>
    /// <param name="until">Where the reading ends.</param>
    /// <param name="lagged">Called when the reader has fallen too far behind, at most once and under a lock.</param>
    /// <param name="ct">Ends it.</param>
    IAsyncEnumerable<RuntimeEvent> ReadAsync(DateTimeOffset? since, DateTimeOffset? until, Action lagged, CancellationToken ct) => ReadAsync(since, until, ct);
}
