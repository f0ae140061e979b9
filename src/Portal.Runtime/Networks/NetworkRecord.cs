using System.Text.Json.Serialization;

namespace Portal.Runtime.Networks;

/// <summary>What is stored about a network.</summary>
/// <param name="Id">64 hexadecimal digits.</param>
/// <param name="Name">Unique on this host.</param>
/// <param name="Driver">Name of the driver that connects containers to it.</param>
/// <param name="Created">UTC.</param>
internal sealed record NetworkRecord(string Id, string Name, string Driver, DateTimeOffset Created);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(NetworkRecord))]
internal sealed partial class NetworkJson : JsonSerializerContext;
