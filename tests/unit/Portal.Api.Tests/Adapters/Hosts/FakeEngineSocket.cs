using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Portal.Api.Adapters.Hosts;

namespace Portal.Api.Tests.Adapters.Hosts;

/// <summary>An engine on a unix socket of its own that answers whatever the test says.</summary>
internal sealed class FakeEngineSocket : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("portal-engine-");
    private readonly WebApplication _app;

    private FakeEngineSocket(RequestDelegate answer)
    {
        Path = System.IO.Path.Combine(_folder.FullName, "engine.sock");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(Path));
        _app = builder.Build();
        _app.Run(context =>
        {
            Requests.Add($"{context.Request.Method} {context.Request.Path}{Uri.UnescapeDataString(context.Request.QueryString.Value ?? "")}");
            return answer(context);
        });
    }

    public string Path { get; }

    public List<string> Requests { get; } = [];

    public EngineCalls Calls => new(new EngineConnections(new LocalHostDirectory(Options.Create(new PortalOptions { AgentSocket = Path }))));

    public static async Task<FakeEngineSocket> StartAsync(RequestDelegate answer)
    {
        var engine = new FakeEngineSocket(answer);
        await engine._app.StartAsync();
        return engine;
    }

    public static Task<FakeEngineSocket> StartAsync(int status, string body) => StartAsync(async context =>
    {
        context.Response.StatusCode = status;
        if (body.Length > 0)
        {
            await context.Response.WriteAsync(body);
        }
    });

    /// <summary>Ends it, as a killed agent does.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
