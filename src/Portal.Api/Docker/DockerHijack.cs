using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Portal.Domain.Primitives;
using Contract = Portal.Domain.Engine.EngineApi;

namespace Portal.Api.Docker;

/// <summary>Hands a connection's bytes through in both directions, once the engine has agreed to it.</summary>
internal static class DockerHijack
{
    /// <summary>Copies until the engine's side ends. The client may close its half: that is the end of stdin, with all the output still to come.</summary>
    public static async Task CopyAsync(HttpContext http, HttpResponseMessage answer, NetworkStream connection, CancellationToken ct)
    {
        var taken = http.Features.Get<ITakeConnection>() ?? throw NotHere();
        await using var engine = await answer.Content.ReadAsStreamAsync(ct);
        var client = taken.Take();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            _ = await client.Output.WriteAsync(Head(http.Request, answer), ct);
            var input = SendAsync(client.Input, engine, connection.Socket, ended.Token);
            await ReceiveAsync(engine, client.Output, ended.Token);
            await ended.CancelAsync();
            await input.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            await ended.CancelAsync();

            // Without the first, the server would wait for a next request on the connection; without the second, answer this one.
            http.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
            http.Abort();
        }
    }

    /// <summary>True when the connection of this request can be taken over.</summary>
    public static bool IsPossible(HttpContext http) => HttpProtocol.IsHttp11(http.Request.Protocol) && http.Features.Get<ITakeConnection>() is not null;

    public static ErrorException NotHere() => new(ErrorKind.NotImplemented, "docker.hijack", "Streams in both directions need a connection by HTTP/1.1.");

    private static async Task SendAsync(PipeReader client, Stream engine, Socket connection, CancellationToken ct)
    {
        await client.CopyToAsync(engine, ct);
        connection.Shutdown(SocketShutdown.Send);
    }

    private static async Task ReceiveAsync(Stream engine, PipeWriter client, CancellationToken ct)
    {
        while (true)
        {
            var count = await engine.ReadAsync(client.GetMemory(16 * 1024), ct);
            if (count == 0)
            {
                return;
            }

            client.Advance(count);
            if ((await client.FlushAsync(ct)).IsCompleted)
            {
                return;
            }
        }
    }

    private static byte[] Head(HttpRequest request, HttpResponseMessage answer)
    {
        var upgrade = request.Headers.Upgrade.ToString();
        var protocol = upgrade.Equals("h2c", StringComparison.OrdinalIgnoreCase) ? "h2c" : "tcp";
        var type = answer.Content.Headers.ContentType?.MediaType is Contract.MultiplexedStream ? Contract.MultiplexedStream : Contract.RawStream;
        return Encoding.ASCII.GetBytes(
            (upgrade.Length > 0 ? "HTTP/1.1 101 UPGRADED\r\n" : "HTTP/1.1 200 OK\r\n")
            + (protocol == "h2c" ? "" : $"Content-Type: {type}\r\n")
            + (upgrade.Length > 0 ? $"Connection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n" : "Connection: close\r\n\r\n"));
    }
}
