using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Containers;

/// <summary>What is stored of a container: <c>containers/&lt;id&gt;/record.json</c>.</summary>
/// <param name="Version">Of this form.</param>
/// <param name="Container">The container as last seen.</param>
/// <param name="Run">The processes of the current run; null when it does not run.</param>
/// <param name="StoppedByUser">The last end was asked for: restart policies respect it.</param>
/// <param name="Removing">Removal has begun and must be finished.</param>
/// <param name="RestartPause">The pause before the current run, or before the coming one; zero when it is not a restart.</param>
/// <param name="Updating">What an update that is being made leads to; null when none is.</param>
/// <param name="RemovingVolumes">The removal takes its anonymous volumes as well.</param>
internal sealed record ContainerRecord(
    int Version, ContainerSnapshot Container, RunRecord? Run, bool StoppedByUser, bool Removing, TimeSpan RestartPause = default, ContainerSpec? Updating = null, bool RemovingVolumes = false)
{
    public const int CurrentVersion = 1;
}

/// <summary>The processes of a run; with the boot id these numbers name the processes for ever.</summary>
/// <param name="BootId">Boot in which they were started.</param>
/// <param name="MonitorPid">conmon.</param>
/// <param name="MonitorStart">Its start ticks.</param>
/// <param name="Pid">Init process.</param>
/// <param name="Start">Its start ticks.</param>
internal sealed record RunRecord(string BootId, int MonitorPid, ulong MonitorStart, int Pid, ulong Start);

[JsonSourceGenerationOptions(
    WriteIndented = true, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true,
    Converters = [typeof(ContainerIdConverter), typeof(DigestConverter), typeof(AddressConverter)])]
[JsonSerializable(typeof(ContainerRecord))]
[JsonSerializable(typeof(Volumes.VolumeRecord))]
internal sealed partial class ContainerJson : JsonSerializerContext;

internal sealed class ContainerIdConverter : JsonConverter<ContainerId>
{
    public override ContainerId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        ContainerId.TryParse(reader.GetString(), null, out var id) ? id : throw new JsonException("Not a container id.");

    public override void Write(Utf8JsonWriter writer, ContainerId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}

internal sealed class DigestConverter : JsonConverter<Digest>
{
    public override Digest Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Digest.TryParse(reader.GetString(), null, out var digest) ? digest : throw new JsonException("Not a digest.");

    public override void Write(Utf8JsonWriter writer, Digest value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

internal sealed class AddressConverter : JsonConverter<IPAddress>
{
    public override IPAddress Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        IPAddress.TryParse(reader.GetString(), out var address) ? address : throw new JsonException("Not an address.");

    public override void Write(Utf8JsonWriter writer, IPAddress value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
