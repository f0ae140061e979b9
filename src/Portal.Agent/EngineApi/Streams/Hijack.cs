using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Net.Http.Headers;
using Portal.Domain.Engine;
using Contract = Portal.Domain.Engine.EngineApi;

namespace Portal.Agent.EngineApi.Streams;

/// <summary>A connection that has become a stream of bytes both ways.</summary>
/// <param name="Input">What the client sends; completes when it closes its half.</param>
/// <param name="Output">What the client gets.</param>
/// <param name="Peer">The client.</param>
internal sealed record HijackedStream(PipeReader Input, PipeWriter Output, IPeer Peer);

/// <summary>The upgrade of attach and exec (Engine API, section "hijacking").</summary>
internal static class Hijack
{
    /// <summary>
    /// Takes the connection over and sends the head: 101 to clients that ask for an upgrade, a 200 without a length to those that
    /// do not. The request's body must have been read. Errors have to be found before: after this there is no status any more.
    /// </summary>
    public static async ValueTask<HijackedStream> TakeAsync(EngineRequest request, bool framed)
    {
        var http = request.Http;
        var connection = http.Features.Get<IHijackFeature>()
            ?? throw EngineErrors.NotSupported("raw streams over this kind of connection are");
        var transport = connection.Take();
        var head = Head(Upgrades(http.Request), framed && request.Version.AtLeast(42) ? Contract.MultiplexedStream : Contract.RawStream);
        _ = await transport.Output.WriteAsync(Encoding.ASCII.GetBytes(head));
        return new(transport.Input, transport.Output, connection);
    }

    /// <summary>The client must have asked for this protocol.</summary>
    public static void CheckUpgrade(EngineRequest request, string protocol)
    {
        var asked = request.Http.Request.Headers.Upgrade.ToString();
        if (asked.Length == 0)
        {
            throw EngineErrors.Invalid("build.session", "no upgrade proto in request");
        }

        if (!asked.Equals(protocol, StringComparison.OrdinalIgnoreCase))
        {
            throw EngineErrors.Invalid("build.session", $"protocol {asked} not supported");
        }
    }

    /// <summary>Takes the connection over for another protocol, whose name the client has asked for.</summary>
    public static async ValueTask<HijackedStream> TakeForAsync(EngineRequest request, string protocol)
    {
        CheckUpgrade(request, protocol);
        var connection = request.Http.Features.Get<IHijackFeature>() ?? throw EngineErrors.NotSupported("raw streams over this kind of connection are");
        var transport = connection.Take();
        _ = await transport.Output.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n"));
        return new(transport.Input, transport.Output, connection);
    }

    /// <summary>To be called last: the HTTP server must not speak on this connection again.</summary>
    public static void Leave(HttpContext http)
    {
        // Without the first, the server would wait for a next request on the connection; without the second, answer this one.
        http.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        http.Abort();
    }

    private static bool Upgrades(HttpRequest request) =>
        request.Headers.Upgrade.Count > 0
        && request.Headers.Connection.Any(value => value is not null && value.Contains(HeaderNames.Upgrade, StringComparison.OrdinalIgnoreCase));

    private static string Head(bool upgrade, string contentType) =>
        (upgrade ? "HTTP/1.1 101 UPGRADED\r\n" : "HTTP/1.1 200 OK\r\n")
        + $"Content-Type: {contentType}\r\n"
        + (upgrade ? "Connection: Upgrade\r\nUpgrade: tcp\r\n" : "Connection: close\r\n")
        + $"Api-Version: {Contract.Version}\r\nDocker-Experimental: false\r\nOstype: linux\r\nServer: {EngineDispatcher.ServerHeader}\r\n\r\n";
}
