using System.Net;
using Portal.Runtime.Networks;

namespace Portal.Runtime.Tests.Networks;

public sealed class PortHolderTests
{
    [Fact]
    public void Parse_TablesOfBothFamilies_YieldsAddressStateAndInode()
    {
        string[] lines =
        [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0",
            "   1: 0200A8C0:0050 0300A8C0:8000 06 00000000:00000000 03:00000100 00000000     0        0 0 3 0000000000000000",
            "   2: B80D0120000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0",
            "   3: 0000000000000000FFFF00000100007F:0035 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 13 1 0",
            "garbage",
        ];

        Assert.Equal(
            [
                new(new(IPAddress.Loopback, 8080), 10, 4711),
                // One that lingers without a process is left out.
                new(new(IPAddress.Parse("2001:db8::1"), 443), 10, 12),
                new(new(IPAddress.Loopback, 53), 7, 13),
            ],
            PortHolder.Parse(lines));
    }
}
