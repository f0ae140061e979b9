using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Portal.Agent.Node;

/// <summary>
/// Takes the connections of unix sockets. The server's own transport asks again at once, and for ever, when the process has no
/// descriptor left for a new connection: it eats a processor and all memory. This one turns the connection away and waits a moment.
/// </summary>
internal sealed class EngineTransport(TimeProvider time, ILoggerFactory logs) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is UnixDomainSocketEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        socket.Listen(new SocketTransportOptions().Backlog);
        return ValueTask.FromResult<IConnectionListener>(new Listener(socket, endpoint, time, logs));
    }

    private sealed class Listener(Socket socket, EndPoint endpoint, TimeProvider time, ILoggerFactory logs) : IConnectionListener
    {
        // Of the files this process may open, these are for what it does for those who are connected.
        private const int Reserve = 24;

        private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100), s_silence = TimeSpan.FromMinutes(1);

        private readonly ILogger _log = logs.CreateLogger<EngineTransport>();
        private readonly SocketConnectionContextFactory _connections = new(new(), logs.CreateLogger<SocketConnectionContextFactory>());
        private SafeFileHandle? _spare = Spare();
        private readonly byte[] _unread = new byte[4096];
        private long? _told;

        public EndPoint EndPoint => endpoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                try
                {
                    var connection = await socket.AcceptAsync(cancellationToken);

                    // The kernel gives the lowest number that is free, so a high one says how few are left.
                    if (connection.Handle < ConnectionLimit.Files - Reserve)
                    {
                        return _connections.Create(connection);
                    }

                    Tell("hardly any file may be opened any more");
                    TurnAway(connection);
                }
                catch (Exception e) when (e is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
                {
                    return null;
                }
                catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset)
                {
                    // The client has left again before it was its turn.
                }
                catch (SocketException e)
                {
                    // No file, no memory, or whatever else: to ask again at once would only be refused again.
                    Tell(e.Message);
                    TurnAwayByTheSpare();
                    await Task.Delay(s_pause, time, cancellationToken);
                }
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            socket.Dispose();
            _spare?.Dispose();
            _connections.Dispose();
            return ValueTask.CompletedTask;
        }

        /// <summary>A descriptor held for the moment when there is no other.</summary>
        private static SafeFileHandle? Spare()
        {
            try
            {
                return File.OpenHandle("/dev/null");
            }
            catch (IOException)
            {
                return null;
            }
        }

        private void TurnAwayByTheSpare()
        {
            _spare?.Dispose();
            try
            {
                // Nobody else takes connections, so one that waits now is there in a moment too.
                while (socket.Poll(0, SelectMode.SelectRead))
                {
                    TurnAway(socket.Accept());
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Not even with the spare one: the next look tells.
            }

            _spare = Spare();
        }

        private void TurnAway(Socket connection)
        {
            using (connection)
            {
                try
                {
                    _ = connection.Send(ConnectionLimit.Refusal.Span);
                    connection.Shutdown(SocketShutdown.Both);

                    // What it has asked is read: closed over the unread, the connection would count as broken, and the answer be lost.
                    while (connection.Available > 0 && connection.Receive(_unread) > 0)
                    {
                    }
                }
                catch (SocketException)
                {
                    // It has left already.
                }
            }
        }

        private void Tell(string reason)
        {
            if (_told is null || time.GetElapsedTime(_told.Value) > s_silence)
            {
                _told = time.GetTimestamp();
                _log.ConnectionsTurnedAway(reason);
            }
        }
    }
}
