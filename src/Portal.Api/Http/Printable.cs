namespace Portal.Api.Http;

/// <summary>Makes text from outside safe for one line of a log or message.</summary>
internal static class Printable
{
    /// <summary>The text without control characters, cut to <paramref name="longest"/> characters.</summary>
    public static string Of(string? text, int longest = 256)
    {
        text ??= "";
        var cut = text.Length <= longest ? text : text[..longest] + "…";
        return cut.Any(char.IsControl) ? string.Concat(cut.Select(c => char.IsControl(c) ? ' ' : c)) : cut;
    }
}
