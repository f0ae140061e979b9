using System.Text.Json.Serialization;

namespace Portal.Runtime.Networks;

/// <summary>What is stored about a network.</summary>
/// <param name="Id">64 hexadecimal digits.</param>
/// <param name="Created">UTC.</param>
/// <param name="Spec">What it is.</param>
/// <param name="OwnsLink">The link it uses on the host (bridge, VLAN) was made for it and goes with it.</param>
internal sealed record NetworkRecord(string Id, DateTimeOffset Created, NetworkSpec Spec, bool OwnsLink = false)
{
    [JsonIgnore]
    public string Name => Spec.Name;

    [JsonIgnore]
    public string Driver => Spec.Driver;

    /// <summary>Made by the engine itself.</summary>
    [JsonIgnore]
    public bool IsPredefined => NetworkStore.IsPredefined(Name);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(NetworkRecord))]
internal sealed partial class NetworkJson : JsonSerializerContext;
