using System.Text.Json.Serialization;

namespace Portal.Runtime.Volumes;

/// <summary>What a backup says of the volume it is of: its first member.</summary>
/// <param name="Format">1.</param>
/// <param name="Volume">Name.</param>
/// <param name="Driver">Driver.</param>
/// <param name="Labels">Labels.</param>
/// <param name="Options">Options of the driver, without accounts; null for none.</param>
/// <param name="Created">When the volume was made, UTC.</param>
/// <param name="Taken">When the backup was begun, UTC.</param>
/// <param name="SizeBytes">What the files took then.</param>
public sealed record VolumeManifest(
    int Format, string Volume, string Driver, IReadOnlyDictionary<string, string> Labels, IReadOnlyDictionary<string, string>? Options, DateTimeOffset Created, DateTimeOffset Taken, long SizeBytes);

/// <summary>What a backup says of itself: its last member.</summary>
/// <param name="Bytes">Of the tar archive before this member.</param>
/// <param name="Sha256">Of the same, in hexadecimal digits.</param>
internal sealed record VolumeSeal(long Bytes, string Sha256);

/// <summary>Containers that are paused or stopped for a backup, and are to go on afterwards whatever happens.</summary>
/// <param name="Mode">What was done to them.</param>
/// <param name="Containers">Full ids, in the order they are to go on.</param>
internal sealed record QuietNote(QuietMode Mode, IReadOnlyList<string> Containers);

[JsonSourceGenerationOptions(WriteIndented = true, UseStringEnumConverter = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(VolumeManifest))]
[JsonSerializable(typeof(VolumeSeal))]
[JsonSerializable(typeof(QuietNote))]
internal sealed partial class VolumeJson : JsonSerializerContext;
