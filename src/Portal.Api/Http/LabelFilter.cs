namespace Portal.Api.Http;

/// <summary>Picks from lists by a label, as <c>key</c> or <c>key=value</c>.</summary>
internal static class LabelFilter
{
    public const int Longest = 1024;

    /// <summary>True when the label is there, or none is asked for.</summary>
    public static bool Fits(this IReadOnlyDictionary<string, string> labels, string? label) => label is null || (label.IndexOf('=', StringComparison.Ordinal) is var at and >= 0
        ? labels.TryGetValue(label[..at], out var value) && value == label[(at + 1)..]
        : labels.ContainsKey(label));
}
