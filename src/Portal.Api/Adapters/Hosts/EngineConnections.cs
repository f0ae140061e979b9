using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Portal.Domain.Primitives;

namespace Portal.Api.Adapters.Hosts;

/// <summary>One HTTP client per host, over whatever leads to its engine. Today: a unix socket.</summary>
internal sealed class EngineConnections(IHostDirectory directory) : IDisposable
{
    private readonly ConcurrentDictionary<HostId, HttpClient> _clients = new();

    /// <summary>The client of a host.</summary>
    /// <exception cref="ErrorException"><c>host.unknown</c>.</exception>
    public HttpClient Of(HostId host) => _clients.GetOrAdd(host, id =>
        Open((directory.Find(id) ?? throw new ErrorException(Unknown(id))).Socket));

    /// <summary>A connection of its own, for bytes in both directions.</summary>
    /// <exception cref="ErrorException"><c>host.unknown</c>.</exception>
    public Task<NetworkStream> DialAsync(HostId host, CancellationToken ct) =>
        ConnectAsync((directory.Find(host) ?? throw new ErrorException(Unknown(host))).Socket, ct);

    public static Error Unknown(HostId host) => new(ErrorKind.NotFound, "host.unknown", $"There is no host {host}.");

    public void Dispose()
    {
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }
    }

    private static async Task<NetworkStream> ConnectAsync(string path, CancellationToken ct)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static HttpClient Open(string socket)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
            MaxResponseHeadersLength = 64,
            ConnectCallback = async (_, ct) => await ConnectAsync(socket, ct),
        };

        // Every call sets its own limit; streams have none.
        var client = new HttpClient(handler) { BaseAddress = new Uri("http://engine/"), Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Portal", "0.1"));
        return client;
    }
}
