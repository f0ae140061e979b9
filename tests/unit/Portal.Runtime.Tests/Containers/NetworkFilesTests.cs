using System.Net;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Containers;

public class NetworkFilesTests
{
    private static readonly ContainerId s_id = new("0123456789ab" + new string('0', 52));
    private static readonly ContainerSpec s_spec = new() { Image = "x" };

    private static readonly NetworkAttachment s_attachment = new(
        s_id, "n", "bridge", "e", "/run/ns", "veth0", IPAddress.Parse("172.29.0.2"), 16, IPAddress.Parse("172.29.0.1"), "02:42:00:00:00:01", []);

    [Fact]
    public void Hosts_OnABridge_NamesItself() => Assert.EndsWith(
        "172.29.0.2\tdb.example db\n",
        NetworkFiles.Hosts(s_id, s_spec with { Hostname = "db", Domainname = "example" }, s_attachment, null), StringComparison.Ordinal);

    [Fact]
    public void Hosts_ExtraHosts_HoldIpv6AndTheGateway()
    {
        var text = NetworkFiles.Hosts(s_id, s_spec with { ExtraHosts = ["a:1.2.3.4", "b:[::2]", "h:host-gateway"] }, s_attachment, s_attachment.Gateway);

        Assert.Contains("1.2.3.4\ta\n", text, StringComparison.Ordinal);
        Assert.Contains("::2\tb\n", text, StringComparison.Ordinal);
        Assert.Contains("172.29.0.1\th\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void ResolvConf_LoopbackResolver_IsLeftOutOfAnotherNamespaceOnly()
    {
        const string Host = "# stub\nnameserver 127.0.0.53\nnameserver 10.0.0.2\nnameserver ::1\nsearch a.example b.example\noptions edns0\n";

        Assert.Equal("nameserver 10.0.0.2\nsearch a.example b.example\noptions edns0\n", NetworkFiles.ResolvConf(s_spec, Host, hostNetwork: false));
        Assert.StartsWith("nameserver 127.0.0.53\n", NetworkFiles.ResolvConf(s_spec, Host, hostNetwork: true), StringComparison.Ordinal);
    }

    [Fact]
    public void ResolvConf_Asked_ReplacesTheHosts() => Assert.Equal(
        "nameserver 9.9.9.9\noptions ndots:1\n",
        NetworkFiles.ResolvConf(s_spec with { Dns = ["9.9.9.9"], DnsSearch = ["."], DnsOptions = ["ndots:1"] }, "nameserver 10.0.0.2\nsearch x\n", hostNetwork: false));
}
