using System.Net;
using System.Text;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Logs;

/// <summary>
/// The <c>tag</c> of a log: a text with places such as <c>{{.Name}}</c>, Docker's names of what is known of a container.
/// Of Go's templates this is what tags are made of; conditions and functions are refused by name.
/// </summary>
internal static class LogTag
{
    /// <summary>A tag's text for a container.</summary>
    /// <exception cref="LogOptionException">The template is none.</exception>
    public static string Expand(string template, ContainerSnapshot container) => Walk(template, name => Value(name, container));

    /// <summary>The tag of a log that goes to the journal; without one of its own it is the short id.</summary>
    public static string OfJournal(ContainerSnapshot container) =>
        container.Spec.Log.Options.GetValueOrDefault("tag", "") is { Length: > 0 } template ? Expand(template, container) : container.Id.Abbreviated;

    /// <summary>Checks a template.</summary>
    /// <exception cref="LogOptionException">The template is none.</exception>
    public static void Check(string template) => _ = Walk(template, name => Fields.Contains(name) ? "" : null);

    private static IReadOnlyList<string> Fields { get; } =
    [
        "ID", "FullID", "Name", "ImageID", "ImageFullID", "ImageName", "Command", "Hostname", "DaemonName",
        "ContainerID", "ContainerName", "ContainerEntrypoint", "ContainerImageID", "ContainerImageName",
    ];

    private static string? Value(string name, ContainerSnapshot container)
    {
        string[] process = [.. container.Effective.Entrypoint, .. container.Effective.Command];
        return name switch
        {
            "ID" => container.Id.Abbreviated,
            "FullID" or "ContainerID" => container.Id.Value,
            "Name" => container.Name,
            "ContainerName" => "/" + container.Name,
            "ImageID" => container.ImageId.Hex[..12],
            "ImageFullID" or "ContainerImageID" => container.ImageId.ToString(),
            "ImageName" or "ContainerImageName" => container.Spec.Image,
            "Command" => string.Join(' ', process),
            "ContainerEntrypoint" => process[0],
            "Hostname" => Dns.GetHostName(),
            "DaemonName" => "docker",
            _ => null,
        };
    }

    private static string Walk(string template, Func<string, string?> value)
    {
        var text = new StringBuilder();
        var rest = template.AsSpan();
        while (true)
        {
            var open = rest.IndexOf("{{");
            if (open < 0)
            {
                return text.Append(rest).ToString();
            }

            text.Append(rest[..open]);
            var close = rest[open..].IndexOf("}}");
            if (close < 0)
            {
                throw new LogOptionException("template: log-tag:1: unclosed action");
            }

            var action = rest.Slice(open + 2, close - 2).Trim();
            rest = rest[(open + close + 2)..];
            if (action is not ['.', .. var name] || name.ContainsAny(" .|("))
            {
                throw new LogOptionException($"template: log-tag:1: this engine does not know the action {{{{{action}}}}}, only fields such as {{{{.Name}}}}");
            }

            text.Append(value(name.ToString()) ?? throw new LogOptionException(
                $"template: log-tag:1:2: executing \"log-tag\" at <{action}>: can't evaluate field {name} in type *logger.Info"));
        }
    }
}
