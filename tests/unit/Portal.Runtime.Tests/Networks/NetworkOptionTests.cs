using System.Net;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public class NetworkOptionTests
{
    private static readonly string s_id = new('a', 64);

    [Fact]
    public void Bridge_WithoutOptions_IsDockersDefault()
    {
        var settings = BridgeSettings.Of(s_id, Spec());

        Assert.Equal(("br-aaaaaaaaaaaa", true, true, 0, false), (settings.Link, settings.Icc, settings.Masquerade, settings.Mtu, settings.IsDefault));
        Assert.Equal((GatewayMode.Nat, GatewayMode.Nat), (settings.ModeIPv4, settings.ModeIPv6));
        Assert.Null(settings.Binding);
    }

    [Fact]
    public void Bridge_EveryOption_IsRead()
    {
        var settings = BridgeSettings.Of(s_id, Spec(
            ("com.docker.network.bridge.name", "shop0"), ("com.docker.network.bridge.enable_icc", "false"), ("com.docker.network.bridge.enable_ip_masquerade", "0"),
            ("com.docker.network.bridge.host_binding_ipv4", "127.0.0.1"), ("com.docker.network.driver.mtu", "1400"), ("com.docker.network.bridge.gateway_mode_ipv4", "routed"),
            ("com.docker.network.bridge.gateway_mode_ipv6", "nat-unprotected"), ("com.docker.network.bridge.trusted_host_interfaces", "eth1:wg0"), ("com.docker.network.host_ipv4", "192.0.2.7"),
            ("com.docker.network.bridge.inhibit_ipv4", "true"), ("unknown", "value")));

        Assert.Equal(("shop0", false, false, 1400, true), (settings.Link, settings.Icc, settings.Masquerade, settings.Mtu, settings.HasNoIPv4));
        Assert.Equal((GatewayMode.Routed, GatewayMode.NatUnprotected), (settings.ModeIPv4, settings.ModeIPv6));
        Assert.Equal((IPAddress.Loopback, IPAddress.Parse("192.0.2.7")), (settings.Binding, settings.SourceIPv4));
        Assert.Equal(["eth1", "wg0"], settings.Trusted);
    }

    [Theory]
    [InlineData("com.docker.network.bridge.enable_icc", "maybe", "failed to parse com.docker.network.bridge.enable_icc value: maybe")]
    [InlineData("com.docker.network.driver.mtu", "many", "failed to parse com.docker.network.driver.mtu value: many")]
    [InlineData("com.docker.network.driver.mtu", "-1", "invalid MTU number: -1")]
    [InlineData("com.docker.network.driver.mtu", "40", "invalid MTU number: 40")]
    [InlineData("com.docker.network.bridge.host_binding_ipv4", "fd00::1", "failed to parse com.docker.network.bridge.host_binding_ipv4 value: fd00::1")]
    [InlineData("com.docker.network.bridge.name", "a name\" }", "is not the name of a link")]
    [InlineData("com.docker.network.bridge.name", "sixteen-letters-", "is not the name of a link")]
    [InlineData("com.docker.network.container_iface_prefix", "thirteen-long", "is not the name of a link")]
    [InlineData("com.docker.network.bridge.trusted_host_interfaces", "eth1:a b", "is not the name of a link")]
    [InlineData("com.docker.network.bridge.gateway_mode_ipv4", "bridge", "unknown gateway mode bridge")]
    [InlineData("com.docker.network.bridge.gateway_mode_ipv4", "isolated", "gateway mode 'isolated' can only be used for an internal network")]
    public void Bridge_WrongValue_IsNamed(string key, string value, string words)
    {
        var error = Assert.Throws<ErrorException>(() => BridgeSettings.Of(s_id, Spec((key, value)))).Error;

        Assert.Equal(ErrorKind.Invalid, error.Kind);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("macvlan", null, 4)]
    [InlineData("macvlan", "private", 1)]
    [InlineData("macvlan", "vepa", 2)]
    [InlineData("macvlan", "passthru", 8)]
    [InlineData("ipvlan", null, 0)]
    [InlineData("ipvlan", "l3", 1)]
    [InlineData("ipvlan", "l3s", 2)]
    public void Sublink_Mode_IsTheKernels(string driver, string? mode, int expected) =>
        Assert.Equal(expected, MacvlanSettings.Of(s_id, Spec(driver, ("parent", "eth0"), (driver + "_mode", mode ?? ""))).Mode);

    [Theory]
    [InlineData("eth0.50", "eth0", 50)]
    [InlineData("eth0.0", null, 0)]
    [InlineData("eth0.4095", null, 0)]
    [InlineData("eth0", null, 0)]
    [InlineData("lan.guest", null, 0)]
    public void Sublink_ParentWithANumber_IsAVlan(string parent, string? link, int number) => Assert.Equal(
        link is null ? null : (link, number), MacvlanSettings.Of(s_id, Spec("macvlan", ("parent", parent))).Vlan);

    [Fact]
    public void Sublink_WithoutParent_LeadsNowhere()
    {
        var settings = MacvlanSettings.Of(s_id, Spec("macvlan"));

        Assert.Equal(("dm-aaaaaaaaaaaa", true), (settings.Parent, settings.IsDummy));
    }

    [Theory]
    [InlineData("macvlan", "macvlan_mode", "x", "requested macvlan mode 'x' is not valid, 'bridge' mode is the macvlan driver default")]
    [InlineData("ipvlan", "ipvlan_mode", "x", "requested ipvlan mode 'x' is not valid, 'l2' mode is the ipvlan driver default")]
    [InlineData("ipvlan", "ipvlan_flag", "x", "requested ipvlan flag 'x' is not valid, 'bridge' is the ipvlan driver default flag")]
    [InlineData("macvlan", "parent", "lo", "loopback interface is not a valid macvlan parent link")]
    public void Sublink_WrongValue_IsNamed(string driver, string key, string value, string words) =>
        Assert.Equal(words, Assert.Throws<ErrorException>(() => MacvlanSettings.Of(s_id, Spec(driver, (key, value)))).Message);

    [Fact]
    public void Endpoint_OnTheDefaultNetwork_HasNeitherAddressNorAliases()
    {
        var error = Refusal(new() { Network = "bridge", IPv4Address = "172.29.0.9", Aliases = ["web"] }, new() { Name = "bridge", Driver = "bridge" });

        Assert.Contains("user specified IP address is supported on user defined networks only", error, StringComparison.Ordinal);
        Assert.Contains("network-scoped alias is supported only for containers in user defined networks", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.2.0.9", true, "no configured subnet or ip-range contain the IP address 10.2.0.9")]
    [InlineData("10.1.0.9", false, "user specified IP address is supported only when connecting to networks with user configured subnets")]
    [InlineData("fd00::9", true, "invalid IPv4 address: fd00::9")]
    [InlineData("nonsense", true, "invalid IPv4 address: nonsense")]
    public void Endpoint_AddressThatCannotBe_IsNamed(string address, bool chosen, string words) => Assert.Contains(
        words, Refusal(new() { Network = "n", IPv4Address = address }, Spec() with { Pools = [new("10.1.0.0/16", IsAutomatic: !chosen)] }), StringComparison.Ordinal);

    [Theory]
    [InlineData("net.ipv4.conf.IFNAME.log_martians=1", true)]
    [InlineData("net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.IFNAME.accept_ra=2", true)]
    [InlineData("net.ipv4.ip_forward=1", false)]
    [InlineData("net.ipv4.conf.all.log_martians=1", false)]
    [InlineData("kernel.msgmax.x.IFNAME.y=1", false)]
    [InlineData("net.ipv4.conf.IFNAME.log_martians", false)]
    public void Endpoint_SettingOfItsLink_IsTheOnlyOneAllowed(string text, bool good) =>
        Assert.Equal(good, NamespaceLinks.CheckSysctls(new Dictionary<string, string> { ["com.docker.network.endpoint.sysctls"] = text }) is null);

    [Theory]
    [InlineData("db", "db", "db")]
    [InlineData("db:database", "db", "database")]
    [InlineData("/db:/web/database", "db", "database")]
    public void Link_Text_NamesContainerAndAlias(string text, string container, string alias) => Assert.Equal(new LinkName(container, alias), LinkName.TryParse(text));

    private static string Refusal(EndpointSpec endpoint, NetworkSpec network) => Assert.Throws<ErrorException>(() => EndpointValidation.Check(endpoint, network)).Message;

    private static NetworkSpec Spec(params (string Key, string Value)[] options) => Spec("bridge", options);

    private static NetworkSpec Spec(string driver, params (string Key, string Value)[] options) =>
        new() { Name = "n", Driver = driver, Options = options.ToDictionary(o => o.Key, o => o.Value) };
}
