using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Containers;
using Portal.Runtime.Images;

namespace Portal.Runtime.Builds;

/// <summary>Instructions that only change what an image says about itself. Pure.</summary>
internal static class ConfigStep
{
    /// <summary>Applies an instruction; null when it is one that makes files.</summary>
    /// <exception cref="ErrorException">400, naming the line.</exception>
    public static StageState? TryApply(StageState state, Instruction instruction, BuildVariables variables)
    {
        var words = variables.In(state.Config.Environment, state.Arguments);
        string Word(string text) => BuildVariables.Guard(instruction.Line, () => words.Word(text));
        var config = state.Config;
        switch (instruction)
        {
            case ArgInstruction arg:
                return Declare(state, arg, variables);

            case EnvInstruction env:
                // All of them see what was before the instruction.
                (string Name, string Value)[] pairs = [.. env.Pairs.Select(pair => (Word(pair.Name), Word(pair.Value)))];
                return With(state, config with { Environment = Environment(config.Environment, pairs) }, HistoryText.Pairs("ENV", pairs));

            case LabelInstruction label:
                (string Name, string Value)[] labels = [.. label.Pairs.Select(pair => (Word(pair.Name), Word(pair.Value)))];
                return With(state, config with { Labels = Labels(config.Labels, labels.Select(pair => KeyValuePair.Create(pair.Name, pair.Value))) }, HistoryText.Pairs("LABEL", labels));

            case MaintainerInstruction maintainer:
                return With(state with { Author = maintainer.Maintainer }, config, "MAINTAINER " + maintainer.Maintainer);

            case UserInstruction user:
                var name = Word(user.User);
                return With(state, config with { User = name }, "USER " + name);

            case StopSignalInstruction stop:
                var signal = Word(stop.Signal);
                Demand(instruction.Line, () => SignalName.Parse(signal));
                return With(state, config with { StopSignal = signal }, "STOPSIGNAL " + signal);

            case ExposeInstruction expose:
                string[] ports = [.. expose.Ports.SelectMany(port => BuildVariables.Guard(expose.Line, () => words.Split(port))).SelectMany(port => ExposedPorts.Parse(port, expose.Line))];
                return With(state, config with { ExposedPorts = [.. config.ExposedPorts.Concat(ports).Distinct().Order(StringComparer.Ordinal)] }, HistoryText.List("EXPOSE", ports));

            case VolumeInstruction volume:
                string[] paths = [.. volume.Paths.Select(Word)];
                if (Array.Exists(paths, path => path.Length == 0))
                {
                    throw DockerfileErrors.At(volume.Line, "VOLUME specified can not be an empty string");
                }

                return With(state, config with { Volumes = [.. config.Volumes.Concat(paths).Distinct()] }, HistoryText.List("VOLUME", paths));

            case ShellInstruction shell:
                return With(state, config with { Shell = shell.Shell }, HistoryText.List("SHELL", shell.Shell));

            case OnBuildInstruction trigger:
                return With(state, config with { OnBuild = [.. config.OnBuild, trigger.Trigger] }, "ONBUILD " + trigger.Trigger);

            case CmdInstruction cmd:
                var command = cmd.Command.With(state.Shell);
                return With(state with { HasCommand = true }, config with { Command = command }, HistoryText.Command("CMD", command));

            case EntrypointInstruction entry:
                // Arguments of the base image were written for its own entry point.
                var entrypoint = entry.Command.With(state.Shell);
                return With(
                    state, config with { Entrypoint = entrypoint.Count == 0 ? null : entrypoint, Command = state.HasCommand ? config.Command : null }, HistoryText.Command("ENTRYPOINT", entrypoint));

            case HealthCheckInstruction health:
                return With(state, config with { HealthCheck = health.Check }, HistoryText.HealthCheck(health.Check));

            default:
                return null;
        }
    }

    /// <summary>Later values replace earlier ones in their place.</summary>
    public static IReadOnlyList<string> Environment(IReadOnlyList<string> environment, IEnumerable<(string Name, string Value)> added)
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

    public static IReadOnlyDictionary<string, string> Labels(IReadOnlyDictionary<string, string> labels, IEnumerable<KeyValuePair<string, string>> added)
    {
        var merged = new SortedDictionary<string, string>(labels.ToDictionary(), StringComparer.Ordinal);
        foreach (var (name, value) in added)
        {
            merged[name] = value;
        }

        return merged;
    }

    private static StageState Declare(StageState state, ArgInstruction arg, BuildVariables variables)
    {
        var declared = new List<KeyValuePair<string, string?>>();
        foreach (var (name, fallback) in arg.Arguments)
        {
            // One after the other: a default may use the one before.
            var words = variables.In(state.Config.Environment, state.Arguments);
            var expanded = fallback is null ? null : BuildVariables.Guard(arg.Line, () => words.Word(fallback));
            var argument = KeyValuePair.Create(name, variables.Declare(name, expanded));
            declared.Add(KeyValuePair.Create(name, expanded is null ? null : argument.Value));
            state = state with { Arguments = state.Arguments.RemoveAll(other => other.Key == name).Add(argument) };
        }

        return With(state, state.Config, HistoryText.Arguments(declared));
    }

    private static StageState With(StageState state, ImageConfig config, string history) => (state with { Config = config }).WithHistory(history, null, isEmpty: true);

    private static void Demand(int line, Func<int> check)
    {
        try
        {
            _ = check();
        }
        catch (ErrorException e)
        {
            throw DockerfileErrors.At(line, e.Message);
        }
    }
}
