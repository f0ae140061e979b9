using System.Net;
using System.Net.Sockets;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Names;

/// <summary>What a name server has inside a namespace: a socket for datagrams, one for connections, and the rules that lead to them.</summary>
internal sealed record NameSockets(Socket Datagrams, Socket Connections)
{
    /// <summary>Makes them, on a thread inside the namespace.</summary>
    /// <exception cref="IOException">It cannot be done; nothing is left.</exception>
    public static NameSockets Open()
    {
        var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var connections = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            datagrams.Bind(new IPEndPoint(INameServers.Address, 0));
            connections.Bind(new IPEndPoint(INameServers.Address, 0));
            connections.Listen(64);
            using var nft = new Nftables();
            nft.Apply(NameRules.Render(((IPEndPoint)datagrams.LocalEndPoint!).Port, ((IPEndPoint)connections.LocalEndPoint!).Port));
            return new(datagrams, connections);
        }
        catch (Exception e)
        {
            datagrams.Dispose();
            connections.Dispose();
            throw e is SocketException ? new IOException($"the name server has no place at {INameServers.Address}: {e.Message}", e) : e;
        }
    }

    /// <summary>Takes the rules away, on a thread inside the namespace.</summary>
    public static bool RemoveRules()
    {
        using var nft = new Nftables();
        nft.Apply(NameRules.Remove());
        return true;
    }
}
