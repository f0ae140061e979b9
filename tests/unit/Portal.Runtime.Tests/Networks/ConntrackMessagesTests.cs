using Portal.Runtime.Linux.Netlink;

namespace Portal.Runtime.Tests.Networks;

public class ConntrackMessagesTests
{
    // 192.0.2.9:40000 → 192.0.2.2:53, udp
    private const string Tuple = "1400 0180 0800 0100 c0000209 0800 0200 c0000202 1c00 0280 0500 0100 11000000 0600 0200 9c400000 0600 0300 00350000";

    [Theory]
    [InlineData(17, 53, true)]
    [InlineData(6, 53, false)]
    [InlineData(17, 54, false)]
    [InlineData(17, 40000, false)]
    public void ReadOriginal_Flow_IsGivenOnlyForItsProtocolAndDestination(byte protocol, int port, bool isWanted)
    {
        var tuple = Bytes(Tuple);
        var bytes = Bytes("48000000 0001 0200 07000000 00000000 02000000 3400 0180" + Tuple);
        ReadOnlySpan<byte> datagram = bytes;
        Assert.True(NetlinkReply.TryTake(ref datagram, out var reply));

        Assert.Equal(isWanted ? tuple : null, ConntrackMessages.ReadOriginal(reply, protocol, new HashSet<int> { 1, port }));
    }

    [Fact]
    public void Delete_Flow_NamesItByItsOriginalDirection() => Assert.Equal(
        Bytes("48000000 0201 0500 07000000 00000000 02000000 3400 0180" + Tuple), ConntrackMessages.Delete(Bytes(Tuple)).ToArray(7));

    [Fact]
    public void List_Protocol_IsTheFilter() => Assert.Equal(
        Bytes("38000000 0101 0103 07000000 00000000 02000000"
            + "1000 0180 0c00 0280 0500 0100 11000000"
            + "1400 1980 0800 0100 08000000 0800 0200 00000000"),
        ConntrackMessages.List(17).ToArray(7));

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
