using Portal.Runtime.Names;

namespace Portal.Runtime.Tests.Names;

public class NameRulesTests
{
    [Fact]
    public void Render_TwoPorts_IsTheWholeTable() => Assert.Equal("""
        table ip portal_names {}
        delete table ip portal_names
        table ip portal_names {
        	chain answers {
        		type filter hook output priority -300; policy accept;
        		ip saddr 127.0.0.11 udp sport 40001 udp sport set 53
        		ip saddr 127.0.0.11 tcp sport 40002 tcp sport set 53
        	}

        	chain questions {
        		type filter hook output priority -150; policy accept;
        		ip daddr 127.0.0.11 udp dport 53 udp dport set 40001
        		ip daddr 127.0.0.11 tcp dport 53 tcp dport set 40002
        	}
        }

        """, NameRules.Render(40001, 40002));
}
