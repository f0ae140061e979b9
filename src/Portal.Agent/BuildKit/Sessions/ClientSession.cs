using System.IO.Pipelines;
using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Portal.Agent.BuildKit.Transport;
using Portal.Agent.BuildKit.Wire.Health;
using Portal.Domain.Primitives;

namespace Portal.Agent.BuildKit.Sessions;

/// <summary>
/// A connection on which a client serves what a build needs of it: files, secrets, SSH agents, credentials. The roles are the other way
/// round than on any other connection: the engine calls.
/// </summary>
internal sealed class ClientSession : IDisposable
{
    private readonly CancellationTokenSource _closed = new();
    private readonly HashSet<string> _methods;
    private readonly PipeStream _stream;
    private readonly GrpcChannel _channel;
    private int _dialled;

    /// <param name="id">Name of the session, made up by the client.</param>
    /// <param name="sharedKey">Stands for the client's files; may be empty.</param>
    /// <param name="methods">What it serves: <c>/moby.filesync.v1.FileSync/DiffCopy</c>.</param>
    /// <param name="input">What the client sends.</param>
    /// <param name="output">What the client gets.</param>
    public ClientSession(string id, string sharedKey, IEnumerable<string> methods, PipeReader input, PipeWriter output)
    {
        // Values of one header may have been joined on the way.
        (Id, SharedKey) = (id, sharedKey);
        _methods = new(methods.SelectMany(m => m.Split(',', StringSplitOptions.TrimEntries)), StringComparer.OrdinalIgnoreCase);
        _stream = new(input, output);
        _channel = GrpcChannel.ForAddress("http://session", new()
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectCallback = Dial,
                UseProxy = false,
                AllowAutoRedirect = false,
                UseCookies = false,
                ActivityHeadersPropagator = null,
                EnableMultipleHttp2Connections = false,

                // A RUN may take for hours, and nothing is asked meanwhile.
                PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
                InitialHttp2StreamWindowSize = 1 << 20,
            },
            DisposeHttpClient = true,
            MaxReceiveMessageSize = GrpcServer.LargestMessage,
            MaxSendMessageSize = GrpcServer.LargestMessage,
        });
        Calls = _channel.CreateCallInvoker();
    }

    public string Id { get; }

    public string SharedKey { get; }

    /// <summary>For the stubs of what the client serves.</summary>
    public CallInvoker Calls { get; }

    /// <summary>Fires when the client is gone.</summary>
    public CancellationToken Closed => _closed.Token;

    /// <summary>Whether the client has said that it serves this.</summary>
    public bool Serves(string method) => _methods.Contains(method);

    /// <summary>The client must still be there.</summary>
    public void Demand()
    {
        if (_closed.IsCancellationRequested)
        {
            throw Gone(null);
        }
    }

    /// <summary>Lives until either side ends the connection.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        // The first call makes HTTP/2 of the stream, and from then on its end is noticed. What the answer is does not matter.
        _ = GreetAsync();
        try
        {
            await _stream.Ended.WaitAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            // The agent ends.
        }

        await _closed.CancelAsync();
    }

    /// <summary>A failure of a call, in words that name the client.</summary>
    public ErrorException Failed(RpcException e) => _closed.IsCancellationRequested || e.StatusCode == StatusCode.Unavailable
        ? Gone(e)
        : new(ErrorKind.Invalid, "build.session", e.Status.Detail.Length > 0 ? e.Status.Detail : e.StatusCode.ToString(), e);

    public void Dispose()
    {
        _channel.Dispose();
        _stream.Dispose();
    }

    private ErrorException Gone(Exception? inner) => new(ErrorKind.Unavailable, "build.session", $"the client's session {Id} has ended", inner);

    private async Task GreetAsync()
    {
        try
        {
            _ = await new Health.HealthClient(Calls).CheckAsync(new(), cancellationToken: Closed);
        }
        catch (Exception e) when (e is RpcException or ObjectDisposedException or OperationCanceledException)
        {
            // Not every client has this service.
        }
    }

    private ValueTask<Stream> Dial(SocketsHttpConnectionContext context, CancellationToken ct) => Interlocked.Exchange(ref _dialled, 1) == 0
        ? ValueTask.FromResult<Stream>(new SplitHeaders(_stream))
        : throw new HttpRequestException("The session has ended.", null, HttpStatusCode.ServiceUnavailable);
}
