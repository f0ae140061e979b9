using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Portal.Agent.BuildKit.Transport;

/// <summary>A stream of bytes that was an HTTP/1.1 connection, as a connection of its own for another server.</summary>
internal sealed class HandedConnection : ConnectionContext, IConnectionLifetimeFeature
{
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Pipes _original;

    public HandedConnection(string id, PipeReader input, PipeWriter output)
    {
        ConnectionId = id;
        Transport = _original = new Pipes(input, output);
        Features.Set<IConnectionLifetimeFeature>(this);
    }

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public override IDuplexPipe Transport { get; set; }

    public override CancellationToken ConnectionClosed { get => _closed.Token; set => throw new NotSupportedException(); }

    /// <summary>Completes when the server is done with the connection.</summary>
    public Task Ended => _ended.Task;

    /// <summary>The stream is gone, or is to go.</summary>
    public void Close()
    {
        _closed.Cancel();

        // Wakes up a server that waits for bytes, or for room.
        _original.Input.CancelPendingRead();
        _original.Output.CancelPendingFlush();
    }

    public override void Abort(ConnectionAbortedException abortReason) => Close();

    public override ValueTask DisposeAsync()
    {
        _ = _ended.TrySetResult();
        return base.DisposeAsync();
    }

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
