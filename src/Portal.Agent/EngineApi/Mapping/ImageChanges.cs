using System.Globalization;
using System.Text.Json;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Mapping;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>The <c>changes</c> of an import or a commit: Dockerfile lines that set the new image's defaults.</summary>
internal static class ImageChanges
{
    private static readonly string[] s_shell = ["/bin/sh", "-c"];

    /// <summary>The defaults of an image that had none.</summary>
    public static ImageConfig Parse(IReadOnlyList<string> lines) => Apply(new ImageConfig(), lines);

    /// <summary>Applies the lines in their order.</summary>
    /// <exception cref="ErrorException">400: the first that is wrong.</exception>
    public static ImageConfig Apply(ImageConfig config, IReadOnlyList<string> lines)
    {
        var hasCommand = false;
        foreach (var line in lines.SelectMany(text => text.Replace("\\\n", "", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries)))
        {
            var trimmed = line.Trim();
            var space = trimmed.AsSpan().IndexOfAny(' ', '\t');
            var instruction = (space < 0 ? trimmed : trimmed[..space]).ToUpperInvariant();
            var argument = space < 0 ? "" : trimmed[space..].Trim();
            if (argument.Length == 0)
            {
                throw Wrong(instruction.Length == 0 ? "an empty change" : $"{instruction} requires at least one argument");
            }

            config = Apply(config, instruction, argument, hasCommand);
            hasCommand |= instruction == "CMD";
        }

        return config;
    }

    private static ImageConfig Apply(ImageConfig config, string instruction, string argument, bool hasCommand)
    {
        var environment = config.Environment;
        List<string> Words() => ChangeWords.Split(argument, environment);
        string Whole() => ChangeWords.Whole(argument, environment);
        return instruction switch
        {
            "CMD" => config with { Command = Command(config, argument) },
            // Arguments were written for the entry point that was.
            "ENTRYPOINT" => config with { Entrypoint = Command(config, argument), Command = hasCommand ? config.Command : null },
            "ENV" => config with { Environment = EnvironmentWith(environment, Pairs(argument, environment, "ENV must have two arguments")) },
            "EXPOSE" => config with { ExposedPorts = [.. config.ExposedPorts.Concat(Words().SelectMany(Ports)).Distinct()] },
            "HEALTHCHECK" => config with { HealthCheck = HealthCheck(config, argument) },
            "LABEL" => config with { Labels = Merge(config.Labels, Pairs(argument, environment, "LABEL must have two arguments")) },
            "ONBUILD" => config with { OnBuild = [.. config.OnBuild, Trigger(argument)] },
            "SHELL" => config with { Shell = TryList(argument) is { Count: > 0 } shell ? shell : throw Wrong("SHELL requires the arguments to be in JSON form") },
            "STOPSIGNAL" => config with { StopSignal = Whole() },
            "USER" => config with { User = Whole() },
            "VOLUME" => config with { Volumes = [.. config.Volumes.Concat(TryList(argument) ?? Words()).Distinct()] },
            "WORKDIR" => config with { WorkingDirectory = Folder(config.WorkingDirectory, Whole()) },
            _ => throw Wrong($"{instruction} is not a valid change command"),
        };
    }

    /// <summary>A JSON list as it is; anything else is a line for the image's shell.</summary>
    private static List<string> Command(ImageConfig config, string argument) => TryList(argument) ?? [.. config.Shell ?? s_shell, argument];

    private static List<string>? TryList(string json)
    {
        if (json[0] != '[')
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(json, EngineJson.Default.ListString);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static List<string> EnvironmentWith(IReadOnlyList<string> environment, List<(string Name, string Value)> added)
    {
        var merged = environment.ToList();
        foreach (var (name, value) in added)
        {
            var at = merged.FindIndex(entry => entry.StartsWith(name + "=", StringComparison.Ordinal));
            if (at >= 0)
            {
                merged[at] = $"{name}={value}";
            }
            else
            {
                merged.Add($"{name}={value}");
            }
        }

        return merged;
    }

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string> labels, List<(string Name, string Value)> added)
    {
        var merged = new Dictionary<string, string>(labels);
        foreach (var (name, value) in added)
        {
            merged[name] = value;
        }

        return merged;
    }

