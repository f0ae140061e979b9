using Portal.Domain.Primitives;

namespace Portal.Api.Live;

/// <summary>A message of a live table: the first has everything, each later one what changed.</summary>
/// <param name="Snapshot">True for the first.</param>
/// <param name="Upserts">New and changed objects.</param>
/// <param name="Removed">Last values of the objects that are gone.</param>
public sealed record LiveBatch<T>(bool Snapshot, IReadOnlyList<T> Upserts, IReadOnlyList<T> Removed)
{
    internal static LiveBatch<T> First<TView>(IReadOnlyList<TView> views, Func<TView, T> map) => new(true, [.. views.Select(map)], []);

    internal static LiveBatch<T> Next<TView>(IReadOnlyList<Change<TView>> changes, Func<TView, T> map) => new(
        false,
        [.. changes.Where(change => change.Kind == ChangeKind.Upsert).Select(change => map(change.Value))],
        [.. changes.Where(change => change.Kind == ChangeKind.Remove).Select(change => map(change.Value))]);
}
