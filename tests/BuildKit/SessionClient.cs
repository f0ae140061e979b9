using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Portal.Agent.BuildKit.Transport;
using Portal.Agent.BuildKit.Wire;
using Portal.Agent.BuildKit.Wire.Gateway;
using SolveRequest = Portal.Agent.BuildKit.Wire.SolveRequest;
using SolveResponse = Portal.Agent.BuildKit.Wire.SolveResponse;

namespace Portal.BuildKitClient;

/// <summary>Speaks BuildKit's protocol with an engine as buildx does: a connection it calls on, and one on which it is called.</summary>
internal sealed class SessionClient : IAsyncDisposable
{
    private static readonly string[] s_methods =
    [
        "/moby.filesync.v1.FileSync/DiffCopy", "/moby.filesync.v1.FileSend/DiffCopy", "/moby.filesync.v1.Auth/Credentials", "/moby.buildkit.secrets.v1.Secrets/GetSecret",
        "/grpc.health.v1.Health/Check",
    ];

    private readonly WebApplication _server;
    private readonly List<Socket> _sockets = [];
    private readonly string _engine;
    private readonly HandOver _handOver;
    private GrpcChannel? _channel;

    private SessionClient(string engine, WebApplication server, HandOver handOver) => (_engine, _server, _handOver) = (engine, server, handOver);

    /// <summary>Name of the session.</summary>
    public string Id { get; } = Guid.NewGuid().ToString("n");

    /// <summary>What the engine's front end came to last.</summary>
    public Result? Answered { get; private set; }

    public CallInvoker Calls => _channel!.CreateCallInvoker();

    /// <param name="engine">Path of the engine's socket.</param>
    /// <param name="files">What the client serves.</param>
    public static async Task<SessionClient> ConnectAsync(string engine, ServedFiles files)
    {
        var handOver = new HandOver();
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton(files).AddSingleton<IHostLifetime, NoLifetime>().AddRoutingCore();
        builder.Services.AddGrpc();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(handOver.EndPoint, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton<IConnectionListenerFactory>(handOver);
        var server = builder.Build();
        server.MapGrpcService<FileSyncServer>();
        server.MapGrpcService<FileSendServer>();
        server.MapGrpcService<SecretsServer>();
        server.MapGrpcService<AuthServer>();
        await server.StartAsync();
        var client = new SessionClient(engine, server, handOver);
        await client.OpenSessionAsync();
        client._channel = GrpcChannel.ForAddress("http://engine", new()
        {
            HttpHandler = new SocketsHttpHandler { ConnectCallback = async (_, _) => await client.HijackAsync("/grpc", "") },
            DisposeHttpClient = true,
        });
        return client;
    }

    /// <summary>Sends what makes an engine hand a connection over, and reads its answer.</summary>
    public static async Task<(Socket Socket, string Head)> UpgradeAsync(string engine, string path, string headers)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(engine));
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: engine\r\n{headers}\r\n"));
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await socket.ReceiveAsync(one) == 1)
        {
            _ = head.Append((char)one[0]);
        }

        return (socket, head.ToString());
    }

    /// <summary>A build as clients ask for it that know nothing of front ends on their side.</summary>
    public async Task<(SolveResponse? Answer, RpcException? Failure, StatusResponse Status)> SolveAsync(SolveRequest request, CancellationToken ct = default)
    {
        var control = new Control.ControlClient(Calls);
        var solving = control.SolveAsync(request, cancellationToken: ct).ResponseAsync;
        var status = ReadAsync(control, request.Ref);
        try
        {
            return (await solving, null, await status);
        }
        catch (RpcException e)
        {
            return (null, e, await status);
        }
    }

    /// <summary>A build as buildx asks for it: its own front end has the engine's front end solve the Dockerfile, and returns what that came to.</summary>
    public async Task<(SolveResponse? Answer, RpcException? Failure, StatusResponse Status)> BuildAsync(SolveRequest request, CancellationToken ct = default)
    {
        var whole = request.Clone();
        whole.Frontend = "";
        whole.FrontendAttrs.Clear();
        var solving = SolveAsync(whole, ct);
        var bridge = new LLBBridge.LLBBridgeClient(Calls);
        var build = new Metadata { { "buildkit-controlapi-buildid", request.Ref } };
        _ = await bridge.PingAsync(new(), build, cancellationToken: ct);
        var ask = new Portal.Agent.BuildKit.Wire.Gateway.SolveRequest { Frontend = request.Frontend };
        ask.FrontendOpt.Add(request.FrontendAttrs);
        try
        {
            var asked = await bridge.SolveAsync(ask, build, cancellationToken: ct);
            Answered = asked.Result;
            _ = await bridge.ReturnAsync(new() { Result = asked.Result }, build, cancellationToken: ct);
        }
        catch (RpcException e) when (e.StatusCode != StatusCode.Cancelled)
        {
            _ = await bridge.ReturnAsync(new() { Error = new() { Code = (int)e.StatusCode, Message = e.Status.Detail } }, build, cancellationToken: ct);
        }

        return await solving;
    }

    /// <summary>A request for the files of this session.</summary>
    public SolveRequest Request(string frontend = "dockerfile.v0", params (string Key, string Value)[] attributes)
    {
        var request = new SolveRequest { Ref = Guid.NewGuid().ToString("n"), Session = Id, Frontend = frontend };
        foreach (var (key, value) in attributes)
        {
            request.FrontendAttrs[key] = value;
        }

        return request;
    }

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        await _server.StopAsync(new CancellationToken(canceled: true));
        await _server.DisposeAsync();
    }

    private static async Task<StatusResponse> ReadAsync(Control.ControlClient control, string reference)
    {
        var all = new StatusResponse();
        using var call = control.Status(new() { Ref = reference });
        while (await call.ResponseStream.MoveNext(default))
        {
            all.MergeFrom(call.ResponseStream.Current);
        }

        return all;
    }

    private async Task OpenSessionAsync()
    {
        var methods = string.Concat(s_methods.Select(m => $"X-Docker-Expose-Session-Grpc-Method: {m}\r\n"));
        var stream = await HijackAsync("/session", $"X-Docker-Expose-Session-Uuid: {Id}\r\nX-Docker-Expose-Session-Name: test\r\nX-Docker-Expose-Session-Sharedkey: {Id}\r\n{methods}");
        _handOver.Give(new("session", PipeReader.Create(stream), PipeWriter.Create(stream)));
    }

    private async Task<NetworkStream> HijackAsync(string path, string headers)
    {
        var (socket, head) = await UpgradeAsync(_engine, path, $"Connection: Upgrade\r\nUpgrade: h2c\r\n{headers}");
        _sockets.Add(socket);
        return head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal) ? new(socket) : throw new InvalidOperationException(head);
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
