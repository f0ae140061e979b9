using Microsoft.AspNetCore.Server.Kestrel.Core;
using Portal.Agent.BuildKit.Rpc;
using Portal.Agent.EngineApi.Streams;

namespace Portal.Agent.BuildKit.Transport;

/// <summary>
/// The HTTP/2 server behind <c>/grpc</c>. It is a server of its own, as the socket speaks HTTP/1.1 only, and comes to life with the
/// first client: an agent that never builds has nothing of it in memory.
/// </summary>
internal sealed class GrpcServer(IServiceProvider services) : IAsyncDisposable
{
    /// <summary>Longest message in bytes, as BuildKit's own servers have it.</summary>
    public const int LargestMessage = 16 << 20;

    private readonly SemaphoreSlim _starting = new(1, 1);
    private readonly HandOver _handOver = new();
    private WebApplication? _server;

    /// <summary>Serves a connection until either side ends it.</summary>
    public async Task ServeAsync(HijackedStream stream, string id, CancellationToken stopping)
    {
        await StartAsync();
        var connection = new HandedConnection(id, stream.Input, stream.Output);
        using (stopping.UnsafeRegister(static c => ((HandedConnection)c!).Close(), connection))
        {
            _handOver.Give(connection);
            await connection.Ended;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _starting.Dispose();
    }

    private async Task StartAsync()
    {
        if (Volatile.Read(ref _server) is not null)
        {
            return;
        }

        await _starting.WaitAsync();
        try
        {
            if (_server is null)
            {
                var server = Build();
                await server.StartAsync();
                Volatile.Write(ref _server, server);
            }
        }
        finally
        {
            _ = _starting.Release();
        }
    }

    private WebApplication Build()
    {
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "portal-agent", ContentRootPath = "/" });
        builder.Services.AddSingleton(services.GetRequiredService<ILoggerFactory>());
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton(services.GetRequiredService<ControlRpc>());
        builder.Services.AddSingleton(services.GetRequiredService<BridgeRpc>());
        builder.Services.AddSingleton<HealthRpc>();
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = LargestMessage;
            grpc.MaxSendMessageSize = LargestMessage;
            grpc.Interceptors.Add<ErrorWords>();
        });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(_handOver.EndPoint, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddSingleton<Microsoft.AspNetCore.Connections.IConnectionListenerFactory>(_handOver);
        var server = builder.Build();
        server.MapGrpcService<ControlRpc>();
        server.MapGrpcService<BridgeRpc>();
        server.MapGrpcService<HealthRpc>();
        return server;
    }

    /// <summary>The server lives as long as the agent; signals are the agent's.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
