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
        private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100), s_silence = TimeSpan.FromMinutes(1);

        private readonly ILogger _log = logs.CreateLogger<EngineTransport>();
        private readonly SocketConnectionContextFactory _connections = new(new(), logs.CreateLogger<SocketConnectionContextFactory>());
        private SafeFileHandle? _spare = Spare();
        private long? _told;

        public EndPoint EndPoint => endpoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                try
                {
                    return _connections.Create(await socket.AcceptAsync(cancellationToken));
                }
                catch (Exception e) when (e is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
                {
                    return null;
                }
                catch (SocketException e) when (e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
                {
                    Tell(e);
                    TurnAway();
                    await Task.Delay(s_pause, time, cancellationToken);
                }
                catch (SocketException)
                {
                    // The client has left again before it was its turn.
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

        private void TurnAway()
        {
            _spare?.Dispose();
            try
            {
                // Nobody else takes connections, so one that waits now is there in a moment too.
                while (socket.Poll(0, SelectMode.SelectRead))
                {
                    using var connection = socket.Accept();
                    _ = connection.Send(ConnectionLimit.Refusal.Span);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Not even with the spare one, or the client has left: the next look tells.
            }

            _spare = Spare();
        }

        private void Tell(SocketException reason)
        {
            if (_told is null || time.GetElapsedTime(_told.Value) > s_silence)
            {
                _told = time.GetTimestamp();
                _log.ConnectionsTurnedAway(reason.Message);
            }
        }
    }
}
