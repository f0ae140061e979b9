using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Portal.Domain.Access.Docker;

/// <summary>
/// Answers of an engine, with what somebody sees of them. Works on the document as it came, so that members which only the engine knows stay with what is
/// shown; where an answer has others beside the lists (df), those that are not known are left out.
/// </summary>
public static class DockerAnswers
{
    // Go's reader of times takes no escapes: the plus of an offset stays one.
    private static readonly JsonWriterOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The answer as it is handed on.</summary>
    /// <exception cref="JsonException">The engine answered something else.</exception>
    public static ReadOnlyMemory<byte> Filter(DockerAnswer answer, ReadOnlyMemory<byte> json, DockerSight sight)
    {
        if (answer is DockerAnswer.Whole or DockerAnswer.Events)
        {
            return json;
        }

        using var document = JsonDocument.Parse(json);
        var buffer = new ArrayBufferWriter<byte>(json.Length);
        using (var writer = new Utf8JsonWriter(buffer, s_plain))
        {
            Write(answer, document.RootElement, writer, sight);
        }

        return buffer.WrittenMemory;
    }

    private static void Write(DockerAnswer answer, JsonElement root, Utf8JsonWriter writer, DockerSight sight)
    {
        switch (answer)
        {
            case DockerAnswer.Containers:
                List(root, writer, item => IsContainer(item, sight));
                break;
            case DockerAnswer.Images:
                List(root, writer, item => IsImage(item, sight));
                break;
            case DockerAnswer.Networks:
                List(root, writer, item => IsNetwork(item, sight));
                break;
            case DockerAnswer.Volumes:
                Members(root, writer, member => member.NameEquals("Volumes") ? item => IsVolume(item, sight) : null);
                break;
            case DockerAnswer.Network:
                Network(root, writer, sight);
                break;
            case DockerAnswer.DiskUsage:
                DiskUsage(root, writer, sight);
                break;
            case DockerAnswer.Whole or DockerAnswer.Events:
                root.WriteTo(writer);
                break;
        }
    }

    private static bool IsContainer(JsonElement item, DockerSight sight) => sight.Sees(Permission.ContainerRead, ResourceKind.Container, Text(item, "Id"), Labels(item));

    private static bool IsImage(JsonElement item, DockerSight sight) => sight.Sees(Permission.ImageRead, ResourceKind.Image, Text(item, "Id"), null);

    private static bool IsNetwork(JsonElement item, DockerSight sight) =>
        Text(item, "Name") is "bridge" or "none" or "host" || sight.Sees(Permission.NetworkRead, ResourceKind.Network, Text(item, "Id"), Labels(item));

    private static bool IsVolume(JsonElement item, DockerSight sight) => sight.Sees(Permission.VolumeRead, ResourceKind.Volume, Text(item, "Name"), Labels(item));

    /// <summary>The containers in a network belong to others, too. Their labels do not stand here: only who sees them by their ids, or sees all, is shown them.</summary>
    private static void Network(JsonElement root, Utf8JsonWriter writer, DockerSight sight)
    {
        Demand(root, JsonValueKind.Object);
        writer.WriteStartObject();
        foreach (var member in root.EnumerateObject())
        {
            if (!member.NameEquals("Containers") || member.Value.ValueKind != JsonValueKind.Object)
            {
                member.WriteTo(writer);
                continue;
            }

            writer.WriteStartObject(member.Name);
            foreach (var container in member.Value.EnumerateObject().Where(container => sight.Sees(Permission.ContainerRead, ResourceKind.Container, container.Name, null)))
            {
                container.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void DiskUsage(JsonElement root, Utf8JsonWriter writer, DockerSight sight)
    {
        var all = sight.SeesAll(Permission.ImageRead);
        Demand(root, JsonValueKind.Object);
        writer.WriteStartObject();
        foreach (var member in root.EnumerateObject())
        {
            switch (member.Name)
            {
                case "Containers":
                    Items(member, item => IsContainer(item, sight));
                    break;
                case "Images":
                    Items(member, item => IsImage(item, sight));
                    break;
                case "Volumes":
                    Items(member, item => IsVolume(item, sight));
                    break;
                case "BuildCache":
                    Items(member, _ => all);
                    break;
                case "LayersSize" when !all:
                    // Clients take what images use off it: of no more than is shown.
                    writer.WriteNumber(member.Name, Shown(root));
                    break;
                case "BuilderSize" when !all:
                    writer.WriteNumber(member.Name, 0);
                    break;
                case "LayersSize" or "BuilderSize":
                    member.WriteTo(writer);
                    break;
                default:
                    break;
            }
        }

        writer.WriteEndObject();

        void Items(JsonProperty member, Func<JsonElement, bool> isShown)
        {
            writer.WritePropertyName(member.Name);
            List(member.Value, writer, isShown);
        }

        long Shown(JsonElement answer) => answer.TryGetProperty("Images", out var images) && images.ValueKind == JsonValueKind.Array
            ? images.EnumerateArray().Where(item => IsImage(item, sight)).Sum(item => item.TryGetProperty("Size", out var size) && size.TryGetInt64(out var bytes) ? bytes : 0)
            : 0;
    }

    private static void Members(JsonElement root, Utf8JsonWriter writer, Func<JsonProperty, Func<JsonElement, bool>?> filterOf)
    {
        Demand(root, JsonValueKind.Object);
        writer.WriteStartObject();
        foreach (var member in root.EnumerateObject())
        {
            if (filterOf(member) is { } isShown)
            {
                writer.WritePropertyName(member.Name);
                List(member.Value, writer, isShown);
            }
            else
            {
                member.WriteTo(writer);
            }
        }

        writer.WriteEndObject();
    }

    private static void List(JsonElement list, Utf8JsonWriter writer, Func<JsonElement, bool> isShown)
    {
        if (list.ValueKind == JsonValueKind.Null)
        {
            writer.WriteNullValue();
            return;
        }

        Demand(list, JsonValueKind.Array);
        writer.WriteStartArray();
        foreach (var item in list.EnumerateArray().Where(isShown))
        {
            item.WriteTo(writer);
        }

        writer.WriteEndArray();
    }

    private static void Demand(JsonElement element, JsonValueKind kind)
    {
        if (element.ValueKind != kind)
        {
            throw new JsonException($"An answer of another kind is expected than {element.ValueKind}.");
        }
    }

    private static string? Text(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    internal static Dictionary<string, string> Labels(JsonElement item, string name = "Labels")
    {
        Dictionary<string, string> labels = new(StringComparer.Ordinal);
        if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var given) && given.ValueKind == JsonValueKind.Object)
        {
            foreach (var label in given.EnumerateObject().Where(label => label.Value.ValueKind == JsonValueKind.String))
            {
                labels[label.Name] = label.Value.GetString()!;
            }
        }

        return labels;
    }
}
