using System.Globalization;

namespace Portal.Runtime.Names;

/// <summary>
/// The nft text that lets a name server on any port be found on port 53 of its address, inside a container's namespace. So the port
/// 53 of all addresses stays the container's own. Ports are exchanged in the packets themselves, without a record of connections: a
/// server on another port, as after a restart of the agent, goes on where the last one ended, and the container's traffic has
/// nothing to pay for it. A container that does keep such records sees port 53 both ways. Pure.
/// </summary>
internal static class NameRules
{
    private const string Table = "ip portal_names";

    /// <summary>Puts the table in place, whatever was there before.</summary>
    /// <param name="datagramPort">Where the server takes datagrams.</param>
    /// <param name="streamPort">Where it takes connections.</param>
    public static string Render(int datagramPort, int streamPort)
    {
        var address = INameServers.Address;
        return string.Create(CultureInfo.InvariantCulture, $$"""
            table {{Table}} {}
            delete table {{Table}}
            table {{Table}} {
            	chain answers {
            		type filter hook output priority -300; policy accept;
            		ip saddr {{address}} udp sport {{datagramPort}} udp sport set 53
            		ip saddr {{address}} tcp sport {{streamPort}} tcp sport set 53
            	}

            	chain questions {
            		type filter hook output priority -150; policy accept;
            		ip daddr {{address}} udp dport 53 udp dport set {{datagramPort}}
            		ip daddr {{address}} tcp dport 53 tcp dport set {{streamPort}}
            	}
            }

            """);
    }

    /// <summary>Takes it away; absent is success.</summary>
    public static string Remove() => $"table {Table} {{}}\ndelete table {Table}\n";
}
