using System.IO.Pipelines;
using System.Net.WebSockets;
using Portal.Agent.EngineApi.Streams;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Logs;
using Portal.Runtime.Supervision;

namespace Portal.Agent.EngineApi;

/// <summary>A client at a container's stdio, over the raw connection or a WebSocket.</summary>
internal sealed class AttachEndpoints(IContainers containers, TimeProvider time)
{
    private static readonly TimeSpan s_closing = TimeSpan.FromSeconds(5);

    public void Map(RouteTable routes)
    {
        routes.Post("containers/{id}/attach", AttachAsync);
        routes.Get("containers/{id}/attach/ws", WebSocketAsync);
    }

    private async Task AttachAsync(EngineRequest request)
    {
        var container = Find(request);
        var wanted = new AttachRequest(request.Flag("stdin") && container.Spec.OpenStdin, request.Flag("stdout"), request.Flag("stderr"));
        var framed = !container.Spec.Tty;
        await using var plan = await PrepareAsync(request, container, wanted, request.Flag("stream"));
        var client = await Hijack.TakeAsync(request, framed);
        try
        {
            await plan.RunAsync(client, framed, request.Stopping);
        }
        finally
        {
            Hijack.Leave(request.Http);
        }
    }

    private async Task WebSocketAsync(EngineRequest request)
    {
        var sockets = request.Http.WebSockets;
        var container = Find(request);
        if (!sockets.IsWebSocketRequest)
        {
            throw EngineErrors.Invalid("attach.web_socket", "this is for WebSockets: the request does not ask for one");
        }

        // Before 1.42 a WebSocket had all three streams, whatever was asked.
        var chosen = request.Version.AtLeast(42);
        var wanted = new AttachRequest(
            (!chosen || request.Flag("stdin")) && container.Spec.OpenStdin, !chosen || request.Flag("stdout"), !chosen || request.Flag("stderr"));
        await using var plan = await PrepareAsync(request, container, wanted, request.Flag("stream"));
        using var socket = await sockets.AcceptWebSocketAsync();
        await using var stream = WebSocketStream.Create(
            socket, request.Version.AtLeast(28) ? WebSocketMessageType.Binary : WebSocketMessageType.Text, s_closing);
        var peer = new SocketPeer(socket);
        await plan.RunAsync(new(PipeReader.Create(stream), PipeWriter.Create(stream), peer), framed: false, request.Stopping, peer.CloseAsync);
    }

    private ContainerSnapshot Find(EngineRequest request)
    {
        var container = containers.Resolve(request.Target);
        if (container.Status.State == Domain.Containers.ContainerState.Paused)
        {
            throw new ErrorException(ErrorKind.Conflict, "container.paused", $"container {request.Target} is paused, unpause the container before attach");
        }

        if (request.Flag("logs") && container.LogPath.Length == 0)
        {
            // Said while there is a status to say it with.
            throw new ErrorException(ErrorKind.NotImplemented, "container.log_unread", "configured logging driver does not support reading");
        }

        return container;
    }

    private async Task<AttachPlan> PrepareAsync(EngineRequest request, ContainerSnapshot container, AttachRequest wanted, bool stream)
    {
        var keys = DetachKeys.Parse(request.Query("detachKeys"));
        var logs = request.Flag("logs");

        // Of one that runs, the followed log gives what was and what comes without a seam between them; the session is for input then.
        var follow = logs && stream && container.Status.IsRunning;
        var query = logs ? new LogQuery(wanted.Stdout, wanted.Stderr, follow, null, null, stream && !follow ? time.GetUtcNow() : null) { InPieces = true } : null;
        var session = stream ? await containers.AttachAsync(container.Id, follow ? wanted with { Stdout = false, Stderr = false } : wanted, request.Aborted) : null;
        return new(containers, container, session, query, wanted.Stdin, container.Spec.Tty ? keys : null);
    }

    /// <summary>What a client gets.</summary>
    /// <param name="containers">The containers.</param>
    /// <param name="container">The container.</param>
    /// <param name="session">Its stdio; null for the log alone.</param>
    /// <param name="query">What of the log; null for none.</param>
    /// <param name="stdin">The client's bytes are input.</param>
    /// <param name="keys">What ends it from the terminal; null for nothing.</param>
    private sealed class AttachPlan(IContainers containers, ContainerSnapshot container, IStdioSession? session, LogQuery? query, bool stdin, DetachKeys? keys) : IAsyncDisposable
    {
        public async Task RunAsync(HijackedStream client, bool framed, CancellationToken ct, Func<Task>? goodbye = null)
        {
            if (query is { Follow: false })
            {
                await CopyLogAsync(client, framed, query, ct);
            }

            if (session is not null)
            {
                var relay = new StdioRelay(client, session, framed, stdin, keys)
                {
                    Output = query is { Follow: true } ? ending => CopyLogAsync(client, framed, query, ending) : null,
                    Goodbye = goodbye,
                };
                await relay.RunAsync(ct);
            }
        }

        public ValueTask DisposeAsync() => session?.DisposeAsync() ?? ValueTask.CompletedTask;

        private async Task CopyLogAsync(HijackedStream client, bool framed, LogQuery wanted, CancellationToken ct)
        {
            using var frames = new LogFrames(client.Output, framed, timestamps: false, details: null);
            await LogCopy.RunAsync(containers, container, wanted, frames, client.Output, framed, ct);
        }
    }

    /// <summary>A WebSocket has no half that could be closed alone.</summary>
    private sealed class SocketPeer(WebSocket socket) : IPeer
    {
        public bool PeerIsThere() => socket.State is WebSocketState.Open or WebSocketState.CloseSent;

        public void Drop() => socket.Abort();

        /// <summary>Nothing more comes. What waits for the client's words goes on until it has answered: a read that is cancelled breaks the socket.</summary>
        public async Task CloseAsync()
        {
            try
            {
                if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None).WaitAsync(s_closing);
                }
            }
            catch (Exception e) when (e is WebSocketException or TimeoutException or ObjectDisposedException)
            {
                // It is gone, or does not read: it is not said goodbye to.
            }
        }
    }
}
