using System.Net;
using System.Net.Sockets;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Names;

/// <summary>What a name server has inside a namespace: a socket for datagrams, one for connections, and the rules that lead to them.</summary>
/// <param name="Datagrams">Taken from.</param>
/// <param name="Connections">Accepted from.</param>
/// <param name="Rules">
/// By which the rules were made, to be closed elsewhere: the kernel lets whoever closes it wait, some ten milliseconds, until nobody
/// reads what the rules were before.
/// </param>
internal sealed record NameSockets(Socket Datagrams, Socket Connections, Nftables Rules)
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
            return new(datagrams, connections, Apply(NameRules.Render(((IPEndPoint)datagrams.LocalEndPoint!).Port, ((IPEndPoint)connections.LocalEndPoint!).Port)));
        }
        catch (Exception e)
        {
            datagrams.Dispose();
            connections.Dispose();
            throw e is SocketException ? new IOException($"the name server has no place at {INameServers.Address}: {e.Message}", e) : e;
        }
    }

    /// <summary>Takes the rules away, on a thread inside the namespace. What is returned is to be closed, as <see cref="Rules"/>.</summary>
    public static Nftables RemoveRules() => Apply(NameRules.Remove());

    private static Nftables Apply(string commands)
    {
        var rules = new Nftables();
        try
        {
            rules.Apply(commands);
            return rules;
        }
        catch
        {
            rules.Dispose();
            throw;
        }
    }
}
