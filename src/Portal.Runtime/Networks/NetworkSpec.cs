using System.Collections.Immutable;

namespace Portal.Runtime.Networks;

/// <summary>What a network is to be, and what it is once the engine has chosen what was left open. Stored.</summary>
public sealed record NetworkSpec
{
    /// <summary>Unique on this host.</summary>
    public required string Name { get; init; }

    /// <summary><c>bridge</c>, <c>macvlan</c>, <c>ipvlan</c>, <c>host</c>, <c>null</c>.</summary>
    public required string Driver { get; init; }

    /// <summary>Options of the driver as given.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = ImmutableDictionary<string, string>.Empty;

    public IReadOnlyDictionary<string, string> Labels { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Nothing goes in or out.</summary>
    public bool Internal { get; init; }

    /// <summary>Echoed by inspect only: every network of this host can be attached to.</summary>
    public bool Attachable { get; init; }

    /// <summary>It holds settings for other networks and is none itself: its driver is <c>null</c> and its pools stay as they were asked for.</summary>
    public bool ConfigOnly { get; init; }

    /// <summary>Name of the network its settings are from; null for its own.</summary>
    public string? ConfigFrom { get; init; }

    public bool EnableIPv4 { get; init; } = true;

    public bool EnableIPv6 { get; init; }

    /// <summary><c>default</c>, or <c>null</c> for networks without addresses.</summary>
    public string IpamDriver { get; init; } = "default";

    public IReadOnlyDictionary<string, string> IpamOptions { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Addresses, at most one pool per family in use; the engine adds what was not asked for.</summary>
    public IReadOnlyList<NetworkPool> Pools { get; init; } = [];
}

/// <summary>A pool of addresses.</summary>
/// <param name="Subnet">CIDR; empty lets the engine choose.</param>
/// <param name="Gateway">Null lets the engine choose.</param>
/// <param name="Range">CIDR within the subnet of which addresses are given out; null for all of it.</param>
/// <param name="Auxiliary">Addresses that are somebody else's, by name; null for none.</param>
/// <param name="IsAutomatic">The engine chose the subnet: it may be another one when the network is made again.</param>
public sealed record NetworkPool(string Subnet, string? Gateway = null, string? Range = null, IReadOnlyDictionary<string, string>? Auxiliary = null, bool IsAutomatic = false);
