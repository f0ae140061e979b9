using System.Net;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>How a family of addresses is led outside.</summary>
internal enum GatewayMode
{
    /// <summary>Behind the host's address; only published ports are reached from outside.</summary>
    Nat,

    /// <summary>The same, and every port of a container is reached by its own address.</summary>
    NatUnprotected,

    /// <summary>By the containers' own addresses; of those, published ports only.</summary>
    Routed,

    /// <summary>The host has no address in the network. Internal networks only.</summary>
    Isolated,
}

/// <summary>Options of a bridge, understood. Pure.</summary>
/// <param name="Link">Name of the bridge.</param>
/// <param name="IsDefault">The engine's default network.</param>
/// <param name="Icc">Containers reach each other.</param>
/// <param name="Masquerade">What leaves has the host's address.</param>
/// <param name="Mtu">0 for that of the way out.</param>
/// <param name="Binding">Where ports are published that name no address; null for everywhere.</param>
/// <param name="SourceIPv4">Address of what leaves; null for that of the link.</param>
/// <param name="SourceIPv6">The same for IPv6.</param>
/// <param name="ModeIPv4">How IPv4 is led outside.</param>
/// <param name="ModeIPv6">How IPv6 is led outside.</param>
/// <param name="HasNoIPv4">The bridge gets no IPv4 address: somebody else is the gateway.</param>
/// <param name="Trusted">Links of the host from which containers are reached by their own addresses.</param>
internal sealed record BridgeSettings(
    string Link, bool IsDefault, bool Icc, bool Masquerade, int Mtu, IPAddress? Binding, IPAddress? SourceIPv4, IPAddress? SourceIPv6,
    GatewayMode ModeIPv4, GatewayMode ModeIPv6, bool HasNoIPv4, IReadOnlyList<string> Trusted)
{
    public const string LinkKey = Prefix + "name";
    public const string DefaultKey = Prefix + "default_bridge";
    public const string IccKey = Prefix + "enable_icc";
    public const string MasqueradeKey = Prefix + "enable_ip_masquerade";
    public const string BindingKey = Prefix + "host_binding_ipv4";
    public const string MtuKey = "com.docker.network.driver.mtu";
    public const string LinkPrefixKey = "com.docker.network.container_iface_prefix";
    private const string Prefix = "com.docker.network.bridge.";
    private const string ModeIPv4Key = Prefix + "gateway_mode_ipv4";
    private const string ModeIPv6Key = Prefix + "gateway_mode_ipv6";

    /// <summary>The default network of an agent with these settings.</summary>
    public static NetworkSpec Default(RuntimeOptions options) => new()
    {
        Name = "bridge",
        Driver = BridgeDriver.DriverName,
        Options = new Dictionary<string, string>
        {
            [DefaultKey] = "true",
            [IccKey] = "true",
            [MasqueradeKey] = "true",
            [BindingKey] = "0.0.0.0",
            [LinkKey] = options.BridgeName,
        },
        Pools = [new(options.BridgeSubnet, Subnet.Parse(options.BridgeSubnet).At(1).ToString())],
    };

    /// <summary>Reads the options of a network.</summary>
    /// <exception cref="ErrorException">400: one of them is wrong.</exception>
    public static BridgeSettings Of(string id, NetworkSpec spec)
    {
        var options = spec.Options;
        var settings = new BridgeSettings(
            options.Link(LinkKey) ?? "br-" + id[..12],
            spec.Name == "bridge",
            options.Boolean(IccKey, true),
            options.Boolean(MasqueradeKey, true),
            options.Mtu(MtuKey),
            options.Address(BindingKey, isIPv6: false) is { } binding && !binding.Equals(IPAddress.Any) ? binding : null,
            options.Address("com.docker.network.host_ipv4", isIPv6: false),
            options.Address("com.docker.network.host_ipv6", isIPv6: true),
            Mode(options, ModeIPv4Key, spec),
            Mode(options, ModeIPv6Key, spec),
            options.Boolean(Prefix + "inhibit_ipv4", false),
            [.. (options.GetValueOrDefault(Prefix + "trusted_host_interfaces") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)]);
        if (settings.Trusted.FirstOrDefault(link => !OptionReader.IsLink(link)) is { } wrong)
        {
            throw NetworkErrors.Invalid($"invalid value for option {Prefix}trusted_host_interfaces: \"{wrong}\" is not the name of a link");
        }

        // Twelve characters leave room for the number behind them.
        _ = options.Link(LinkPrefixKey, length: 12);
        return settings;
    }

    public GatewayMode Mode(bool isIPv6) => isIPv6 ? ModeIPv6 : ModeIPv4;

    private static GatewayMode Mode(IReadOnlyDictionary<string, string> options, string key, NetworkSpec spec) => options.GetValueOrDefault(key) switch
    {
        null or "" or "nat" => GatewayMode.Nat,
        "nat-unprotected" => GatewayMode.NatUnprotected,
        "routed" => GatewayMode.Routed,
        "isolated" => spec.Internal ? GatewayMode.Isolated : throw NetworkErrors.Invalid($"gateway mode 'isolated' can only be used for an internal network"),
        var text => throw NetworkErrors.Invalid($"failed to parse {key} value: {text} (unknown gateway mode {text})"),
    };
}
