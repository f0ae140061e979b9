using Portal.Domain.Primitives;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public class NetworkSysctlTests
{
    [Theory]
    [InlineData("net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward")]
    [InlineData("net/ipv4/conf/eth0.100/arp_ignore", "/proc/sys/net/ipv4/conf/eth0.100/arp_ignore")]
    [InlineData("kernel.msgmax", null)]
    [InlineData("network", null)]
    public void PathOf_Key_IsItsFile(string key, string? path) => Assert.Equal(path, NetworkSysctl.PathOf(key));

    [Theory]
    [InlineData("net/../kernel/core_pattern")]
    [InlineData("net..kernel")]
    [InlineData("net.")]
    public void PathOf_LeadsOut_IsRefused(string key) => Assert.Throws<ErrorException>(() => NetworkSysctl.PathOf(key));
}
