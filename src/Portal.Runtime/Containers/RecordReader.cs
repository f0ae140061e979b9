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
    private static readonly string[] s_container = ["Id", "Name", "Created", "Effective", "ImageId", "Status", "Mounts", "LogPath"];
    private static readonly string[] s_status = ["State", "Error"];
    private static readonly string[] s_effective = ["Entrypoint", "Command", "Environment", "WorkingDirectory", "User", "Labels", "ExposedPorts"];
    private static readonly JsonObject s_spec = Default(new ContainerSpec { Image = "" }, ContainerJson.Default.ContainerSpec);
    private static readonly JsonObject s_mount = Default(new MountSpec(MountKind.Bind, "", "", false), ContainerJson.Default.MountSpec);
    private static readonly JsonObject s_resolved = Default(new ResolvedMount(MountKind.Bind, null, "", "", false, false, ""), ContainerJson.Default.ResolvedMount);

    /// <summary>Reads a record; null when it is none.</summary>
    /// <exception cref="JsonException">It is damaged.</exception>
    public static ContainerRecord? Read(ReadOnlySpan<byte> json)
    {
        if (JsonNode.Parse(json)?["Container"] is not JsonObject container || container["Spec"] is not JsonObject spec)
        {
            return null;
        }

        Demand(container, s_container);
        Demand(container["Status"], s_status);
        Demand(container["Effective"], s_effective);

        Fill(spec, s_spec);
        foreach (var mount in (spec["Mounts"] as JsonArray ?? []).OfType<JsonObject>())
        {
            Fill(mount, s_mount);
        }

        foreach (var mount in (container["Mounts"] as JsonArray ?? []).OfType<JsonObject>())
        {
            Fill(mount, s_resolved);
        }

        if (container["Attachment"] is JsonObject attachment && attachment["Endpoints"] is null)
        {
            container["Attachment"] = Several(attachment);
        }

        return spec.Root.Deserialize(ContainerJson.Default.ContainerRecord);
    }

    /// <summary>In earlier versions a container was in one network, and that was its attachment.</summary>
    private static JsonObject Several(JsonObject one)
    {
        var hasAddress = one["Address"] is not null;
        var endpoint = new JsonObject
        {
            ["Driver"] = one["NetworkName"]?.GetValue<string>() switch { "host" => "host", "none" => "null", _ => "bridge" },
            ["Priority"] = 0,
            ["IsInternal"] = !hasAddress,
        };
        foreach (var name in (string[])["NetworkId", "NetworkName", "EndpointId", "HostLink", "MacAddress", "Ports"])
        {
            endpoint[name] = one[name]?.DeepClone();
        }

        if (hasAddress)
        {
            endpoint["Link"] = "eth0";
            endpoint["IPv4"] = new JsonObject { ["Address"] = one["Address"]!.DeepClone(), ["PrefixLength"] = one["PrefixLength"]?.DeepClone(), ["Gateway"] = one["Gateway"]?.DeepClone() };
        }

        return new() { ["Container"] = one["Container"]?.DeepClone(), ["NamespacePath"] = one["NamespacePath"]?.DeepClone(), ["Endpoints"] = new JsonArray(endpoint) };
    }

    /// <summary>What every version wrote: without it, the record is damaged. The generated reader would take null for it.</summary>
    private static void Demand(JsonNode? node, string[] members)
    {
        if (Array.Find(members, member => node![member] is null) is { } missing)
        {
            throw new JsonException($"{missing} is missing.");
        }
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
