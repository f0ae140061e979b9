using System.Globalization;
using System.Text.RegularExpressions;
using Portal.Domain.Containers;

namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>Reads the rest of each instruction. Messages are Docker's. Pure.</summary>
internal static partial class InstructionParser
{
    private static readonly string[] s_words =
    [
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    ];

    /// <summary>Reads any instruction but FROM.</summary>
    /// <exception cref="Domain.Primitives.ErrorException">400, naming the line.</exception>
    public static Instruction Parse(Statement s, char escape)
    {
        var flags = new Flags(s);
        Instruction instruction = s.Word switch
        {
            "ADD" or "COPY" => ParseCopy(s, flags),
            "ARG" when Arguments(s, escape) is var arguments => new ArgInstruction(s.Text, s.Line, arguments) { Description = s.DescriptionOf(arguments[0].Item1) },
            "CMD" => new CmdInstruction(s.Text, s.Line, Command(s)),
            "ENTRYPOINT" => new EntrypointInstruction(s.Text, s.Line, s.Rest.Length > 0 ? Command(s) : throw AtLeastOne(s)),
            "ENV" => new EnvInstruction(s.Text, s.Line, Pairs(s, escape)),
            "EXPOSE" => new ExposeInstruction(s.Text, s.Line, Some(s, Words.Fields(s.Rest))),
            "HEALTHCHECK" => new HealthCheckInstruction(s.Text, s.Line, HealthCheck(s, flags)),
            "LABEL" => new LabelInstruction(s.Text, s.Line, Pairs(s, escape)),
            "MAINTAINER" => new MaintainerInstruction(s.Text, s.Line, One(s)),
            "ONBUILD" => OnBuild(s, escape),
            "RUN" => ParseRun(s, flags),
            "SHELL" => new ShellInstruction(s.Text, s.Line, Shell(s)),
            "STOPSIGNAL" => new StopSignalInstruction(s.Text, s.Line, One(s)),
            "USER" => new UserInstruction(s.Text, s.Line, One(s)),
            "VOLUME" => new VolumeInstruction(s.Text, s.Line, Volumes(s)),
            "WORKDIR" => new WorkdirInstruction(s.Text, s.Line, One(s)),
            _ => throw DockerfileErrors.At(s.Line, $"unknown instruction: {s.Word}{(Resembling(s.Word) is { } meant ? $" (did you mean {meant}?)" : "")}"),
        };
        flags.End();
        return instruction;
    }

