using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Names;

/// <summary>Asks servers by sockets: a new one for every question, so that its port cannot be known in advance.</summary>
internal sealed class UpstreamSockets(NamespaceThread inside, int port = UpstreamSockets.Port) : IUpstreams
{
    private const int Port = 53;

    // Some servers send more than they were allowed to.
    private const int LargestDatagram = 4096;

    public async Task<DnsAnswer> AskAsync(
        string namespacePath, UpstreamServer server, ReadOnlyMemory<byte> request, bool isStream, Func<ReadOnlyMemory<byte>, DnsAnswer?> accept, CancellationToken ct)
    {
        Socket Open() => isStream
            ? new(server.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            : new(server.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);

        using var socket = server.IsAskedFromHost ? Open() : await inside.RunAsync(namespacePath, Open).ConfigureAwait(false);
        // Connected, a socket takes nothing from anybody else.
        await socket.ConnectAsync(new IPEndPoint(server.Address, port), ct).ConfigureAwait(false);
        return await (isStream ? StreamAsync(socket, request, accept, ct) : DatagramAsync(socket, request, accept, ct)).ConfigureAwait(false);
    }

    private static async Task<DnsAnswer> DatagramAsync(Socket socket, ReadOnlyMemory<byte> request, Func<ReadOnlyMemory<byte>, DnsAnswer?> accept, CancellationToken ct)
    {
        await socket.SendAsync(request, SocketFlags.None, ct).ConfigureAwait(false);
        var buffer = ArrayPool<byte>.Shared.Rent(LargestDatagram);
        try
        {
            while (true)
            {
                var size = await socket.ReceiveAsync(buffer.AsMemory(), SocketFlags.None, ct).ConfigureAwait(false);
                if (accept(buffer.AsMemory(0, size)) is { } answer)
                {
                    return answer;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task<DnsAnswer> StreamAsync(Socket socket, ReadOnlyMemory<byte> request, Func<ReadOnlyMemory<byte>, DnsAnswer?> accept, CancellationToken ct)
    {
        await using var stream = new NetworkStream(socket);
        var framed = new byte[2 + request.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)request.Length);
        request.CopyTo(framed.AsMemory(2));
        await stream.WriteAsync(framed, ct).ConfigureAwait(false);
        await stream.ReadExactlyAsync(framed.AsMemory(0, 2), ct).ConfigureAwait(false);
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(framed)];
        await stream.ReadExactlyAsync(message, ct).ConfigureAwait(false);
        return accept(message) ?? throw new IOException("A name server's answer was to another question.");
    }
}
