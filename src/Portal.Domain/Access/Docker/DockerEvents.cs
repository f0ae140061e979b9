using System.Text.Json;

namespace Portal.Domain.Access.Docker;

/// <summary>Lines of an engine's events, as somebody sees them.</summary>
public static class DockerEvents
{
    // What the engine says of the event stands among the labels, and would let a label of that name be made up.
    private static readonly string[] s_notLabels =
    [
        "name", "image", "exitCode", "signal", "execID", "execDuration", "oldName", "container", "type", "driver", "destination", "propagation", "read/write", "comment", "imageID",
        "imageRef", "resources", "height", "width", "reclaimed",
    ];

    /// <summary>True for an event that is shown. What cannot be read is not.</summary>
    public static bool Shows(ReadOnlyMemory<byte> line, DockerSight sight)
    {
        if (sight.SeesAll(Permission.EventRead))
        {
            return true;
        }

        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object
                && Kind(root) is { } kind
                && root.TryGetProperty("Actor", out var actor) && actor.ValueKind == JsonValueKind.Object
                && actor.TryGetProperty("ID", out var id) && id.ValueKind == JsonValueKind.String
                && sight.Sees(Permission.EventRead, kind, id.GetString(), Labels(actor, kind));
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static ResourceKind? Kind(JsonElement root) => root.TryGetProperty("Type", out var type) && type.ValueKind == JsonValueKind.String
        ? type.GetString() switch
        {
            "container" => ResourceKind.Container,
            "image" => ResourceKind.Image,
            "network" => ResourceKind.Network,
            "volume" => ResourceKind.Volume,
            _ => null,
        }
        : null;

    // Those of containers alone are in their events; an image's own never count.
    private static Dictionary<string, string>? Labels(JsonElement actor, ResourceKind kind)
    {
        if (kind != ResourceKind.Container)
        {
            return null;
        }

        var labels = DockerAnswers.Labels(actor, "Attributes");
        foreach (var name in s_notLabels)
        {
            _ = labels.Remove(name);
        }

        return labels;
    }
}