    /// <summary><c>a=b "c=d e"</c>, or the old form of one name and the rest of the line.</summary>
    private static List<(string Name, string Value)> Pairs(string argument, IReadOnlyList<string> environment, string otherwise)
    {
        var words = ChangeWords.Split(argument, environment);
        if (!words[0].Contains('=', StringComparison.Ordinal))
        {
            var blank = argument.AsSpan().IndexOfAny(' ', '\t');
            return blank < 0 ? throw Wrong(otherwise) : [(argument[..blank], ChangeWords.Whole(argument[blank..].Trim(), environment))];
        }

        return [.. words.Select(word => word.IndexOf('=', StringComparison.Ordinal) is var at and > 0
            ? (word[..at], word[(at + 1)..])
            : throw Wrong($"Syntax error - can't find = in \"{word}\". Must be of the form: name=value"))];
    }

    /// <summary><c>80</c>, <c>53/udp</c>, <c>8000-8010/tcp</c>.</summary>
    private static IEnumerable<string> Ports(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var numbers = (slash < 0 ? text : text[..slash]).Split('-');
        var protocol = slash < 0 ? "" : text[slash..];
        var (first, _) = PortSyntax.Parse(numbers[0] + protocol);
        var (last, named) = PortSyntax.Parse(numbers[^1] + protocol);
        return numbers.Length > 2 || last < first
            ? throw Wrong($"Invalid containerPort: {text}")
            : Enumerable.Range(first, last - first + 1).Select(port => PortSyntax.Format(port, named));
    }

    private static HealthCheckSpec HealthCheck(ImageConfig config, string argument)
    {
        var check = new HealthCheckSpec([], TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, 0);
        while (argument.StartsWith("--", StringComparison.Ordinal))
        {
            var blank = argument.AsSpan().IndexOfAny(' ', '\t');
            var option = (blank < 0 ? argument : argument[..blank])[2..];
            argument = blank < 0 ? "" : argument[blank..].Trim();
            var equals = option.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = equals < 0 ? (option, "") : (option[..equals], option[(equals + 1)..]);
            check = name switch
            {
                "interval" => check with { Interval = Time(name, value) },
                "timeout" => check with { Timeout = Time(name, value) },
                "start-period" => check with { StartPeriod = Time(name, value) },
                "start-interval" => check with { StartInterval = Time(name, value) },
                "retries" => check with
                {
                    Retries = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var retries) && retries > 0 ? retries : throw Wrong($"--retries must be at least 1 (not {value})"),
                },
                _ => throw Wrong($"unknown flag: --{name}"),
            };
        }

        var space = argument.AsSpan().IndexOfAny(' ', '\t');
        var kind = (space < 0 ? argument : argument[..space]).ToUpperInvariant();
        var command = space < 0 ? "" : argument[space..].Trim();
        return (kind, command) switch
        {
            ("NONE", "") => check with { Test = ["NONE"] },
            ("NONE", _) => throw Wrong("HEALTHCHECK NONE takes no arguments"),
            ("CMD", "") => throw Wrong("Missing command after HEALTHCHECK CMD"),
            ("CMD", _) => check with { Test = TryList(command) is { } list ? ["CMD", .. list] : ["CMD-SHELL", command] },
            _ => throw Wrong($"Unknown type \"{kind}\" in HEALTHCHECK (try CMD)"),
        };
    }

    private static TimeSpan Time(string name, string value)
    {
        var time = EngineTime.TryParseDuration(value) ?? throw Wrong($"invalid value for --{name}: \"{value}\"");
        return time >= TimeSpan.FromMilliseconds(1) ? time : throw Wrong($"Interval \"{name}\" cannot be less than 1ms");
    }

    private static string Trigger(string argument)
    {
        var word = argument.Split(' ', '\t')[0].ToUpperInvariant();
        return word switch
        {
            "ONBUILD" => throw Wrong("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
            "MAINTAINER" or "FROM" => throw Wrong($"{word} isn't allowed as an ONBUILD trigger"),
            _ => argument,
        };
    }

    private static string Folder(string before, string folder) => folder.StartsWith('/') ? Path.GetFullPath(folder) : Path.GetFullPath("/" + before + "/" + folder);

    private static ErrorException Wrong(string problem) => EngineErrors.Invalid("image.changes", problem);
}
