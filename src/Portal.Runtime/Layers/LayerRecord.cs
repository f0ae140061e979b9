using System.Text.Json.Serialization;

namespace Portal.Runtime.Layers;

/// <summary>What is stored beside an unpacked layer.</summary>
/// <param name="ChainId">Chain id, also the folder's name.</param>
/// <param name="DiffId">Digest of the uncompressed archive.</param>
/// <param name="Link">Short name under which mount options speak of it.</param>
/// <param name="SizeBytes">Content of its files.</param>
internal sealed record LayerRecord(string ChainId, string DiffId, string Link, long SizeBytes);

[JsonSerializable(typeof(LayerRecord))]
[JsonSerializable(typeof(UserNamespaces.IdMappings))]
internal sealed partial class LayerJson : JsonSerializerContext;
