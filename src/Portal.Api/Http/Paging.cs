using Microsoft.EntityFrameworkCore;

namespace Portal.Api.Http;

/// <summary>A part of a list.</summary>
/// <param name="Items">The part.</param>
/// <param name="Total">How many there are in all that the filter lets through.</param>
/// <param name="Number">Which page this is; the first is 1.</param>
/// <param name="Size">How many items a page has at most.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, int Total, int Number, int Size);

/// <summary>Cuts lists into pages.</summary>
internal static class Paging
{
    public const int Largest = 500, Usual = 50, LongestFilter = 256;

    /// <summary>The page of a query that is in order already.</summary>
    public static async Task<Page<TItem>> PageAsync<TRow, TItem>(this IQueryable<TRow> rows, int number, int size, Func<TRow, TItem> map, CancellationToken ct)
    {
        var total = await rows.CountAsync(ct);
        var items = await rows.Skip(Skip(number, size)).Take(size).ToListAsync(ct);
        return new([.. items.Select(map)], total, number, size);
    }

    /// <summary>The page of a list in memory that is in order already.</summary>
    public static Page<TItem> Page<TRow, TItem>(this IReadOnlyCollection<TRow> rows, int number, int size, Func<TRow, TItem> map) =>
        new([.. rows.Skip(Skip(number, size)).Take(size).Select(map)], rows.Count, number, size);

    private static int Skip(int number, int size) => (int)Math.Min((number - 1L) * size, int.MaxValue);
}
