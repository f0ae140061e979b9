using System.Text;

namespace Portal.Agent.Node;

/// <summary>What the process is to do.</summary>
internal enum NodeVerb
{
    Run,
    Halt,
    Teardown,
    Version,
    Help,
}

/// <summary>The command line, understood together with the environment.</summary>
/// <param name="Verb">What to do.</param>
/// <param name="Options">Settings.</param>
/// <param name="Mistakes">All that is wrong, one sentence each.</param>
internal sealed record NodeCommandLine(NodeVerb Verb, NodeOptions Options, IReadOnlyList<string> Mistakes)
{
    public static string Help { get; } = BuildHelp();

    /// <summary>Reads <c>[halt | teardown] [--option value | --option=value]…</c>.</summary>
    public static NodeCommandLine Parse(IReadOnlyList<string> arguments, Func<string, string?> environment)
    {
        var (verb, options, mistakes) = (NodeVerb.Run, new NodeOptions(), new List<string>());
        foreach (var setting in NodeOptions.Settings)
        {
            if (environment(setting.Variable) is { Length: > 0 } value)
            {
                foreach (var item in setting.Repeats ? value.Split(' ', StringSplitOptions.RemoveEmptyEntries) : [value])
                {
                    setting.Apply(options, item);
                }
            }
        }

        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            switch (argument)
            {
                case "halt" when i == 0:
                    verb = NodeVerb.Halt;
                    continue;
                case "teardown" when i == 0:
                    verb = NodeVerb.Teardown;
                    continue;
                case "--version":
                    return new(NodeVerb.Version, options, []);
                case "--help" or "-h":
                    return new(NodeVerb.Help, options, []);
            }

            var equals = argument.IndexOf('=');
            var name = equals < 0 ? argument : argument[..equals];
            var setting = NodeOptions.Settings.FirstOrDefault(s => s.Option == name);
            if (setting is null)
            {
                mistakes.Add($"{argument}: unknown; see --help");
            }
            else if (equals < 0 && (i + 1 == arguments.Count || arguments[i + 1].StartsWith("--", StringComparison.Ordinal)))
            {
                mistakes.Add($"{name}: the value is missing");
            }
            else
            {
                setting.Apply(options, equals < 0 ? arguments[++i] : argument[(equals + 1)..]);
            }
        }

        mistakes.AddRange(options.Validate());
        return new(verb, options, mistakes);
    }

    private static string BuildHelp()
    {
        var text = new StringBuilder(
            """
            Usage: portal-agent [options]            run the container engine of this host
                   portal-agent halt [options]       before the machine goes down: stop its containers; their restart policies go on with the next start
                   portal-agent teardown [options]   stop its containers and remove mounts, links, rules and cgroups; images, volumes and stopped containers stay
                   portal-agent --version | --help

            Options (each can also be set in the environment, --data-root as PORTAL_AGENT_DATA_ROOT):

            """);
        foreach (var setting in NodeOptions.Settings)
        {
            _ = text.Append("  ").Append($"{setting.Option} {setting.Value}".PadRight(24)).Append(' ').Append(setting.Help).Append('\n');
        }

        return text.ToString();
    }
}
