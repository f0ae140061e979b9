using System.Text.Json;

namespace Portal.Api.Docker;

/// <summary>Filters of the Engine API, as its query has them.</summary>
internal static class EngineFilters
{
    /// <summary>The query with those that are there; empty for none.</summary>
    public static IReadOnlyList<(string Name, string Value)> Query(params ReadOnlySpan<(string Name, string? Value)> filters)
    {
        Dictionary<string, string[]> given = new(StringComparer.Ordinal);
        foreach (var (name, value) in filters)
        {
            if (value is not null)
            {
                given[name] = [value];
            }
        }

        return given.Count == 0 ? [] : [("filters", JsonSerializer.Serialize(given))];
    }
}
