using System.Text;
using System.Text.RegularExpressions;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Logs;

/// <summary>What <c>docker logs --details</c> puts before each line: the labels, variables and the tag that the log's options name.</summary>
public static class LogDetails
{
    /// <summary><c>key=value,…</c> by key, escaped as in a query; empty when the options name nothing the container has.</summary>
    public static string Of(ContainerSnapshot container)
    {
        var options = container.Spec.Log.Options;
        var details = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Take(details, options, "labels", container.Effective.Labels);
        var variables = new Dictionary<string, string>();
        foreach (var entry in container.Effective.Environment)
        {
            if (entry.IndexOf('=', StringComparison.Ordinal) is var sign and >= 0)
            {
                variables[entry[..sign]] = entry[(sign + 1)..];
            }
        }

        Take(details, options, "env", variables);
        if (options.GetValueOrDefault("tag", "") is { Length: > 0 } tag)
        {
            details["tag"] = LogTag.Expand(tag, container);
        }

        var text = new StringBuilder();
        foreach (var (key, value) in details)
        {
            text.Append(text.Length > 0 ? "," : "").Append(Escape(key)).Append('=').Append(Escape(value));
        }

        return text.ToString();
    }

    /// <summary>Checks the patterns among the options.</summary>
    /// <exception cref="LogOptionException">One is none.</exception>
    internal static void Check(IReadOnlyDictionary<string, string> options)
    {
        _ = Pattern(options.GetValueOrDefault("labels-regex", ""));
        _ = Pattern(options.GetValueOrDefault("env-regex", ""));
    }

    private static void Take(SortedDictionary<string, string> details, IReadOnlyDictionary<string, string> options, string kind, IReadOnlyDictionary<string, string> from)
    {
        foreach (var name in options.GetValueOrDefault(kind, "").Split(','))
        {
            if (from.TryGetValue(name, out var value))
            {
                details[name] = value;
            }
        }

        if (Pattern(options.GetValueOrDefault(kind + "-regex", "")) is { } pattern)
        {
            foreach (var (key, value) in from.Where(pair => pattern.IsMatch(pair.Key)))
            {
                details[key] = value;
            }
        }
    }

    private static Regex? Pattern(string text)
    {
        try
        {
            return text.Length == 0 ? null : LinearRegex.Create(text);
        }
        catch (ArgumentException e)
        {
            throw new LogOptionException($"error parsing regexp: {e.Message}: `{text}`");
        }
        catch (NotSupportedException e)
        {
            throw new LogOptionException($"error parsing regexp: {e.Message}: `{text}`");
        }
    }

    private static string Escape(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);
}
