using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Portal.Agent.EngineApi;
using Portal.Agent.EngineApi.Streams;
using Portal.Domain.Engine;
using Portal.Runtime;

namespace Portal.Agent.Node;

/// <summary>Puts the parts of an agent together.</summary>
internal static class NodeHost
{
    /// <summary>How long requests may still take once the agent is told to end. Containers are not touched.</summary>
    private static readonly TimeSpan s_shutdown = TimeSpan.FromSeconds(4);

    /// <summary>
    /// The agent, ready to start. Nothing is read from the working directory or from ASPNETCORE_ variables: what a privileged process
    /// listens on is decided by its own options only.
    /// </summary>
    public static WebApplication Build(NodeOptions options)
    {
        var builder = CreateBuilder(options);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            Limit(kestrel);
            kestrel.ListenUnixSocket(options.Socket, listen =>
            {
                _ = listen.Use(ConnectionLimit.OfThisProcess().Wrap);
                Listen(listen);
            });
        });
        builder.Services.AddSingleton<IConnectionListenerFactory, EngineTransport>();
        builder.Services.AddEngineApi();
        builder.Services.AddHostedService<IdleMemory>();
        var app = builder.Build();
        app.UseEngineApi();
        return app;
    }

    /// <summary>Services of the runtime and the node without the socket; what teardown works with.</summary>
    public static WebApplicationBuilder CreateBuilder(NodeOptions options)
    {
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "portal-agent", ContentRootPath = "/" });
        builder.Logging.SetMinimumLevel(options.LogLevel).AddFilter("Microsoft", Quieter(options.LogLevel)).AddFilter("Grpc", Quieter(options.LogLevel)).AddProvider(new StderrLog(TimeProvider.System));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = s_shutdown);
        builder.Services.Configure<ConsoleLifetimeOptions>(console => console.SuppressStatusMessages = true);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddContainerRuntime(options.Runtime);
        builder.Services.AddSingleton(_ => HostFacts.Read());
        builder.Services.AddSingleton(services => NodeIdentity.Load(options.Runtime.DataRoot, services.GetRequiredService<TimeProvider>()));
        return builder;
    }

    /// <summary>How every socket of the engine is served.</summary>
    public static void Listen(ListenOptions listen)
    {
        // Attach and exec take the connection over from HTTP/1.1.
        listen.Protocols = HttpProtocols.Http1;
        _ = listen.Use(HijackableConnection.Wrap);
    }

    public static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxRequestHeadersTotalSize = 32 * 1024;
        limits.MaxRequestHeaderCount = 100;
        limits.MaxRequestBodySize = EngineBody.Limit;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(30);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(130);

        // A reader of logs may pause for as long as it likes; it holds up nobody but itself.
        limits.MinResponseDataRate = null;
    }

    private static LogLevel Quieter(LogLevel level) => level < LogLevel.Warning && level != LogLevel.Trace ? LogLevel.Warning : level;
}
