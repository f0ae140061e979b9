using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace Portal.Agent.BuildKit.Transport;

/// <summary>Where connections that were taken over from HTTP/1.1 are handed to a server that speaks HTTP/2 on them.</summary>
internal sealed class HandOver : IConnectionListenerFactory, IConnectionListenerFactorySelector, IConnectionListener
{
    private readonly Channel<ConnectionContext> _waiting = Channel.CreateUnbounded<ConnectionContext>(new() { SingleReader = true });

    public EndPoint EndPoint { get; } = new Place();

    public void Give(HandedConnection connection)
    {
        if (!_waiting.Writer.TryWrite(connection))
        {
            throw new OperationCanceledException("The server of BuildKit's protocol has ended.");
        }
    }

    public bool CanBind(EndPoint endpoint) => endpoint == EndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => ValueTask.FromResult<IConnectionListener>(this);

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _waiting.Reader.WaitToReadAsync(cancellationToken))
        {
            if (_waiting.Reader.TryRead(out var connection))
            {
                return connection;
            }
        }

        return null;
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _ = _waiting.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    private sealed class Place : EndPoint
    {
        public override string ToString() => "buildkit";
    }
}
