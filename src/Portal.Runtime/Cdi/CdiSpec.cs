using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Portal.Runtime.Cdi;

/// <summary>A file of the Container Device Interface (cdi.spec.io): devices of one kind, and what of a container they change.</summary>
internal sealed record CdiSpec
{
    public string CdiVersion { get; set; } = "";

    /// <summary><c>vendor.com/class</c>.</summary>
    public string Kind { get; set; } = "";

    public IReadOnlyDictionary<string, string>? Annotations { get; set; }

    public IReadOnlyList<CdiDevice>? Devices { get; set; }

    /// <summary>For every container that has one of the devices.</summary>
    public CdiEdits? ContainerEdits { get; set; }
}

internal sealed record CdiDevice
{
    public string Name { get; set; } = "";

    public IReadOnlyDictionary<string, string>? Annotations { get; set; }

    public CdiEdits? ContainerEdits { get; set; }
}

/// <summary>Changes of an OCI configuration.</summary>
internal sealed record CdiEdits
{
    public IReadOnlyList<string>? Env { get; set; }

    public IReadOnlyList<CdiNode>? DeviceNodes { get; set; }

    public IReadOnlyList<CdiMount>? Mounts { get; set; }

    public IReadOnlyList<CdiHook>? Hooks { get; set; }

    public IReadOnlyList<uint>? AdditionalGids { get; set; }

    /// <summary>Not done here; a device that needs it is refused.</summary>
    public JsonElement? IntelRdt { get; set; }

    /// <inheritdoc cref="IntelRdt"/>
    public JsonElement? NetDevices { get; set; }

    [JsonIgnore]
    public bool IsEmpty => Env is null or [] && DeviceNodes is null or [] && Mounts is null or [] && Hooks is null or [] && AdditionalGids is null or [] && IntelRdt is null && NetDevices is null;
}

internal sealed record CdiNode
{
    public string Path { get; set; } = "";

    public string HostPath { get; set; } = "";

    /// <summary><c>b</c>, <c>c</c>, <c>u</c>, <c>p</c>; empty takes the host's.</summary>
    public string Type { get; set; } = "";

    public long Major { get; set; }

    public long Minor { get; set; }

    public int? FileMode { get; set; }

    /// <summary>Some of r, w and m; empty for all, <c>none</c> for none.</summary>
    public string Permissions { get; set; } = "";

    public uint? Uid { get; set; }

    public uint? Gid { get; set; }
}

internal sealed record CdiMount
{
    public string HostPath { get; set; } = "";

    public string ContainerPath { get; set; } = "";

    public IReadOnlyList<string>? Options { get; set; }

    public string Type { get; set; } = "";
}

internal sealed record CdiHook
{
    public string HookName { get; set; } = "";

    public string Path { get; set; } = "";

    public IReadOnlyList<string>? Args { get; set; }

    public IReadOnlyList<string>? Env { get; set; }

    /// <summary>Seconds.</summary>
    public int? Timeout { get; set; }
}

// As the reference reader: exact names, and a member nobody knows makes the file bad.
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, Converters = [typeof(ScalarText)])]
[JsonSerializable(typeof(CdiSpec))]
internal sealed partial class CdiJson : JsonSerializerContext;

/// <summary>Text, also where YAML without quotes made a number or a truth value of it.</summary>
internal sealed class ScalarText : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString(),
        JsonTokenType.Number => reader.TryGetInt64(out var number) ? number.ToString(CultureInfo.InvariantCulture) : reader.GetDouble().ToString(CultureInfo.InvariantCulture),
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        _ => throw new JsonException("Text is expected."),
    };

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetString()!;

    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WritePropertyName(value);
}