    /// <summary>The instruction that a word is one letter away from: a wrong one, one too many or too few, or two that changed places. Null for none.</summary>
    internal static string? Resembling(string word)
    {
        return Array.Find(s_words, known => Math.Abs(known.Length - word.Length) <= 1 && IsNear(known, word));

        static bool IsNear(string known, string word)
        {
            var at = known.AsSpan().CommonPrefixLength(word);
            string a = known[at..], b = word[at..];
            return a.Length > b.Length ? a[1..] == b
                : a.Length < b.Length ? b[1..] == a
                : a[1..] == b[1..] || (a.Length > 1 && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..]);
        }
    }

    /// <summary>Reads FROM.</summary>
    public static Stage ParseFrom(Statement s)
    {
        var flags = new Flags(s);
        var platform = flags.Text("platform");
        flags.End();
        var words = Words.Fields(s.Rest);
        if (words.Length is not (1 or 3) || (words.Length == 3 && !words[1].Equals("as", StringComparison.OrdinalIgnoreCase)))
        {
            throw DockerfileErrors.At(s.Line, "FROM requires either one or three arguments: FROM image, or FROM image AS stage");
        }

        var name = words.Length == 3 ? words[2].ToLowerInvariant() : null;
        return name is null || StageName().IsMatch(name)
            ? new(name, words[0], platform, s.Text, s.Line, []) { Description = s.DescriptionOf(name) }
            : throw DockerfileErrors.At(s.Line, $"invalid name for build stage: \"{words[2]}\", name can't start with a number or contain symbols");
    }

    private static CommandForm Command(Statement s) =>
        JsonForm.TryRead(s.Rest, s.Line) is { } arguments ? new(arguments, IsLine: false) : new(s.Rest.Length > 0 ? [s.Rest] : [], IsLine: s.Rest.Length > 0);

    private static List<(string, string?)> Arguments(Statement s, char escape)
    {
        var arguments = new List<(string, string?)>();
        foreach (var word in Some(s, Words.Split(s.Rest, escape)))
        {
            var at = word.IndexOf('=', StringComparison.Ordinal);
            arguments.Add(at == 0 ? throw Blank(s) : at < 0 ? (word, null) : (word[..at], word[(at + 1)..]));
        }

        return arguments;
    }

    /// <summary><c>a=b "c=d e"</c>, or the old form of one name and the rest of the line.</summary>
    private static IReadOnlyList<(string Name, string Value)> Pairs(Statement s, char escape)
    {
        var words = Some(s, Words.Split(s.Rest, escape));
        if (!words[0].Contains('=', StringComparison.Ordinal))
        {
            var blank = s.Rest.AsSpan().IndexOfAny(" \t\v\f\r");
            return blank < 0 ? throw DockerfileErrors.At(s.Line, $"{s.Word} must have two arguments, such as {s.Word} NAME=value") : [(s.Rest[..blank], s.Rest[blank..].Trim())];
        }

        return [.. words.Select(word => word.IndexOf('=', StringComparison.Ordinal) switch
        {
            < 0 => throw DockerfileErrors.At(s.Line, $"Syntax error - can't find = in \"{word}\". Must be of the form: name=value"),
            0 => throw Blank(s),
            var at => (word[..at], word[(at + 1)..]),
        })];
    }

    private static CopyInstruction ParseCopy(Statement s, Flags flags)
    {
        IReadOnlyList<string> words = JsonForm.TryRead(s.Rest, s.Line) is { } list ? list : Words.Fields(s.Rest);
        if (words.Count < 2)
        {
            throw DockerfileErrors.At(s.Line, words.Count == 0
                ? $"{s.Word} requires at least two arguments"
                : $"{s.Word} requires at least two arguments, but only one was provided. Destination could not be determined");
        }

        if (s.Heredocs.Count > 0 && Heredoc.TryParse(words[^1]) is not null)
        {
            throw DockerfileErrors.At(s.Line, $"{s.Word} cannot accept a heredoc as a destination");
        }

        var isAdd = s.Word == "ADD";
        var from = isAdd ? null : flags.Text("from");
        return new(s.Text, s.Line, isAdd, [.. words.SkipLast(1).Where(word => s.Heredocs.Count == 0 || Heredoc.TryParse(word) is null)], words[^1])
        {
            Heredocs = s.Heredocs,
            From = from is "" ? null : from,
            Owner = flags.Text("chown"),
            Mode = flags.Text("chmod"),
            Link = flags.Boolean("link") ?? false,
            Parents = !isAdd && (flags.Boolean("parents") ?? false),
            Exclude = flags.Texts("exclude"),
            Checksum = isAdd ? flags.Text("checksum") : null,
            KeepGitFolder = isAdd && (flags.Boolean("keep-git-dir") ?? false),
            Unpack = isAdd ? flags.Boolean("unpack") : null,
        };
    }

    private static RunInstruction ParseRun(Statement s, Flags flags)
    {
        var network = flags.Text("network");
        if (network is not (null or "default" or "none" or "host"))
        {
            throw DockerfileErrors.At(s.Line, $"invalid network mode: \"{network}\"");
        }

        if (flags.Text("security") is { } security and not "sandbox")
        {
            throw DockerfileErrors.At(s.Line, security == "insecure"
                ? "security.insecure is not allowed: this engine gives no build more rights than a container has"
                : $"security {security} is not valid");
        }

        var mounts = flags.Texts("mount").Select(text => RunMountParser.Parse(text, s.Line)).ToArray();
        return s.Rest.Length == 0
            ? throw AtLeastOne(s)
            : new(s.Text, s.Line, Command(s)) { Heredocs = s.Heredocs, Mounts = mounts, Network = network };
    }

    private static OnBuildInstruction OnBuild(Statement s, char escape)
    {
        var word = (Words.Fields(s.Rest) is [var first, ..] ? first : throw AtLeastOne(s)).ToUpperInvariant();
        switch (word)
        {
            case "ONBUILD":
                throw DockerfileErrors.At(s.Line, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
            case "MAINTAINER" or "FROM":
                throw DockerfileErrors.At(s.Line, $"{word} isn't allowed as an ONBUILD trigger");
            default:
                // What is wrong with it is said now, not to whoever builds on the image.
                var (flags, rest) = Words.TakeFlags(s.Rest[word.Length..]);
                _ = Parse(new(word, flags, rest, s.Rest, s.Line, s.Heredocs), escape);
                return new(s.Text, s.Line, s.Rest + string.Concat(s.Heredocs.Select(heredoc => "\n" + heredoc.Content + heredoc.Name)));
        }
    }

    private static HealthCheckSpec HealthCheck(Statement s, Flags flags)
    {
        var words = Some(s, Words.Fields(s.Rest));
        var rest = s.Rest[words[0].Length..].Trim();
        if (words[0].Equals("NONE", StringComparison.OrdinalIgnoreCase))
        {
            return rest.Length == 0 ? new(["NONE"]) : throw DockerfileErrors.At(s.Line, "HEALTHCHECK NONE takes no arguments");
        }

        if (!words[0].Equals("CMD", StringComparison.OrdinalIgnoreCase))
        {
            throw DockerfileErrors.At(s.Line, $"Unknown type \"{words[0].ToUpperInvariant()}\" in HEALTHCHECK (try CMD)");
        }

        var command = Command(s with { Rest = rest });
        if (command.Arguments.Count == 0)
        {
            throw DockerfileErrors.At(s.Line, "Missing command after HEALTHCHECK CMD");
        }

        var retries = flags.Text("retries");
        var count = 0;
        if (retries is not null && (!int.TryParse(retries, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out count) || count < 0))
        {
            throw DockerfileErrors.At(s.Line, $"--retries cannot be negative ({retries})");
        }

        return new([command.IsLine ? "CMD-SHELL" : "CMD", .. command.Arguments], Time("interval"), Time("timeout"), Time("start-period"), Time("start-interval"), count);

        TimeSpan Time(string name)
        {
            if (flags.Text(name) is not { } text)
            {
                return default;
            }

            var time = BuildDuration.TryParse(text) ?? throw DockerfileErrors.At(s.Line, $"time: invalid duration \"{text}\", write a number with a unit such as 30s or 5m");
            return time == TimeSpan.Zero || time >= TimeSpan.FromMilliseconds(1) ? time : throw DockerfileErrors.At(s.Line, $"Interval \"{name}\" cannot be less than 1ms");
        }
    }

    private static List<string> Shell(Statement s) => JsonForm.TryRead(s.Rest, s.Line) switch
    {
        null => throw DockerfileErrors.At(s.Line, "SHELL requires the arguments to be in JSON form, such as [\"/bin/sh\", \"-c\"]"),
        [] => throw AtLeastOne(s),
        var shell => shell,
    };

    private static IReadOnlyList<string> Volumes(Statement s)
    {
        var paths = Some<string>(s, JsonForm.TryRead(s.Rest, s.Line) is { } list ? list : Words.Fields(s.Rest));
        return paths.Any(path => path.Trim().Length == 0) ? throw DockerfileErrors.At(s.Line, "VOLUME specified can not be an empty string") : paths;
    }

    private static string One(Statement s) => s.Rest.Length > 0 ? s.Rest : throw DockerfileErrors.At(s.Line, $"{s.Word} requires exactly one argument");

    private static IReadOnlyList<T> Some<T>(Statement s, IReadOnlyList<T> items) => items.Count > 0 ? items : throw AtLeastOne(s);

    private static BuildFailure AtLeastOne(Statement s) => DockerfileErrors.At(s.Line, $"{s.Word} requires at least one argument");

    private static BuildFailure Blank(Statement s) => DockerfileErrors.At(s.Line, $"{s.Word} names can not be blank");

    [GeneratedRegex(@"^[a-z][a-z0-9-_\.]*$")]
    private static partial Regex StageName();
}
