using System.Text.RegularExpressions;

namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>
/// Doubtful things in a Dockerfile: the rules of BuildKit's <c>--check</c> that are seen in the file alone, in its words. The comment
/// <c># check=skip=Rule,…</c> leaves some out, or all. Pure.
/// </summary>
internal sealed partial class DockerfileLint
{
    private readonly Dockerfile _file;
    private readonly List<DockerfileWarning> _warnings = [];

    private DockerfileLint(Dockerfile file) => _file = file;

    public static IReadOnlyList<DockerfileWarning> Check(Dockerfile file)
    {
        var lint = new DockerfileLint(file);
        lint.CheckCasing();
        lint.CheckStages();
        foreach (var stage in file.Stages)
        {
            lint.CheckStage(stage);
        }

        lint.CheckSecrets(file.Globals);
        foreach (var warning in file.Warnings.Where(warning => warning.Text.StartsWith("Empty continuation", StringComparison.Ordinal)))
        {
            lint.Warn("NoEmptyContinuation", "Empty continuation lines will become errors in a future release", "Empty continuation line", warning.Line);
        }

        string[] skipped = [.. SkipList().Match(file.Checks ?? "").Groups[1].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        return [.. lint._warnings.Where(warning => !skipped.Contains(warning.Rule, StringComparer.OrdinalIgnoreCase) && !skipped.Contains("all")).OrderBy(warning => warning.Line)];
    }

    private static string WordOf(string text) => text.AsSpan().IndexOfAny(' ', '\t') is var end and >= 0 ? text[..end] : text;

    private void Warn(string rule, string description, string detail, int line) => _warnings.Add(new(rule, description, detail, line));

    private void CheckCasing()
    {
        (string Text, int Line)[] all =
        [
            .. _file.Globals.Select(global => (global.Text, global.Line)),
            .. _file.Stages.SelectMany(stage => stage.Instructions.Select(instruction => (instruction.Text, instruction.Line)).Prepend((stage.Text, stage.Line))),
        ];
        var upper = all.Count(entry => !WordOf(entry.Text).Any(char.IsAsciiLetterLower));
        var usual = upper * 2 >= all.Length ? "uppercase" : "lowercase";
        foreach (var (text, line) in all)
        {
            var word = WordOf(text);
            if (usual == "uppercase" ? word.Any(char.IsAsciiLetterLower) : word.Any(char.IsAsciiLetterUpper))
            {
                Warn(
                    "ConsistentInstructionCasing", "All commands within the Dockerfile should use the same casing (either upper or lower)",
                    $"Command '{word}' should match the case of the command majority ({usual})", line);
            }
        }
    }

    private void CheckStages()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var stage in _file.Stages)
        {
            var words = Words.Fields(stage.Text);
            if (stage.Platform is "$TARGETPLATFORM" or "${TARGETPLATFORM}")
            {
                Warn(
                    "RedundantTargetPlatform", "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
                    $"Setting platform to predefined {stage.Platform} in FROM is redundant as this is the default behavior", stage.Line);
            }
            else if (stage.Platform is { } platform && !platform.Contains('$', StringComparison.Ordinal))
            {
                Warn("FromPlatformFlagConstDisallowed", "FROM --platform flag should not use a constant value", $"FROM --platform flag should not use constant value \"{platform}\"", stage.Line);
            }

            if (stage.Name is not { } name)
            {
                continue;
            }

            var (written, link) = (words[^1], words[^2]);
            if (written != name)
            {
                Warn("StageNameCasing", "Stage names should be lowercase", $"Stage name '{written}' should be lowercase", stage.Line);
            }

            if ((link == "AS") != (words[0] == "FROM") && (link == "as") != (words[0] == "from"))
            {
                Warn("FromAsCasing", "The 'as' keyword should match the case of the 'from' keyword", $"'{link}' and '{words[0]}' keywords' casing do not match", stage.Line);
            }

            if (!names.Add(name))
            {
                Warn("DuplicateStageName", "Stage names should be unique", $"Duplicate stage name \"{written}\", stage names should be unique", stage.Line);
            }

            if (name is "scratch" or "context")
            {
                Warn("ReservedStageName", "Reserved words should not be used as stage names", $"Stage name should not use the same name as reserved stage \"{name}\"", stage.Line);
            }
        }
    }

    private void CheckStage(Stage stage)
    {
        var (hasShell, isAbsolute) = (false, false);
        foreach (var group in stage.Instructions.Where(i => i is CmdInstruction or EntrypointInstruction or HealthCheckInstruction).GroupBy(i => WordOf(i.Text).ToUpperInvariant()).Where(group => group.Count() > 1))
        {
            foreach (var earlier in group.SkipLast(1))
            {
                Warn(
                    "MultipleInstructionsDisallowed", "Multiple instructions of the same type should not be used in the same stage",
                    $"Multiple {group.Key} instructions should not be used in the same stage because only the last one will be used", earlier.Line);
            }
        }

        foreach (var instruction in stage.Instructions)
        {
            switch (instruction)
            {
                case ShellInstruction:
                    hasShell = true;
                    break;
                case CmdInstruction { Command.IsLine: true } or EntrypointInstruction { Command.IsLine: true } when !hasShell:
                    Warn(
                        "JSONArgsRecommended", "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
                        $"JSON arguments recommended for {WordOf(instruction.Text).ToUpperInvariant()} to prevent unintended behavior related to OS signals", instruction.Line);
                    break;
                case MaintainerInstruction:
                    Warn(
                        "MaintainerDeprecated", "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
                        "Maintainer instruction is deprecated in favor of using label", instruction.Line);
                    break;
                case WorkdirInstruction workdir when workdir.Path.StartsWith('/') || workdir.Path.StartsWith('$'):
                    isAbsolute = true;
                    break;
                case WorkdirInstruction workdir when !isAbsolute:
                    Warn(
                        "WorkdirRelativePath", "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes",
                        $"Relative workdir \"{workdir.Path}\" can have unexpected results if the base image changes", workdir.Line);
                    break;
                case EnvInstruction or LabelInstruction when OldForm().IsMatch(instruction.Text):
                    var word = WordOf(instruction.Text).ToUpperInvariant();
                    Warn(
                        "LegacyKeyValueFormat", "Legacy key/value format with whitespace separator should not be used",
                        $"\"{word} key=value\" should be used instead of legacy \"{word} key value\" format", instruction.Line);
                    break;
                default:
                    break;
            }
        }

        CheckSecrets(stage.Instructions);
    }

    private void CheckSecrets(IEnumerable<Instruction> instructions)
    {
        foreach (var instruction in instructions)
        {
            IEnumerable<string> names = instruction switch
            {
                ArgInstruction arg => arg.Arguments.Select(argument => argument.Name),
                EnvInstruction env => env.Pairs.Select(pair => pair.Name),
                _ => [],
            };
            foreach (var name in names.Where(name => SecretName().IsMatch(name) && !name.Contains("public", StringComparison.OrdinalIgnoreCase)))
            {
                var word = instruction is ArgInstruction ? "ARG" : "ENV";
                Warn("SecretsUsedInArgOrEnv", "Sensitive data should not be used in the ARG or ENV commands", $"Do not use ARG or ENV instructions for sensitive data ({word} \"{name}\")", instruction.Line);
            }
        }
    }

    [GeneratedRegex("skip=([^;]*)")]
    private static partial Regex SkipList();

    [GeneratedRegex(@"^\S+\s+[^\s=""']+\s+\S")]
    private static partial Regex OldForm();

    [GeneratedRegex("(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretName();
}
