using System.Globalization;
using System.Text;
using Portal.Domain.Containers;
using Portal.Runtime.Builds.Dockerfiles;

namespace Portal.Runtime.Builds;

/// <summary>How steps are told in an image's history. The words are BuildKit's, which programs that look into images know. Pure.</summary>
internal static class HistoryText
{
    public const string Comment = "buildkit.dockerfile.v0";

    private const string Mark = " # buildkit";

    public static string Run(IReadOnlyList<string> command, IReadOnlyList<KeyValuePair<string, string>> arguments)
    {
        IEnumerable<string> head = arguments.Count == 0 ? [] : [$"|{arguments.Count}", .. arguments.Select(argument => $"{argument.Key}={argument.Value}")];
        return "RUN " + string.Join(' ', head.Concat(command)) + Mark;
    }

    public static string Copy(CopyInstruction copy, IEnumerable<string> sources, string destination, string? owner)
    {
        var text = new StringBuilder(copy.Word);
        text.Append(copy.Parents ? " --parents" : "").Append(owner is null ? "" : $" --chown={owner}").Append(copy.Mode is null ? "" : $" --chmod={copy.Mode}").Append(copy.Link ? " --link" : "");
        foreach (var source in sources.Concat(copy.Heredocs.Select(heredoc => "<<" + heredoc.Name)))
        {
            text.Append(' ').Append(source);
        }

        return text.Append(' ').Append(destination).Append(Mark).ToString();
    }

    public static string Pairs(string word, IEnumerable<(string Name, string Value)> pairs) => $"{word} {string.Join(' ', pairs.Select(pair => $"{pair.Name}={pair.Value}"))}";

    public static string Arguments(IEnumerable<KeyValuePair<string, string?>> arguments) => "ARG " + string.Join(' ', arguments.Select(a => a.Value is null ? a.Key : $"{a.Key}={a.Value}"));

    public static string Command(string word, IReadOnlyList<string> arguments) => $"{word} [{string.Join(' ', arguments.Select(Quote))}]";

    public static string List(string word, IEnumerable<string> items) => $"{word} [{string.Join(' ', items)}]";

    /// <summary>As Go prints the structure.</summary>
    public static string HealthCheck(HealthCheckSpec check) => string.Create(
        CultureInfo.InvariantCulture,
        $"HEALTHCHECK &{{[{string.Join(' ', check.Test.Select(Quote))}] {Time(check.Interval)} {Time(check.Timeout)} {Time(check.StartPeriod)} {Time(check.StartInterval)} '{Rune(check.Retries)}'}}");

    private static string Time(TimeSpan time) => $"\"{(time == TimeSpan.Zero ? "0s" : Health.GoDuration.Format(time))}\"";

    private static string Rune(int number) => number switch
    {
        7 => "\\a",
        8 => "\\b",
        9 => "\\t",
        10 => "\\n",
        11 => "\\v",
        12 => "\\f",
        13 => "\\r",
        >= 32 and < 127 => number == '\'' ? "\\'" : number == '\\' ? "\\\\" : ((char)number).ToString(),
        < 32 or 127 => "\\x" + number.ToString("x2", CultureInfo.InvariantCulture),
        _ => "\\u" + number.ToString("x4", CultureInfo.InvariantCulture),
    };

    /// <summary>As Go quotes.</summary>
    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\t' => "\\t",
                '\r' => "\\r",
                < ' ' or '\x7f' => "\\x" + ((int)c).ToString("x2", CultureInfo.InvariantCulture),
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }
}
