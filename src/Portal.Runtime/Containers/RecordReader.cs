using System.Text.Json;
using System.Text.Json.Nodes;
using Portal.Domain.Containers;

namespace Portal.Runtime.Containers;

/// <summary>
/// Reads records, also those of earlier versions. Members that came later are missing there, and the generated reader makes
/// null of them instead of their default: they are put in before.
/// </summary>
internal static class RecordReader
{
    private static readonly JsonObject s_spec = Default(new ContainerSpec { Image = "" }, ContainerJson.Default.ContainerSpec);
    private static readonly JsonObject s_mount = Default(new MountSpec(MountKind.Bind, "", "", false), ContainerJson.Default.MountSpec);

    /// <summary>Reads a record; null when it is none.</summary>
    /// <exception cref="JsonException">It is damaged.</exception>
    public static ContainerRecord? Read(ReadOnlySpan<byte> json)
    {
        if (JsonNode.Parse(json)?["Container"]?["Spec"] is not JsonObject spec)
        {
            return null;
        }

        Fill(spec, s_spec);
        foreach (var mount in (spec["Mounts"] as JsonArray ?? []).OfType<JsonObject>())
        {
            Fill(mount, s_mount);
        }

        return spec.Root.Deserialize(ContainerJson.Default.ContainerRecord);
    }

    private static void Fill(JsonObject target, JsonObject defaults)
    {
        foreach (var (name, value) in defaults)
        {
            if (!target.TryGetPropertyValue(name, out var present))
            {
                target[name] = value?.DeepClone();
            }
            else if (present is JsonObject inner && value is JsonObject further)
            {
                Fill(inner, further);
            }
        }
    }

    private static JsonObject Default<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) => JsonSerializer.SerializeToNode(value, type)!.AsObject();
}
