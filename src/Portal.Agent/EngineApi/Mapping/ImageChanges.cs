using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Portal.Domain.Engine;
using Portal.Runtime.Images;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>The <c>changes</c> of an import: Dockerfile lines that set the new image's defaults.</summary>
internal static class ImageChanges
{
    private static JsonTypeInfo<List<string>> StringList => EngineJson.Default.ListString;

    public static ImageConfig Parse(IReadOnlyList<string> lines) => lines.Aggregate(new ImageConfig(), Apply);

    private static ImageConfig Apply(ImageConfig config, string line)
    {
        var trimmed = line.Trim();
        var space = trimmed.AsSpan().IndexOfAny(' ', '\t');
        var instruction = (space < 0 ? trimmed : trimmed[..space]).ToUpperInvariant();
        var argument = space < 0 ? "" : trimmed[space..].Trim();
        if (argument.Length == 0)
        {
            throw EngineErrors.Invalid("image.changes", instruction.Length == 0 ? "an empty change" : $"{instruction} requires at least one argument");
        }

        return instruction switch
        {
            "CMD" => config with { Command = Command(argument) },
            "ENTRYPOINT" => config with { Entrypoint = Command(argument) },
            "ENV" => config with { Environment = [.. config.Environment, .. Pairs(argument).Select(p => $"{p.Name}={p.Value}")] },
            "EXPOSE" => config with { ExposedPorts = [.. config.ExposedPorts, .. Words(argument).Select(PortSyntax.Parse).Select(p => PortSyntax.Format(p.Port, p.Protocol))] },
            "LABEL" => config with { Labels = Merge(config.Labels, Pairs(argument)) },
            "USER" => config with { User = argument },
            "VOLUME" => config with { Volumes = [.. config.Volumes, .. argument[0] == '[' ? List(argument) : Words(argument)] },
            "WORKDIR" => config with { WorkingDirectory = argument },
            "STOPSIGNAL" => config with { StopSignal = argument },
            _ => throw EngineErrors.Invalid("image.changes", $"{instruction} is not a valid change command"),
        };
    }

    private static List<string> Command(string argument) => argument[0] == '[' ? List(argument) : ["/bin/sh", "-c", argument];

    private static List<string> List(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, StringList) ?? [];
        }
        catch (JsonException e)
        {
            throw EngineErrors.Invalid("image.changes", $"not a list of strings: {json}: {e.Message}");
        }
    }

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string> labels, IEnumerable<(string Name, string Value)> added)
    {
        var merged = new Dictionary<string, string>(labels);
        foreach (var (name, value) in added)
        {
            merged[name] = value;
        }

        return merged;
    }

    /// <summary><c>a=b "c=d e"</c>, or the old form of one name and the rest of the line.</summary>
    private static List<(string Name, string Value)> Pairs(string argument)
    {
        var words = Words(argument);
        if (!words[0].Contains('='))
        {
            var name = words[0];
            return [(name, argument[name.Length..].Trim())];
        }

        return [.. words.Select(word => word.IndexOf('=') is var at and > 0
            ? (word[..at], word[(at + 1)..])
            : throw EngineErrors.Invalid("image.changes", $"Syntax error - can't find = in \"{word}\". Must be of the form: name=value"))];
    }

    private static List<string> Words(string text)
    {
        var words = new List<string>();
        var word = new System.Text.StringBuilder();
        var (quote, started) = ('\0', false);
        foreach (var c in text)
        {
            if (quote != '\0')
            {
                if (c == quote)
                {
                    quote = '\0';
                }
                else
                {
                    _ = word.Append(c);
                }
            }
            else if (c is '"' or '\'')
            {
                (quote, started) = (c, true);
            }
            else if (c is ' ' or '\t')
            {
                if (started)
                {
                    words.Add(word.ToString());
                    _ = word.Clear();
                    started = false;
                }
            }
            else
            {
                _ = word.Append(c);
                started = true;
            }
        }

        if (started)
        {
            words.Add(word.ToString());
        }

        return words;
    }
}
