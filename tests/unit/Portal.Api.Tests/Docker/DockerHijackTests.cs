using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Portal.Api.Adapters.Hosts;
using Portal.Api.Docker;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Access.Users;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Docker;

/// <summary>A command's terminal through the portal: a client with TLS, the portal's server, and an engine's socket.</summary>
public sealed class DockerHijackTests : IAsyncLifetime, IActors
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("portal-hijack-");
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(20));
    private readonly X509Certificate2 _certificate = Certificate();
    private readonly FakeTimeProvider _time = new();
    private Actor _actor = new("ann", "Ann", []);
    private EngineConnections _connections = null!;
    private WebApplication _portal = null!;
    private Socket _engine = null!;
    private string _answer = "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

    public async ValueTask InitializeAsync()
    {
        var path = Path.Combine(_folder.FullName, "engine.sock");
        _engine = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _engine.Bind(new UnixDomainSocketEndPoint(path));
        _engine.Listen();
        _connections = new(new LocalHostDirectory(Options.Create(new PortalOptions { AgentSocket = path })));
        var relay = new DockerRelay(_connections);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.UseHttps(_certificate);
            listen.Use(TakenConnection.Wrap);
        }));
        _portal = builder.Build();
        _portal.Run(async http =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            var call = DockerCall.Find(http.Request.Method, http.Request.Path, "").Value with { Body = body.ToArray(), ContentType = http.Request.ContentType };
            var guard = new Reauthorisation(new HttpContextAccessor(), this, _time);
            await foreach (var _ in guard.Guard(http.User, _actor, relay.RunAsync(http, new(new HostId("local"), call, null, DockerAnswer.Whole, false, null), new DockerOutcome(_ => Task.CompletedTask), CancellationToken.None), http.RequestAborted))
            {
            }
        });
        await _portal.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _engine.Dispose();
        await _portal.DisposeAsync();
        _connections.Dispose();
        _certificate.Dispose();
        _limit.Dispose();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("Connection: Upgrade\r\nUpgrade: tcp\r\n", "HTTP/1.1 101 UPGRADED")]
    [InlineData("", "HTTP/1.1 200 OK")]
    public async Task Exec_BytesGoBothWays_AndTheEndOfInputIsNotTheEndOfOutput(string headers, string status)
    {
        var engine = EngineAsync();
        await using var client = await ConnectAsync();
        await client.WriteAsync(Encoding.ASCII.GetBytes($"POST /v1.51/exec/e1/start HTTP/1.1\r\nHost: portal\r\n{headers}Content-Type: application/json\r\nContent-Length: 16\r\n\r\n{{\"Detach\":false}}"), _limit.Token);
        await client.WriteAsync("hello"u8.ToArray(), _limit.Token);
        await client.ShutdownAsync();

        var text = await ReadAllAsync(client);

        Assert.StartsWith(status + "\r\nContent-Type: application/vnd.docker.raw-stream\r\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nHELLO bye", text, StringComparison.Ordinal);
        var asked = await engine;
        Assert.StartsWith("POST /v1.51/exec/e1/start HTTP/1.1\r\n", asked, StringComparison.Ordinal);
        Assert.EndsWith("{\"Detach\":false}", asked, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attach_WithoutABody_IsTakenOverToo()
    {
        var engine = EngineAsync();
        await using var client = await ConnectAsync();
        await client.WriteAsync("POST /containers/x/attach HTTP/1.1\r\nHost: portal\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\nhi"u8.ToArray(), _limit.Token);
        await client.ShutdownAsync();

        Assert.EndsWith("\r\n\r\nHI bye", await ReadAllAsync(client), StringComparison.Ordinal);
        _ = await engine;
    }

    /// <summary>The server breaks a connection off on which a body is written where there is none, and clients ask the next thing on it.</summary>
    [Fact]
    public async Task Answer_WithoutABody_LeavesTheConnectionUsable()
    {
        _answer = "HTTP/1.1 204 No Content\r\n\r\n";
        var engine = EngineAsync();
        await using var client = await ConnectAsync();
        await client.WriteAsync("DELETE /containers/x HTTP/1.1\r\nHost: portal\r\n\r\n"u8.ToArray(), _limit.Token);
        _ = await engine;
        engine = EngineAsync();
        await client.WriteAsync("DELETE /containers/y HTTP/1.1\r\nHost: portal\r\nConnection: close\r\n\r\n"u8.ToArray(), _limit.Token);

        var text = await ReadAllAsync(client);

        Assert.Equal(2, text.Split("HTTP/1.1 204 ").Length - 1);
        _ = await engine;
    }

    [Fact]
    public async Task Refusal_OfTheEngine_IsAnAnswerLikeAnyOther()
    {
        _answer = "HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"message\":\"x\"}";
        var engine = EngineAsync();
        await using var client = await ConnectAsync();
        await client.WriteAsync("POST /containers/x/attach HTTP/1.1\r\nHost: portal\r\nConnection: close, Upgrade\r\nUpgrade: tcp\r\n\r\n"u8.ToArray(), _limit.Token);

        var text = await ReadAllAsync(client);

        Assert.StartsWith("HTTP/1.1 409 Conflict\r\n", text, StringComparison.Ordinal);
        Assert.Contains("{\"message\":\"x\"}", text, StringComparison.Ordinal);
        _ = await engine;
    }

    [Fact]
    public async Task Session_OfWhoLosesTheRightToIt_Ends()
    {
        var engine = EngineAsync();
        await using var client = await ConnectAsync();
        await client.WriteAsync("POST /containers/x/attach HTTP/1.1\r\nHost: portal\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhi"u8.ToArray(), _limit.Token);
        var text = "";
        var buffer = new byte[4096];
        while (!text.EndsWith("HI", StringComparison.Ordinal))
        {
            text += Encoding.ASCII.GetString(buffer, 0, await client.ReadAsync(buffer, _limit.Token));
        }

        _actor = Actor.Anonymous;
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal("", await ReadAllAsync(client));
        _ = await engine;
    }

    Task<Actor> IActors.FindAsync(ClaimsPrincipal principal, CancellationToken ct) => Task.FromResult(_actor);

    /// <summary>An engine that answers one request, then says in capitals what it hears, until it hears no more.</summary>
    private async Task<string> EngineAsync()
    {
        using var connection = await _engine.AcceptAsync(_limit.Token);
        var buffer = new byte[16 * 1024];
        var asked = "";
        while (!IsWhole(asked))
        {
            asked += Encoding.ASCII.GetString(buffer, 0, await connection.ReceiveAsync(buffer, _limit.Token));
        }

        await connection.SendAsync(Encoding.ASCII.GetBytes(_answer), _limit.Token);
        if (_answer.Contains(" 101 ", StringComparison.Ordinal))
        {
            while (await connection.ReceiveAsync(buffer, _limit.Token) is var count and > 0)
            {
                await connection.SendAsync(Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(buffer, 0, count).ToUpperInvariant()), _limit.Token);
            }

            try
            {
                await connection.SendAsync(" bye"u8.ToArray(), _limit.Token);
            }
            catch (SocketException)
            {
                // The portal is gone.
            }
        }

        return asked;

        static bool IsWhole(string text) =>
            text.IndexOf("\r\n\r\n", StringComparison.Ordinal) is > 0 and var head
            && text.Length >= head + 4 + (text.IndexOf("Content-Length: ", StringComparison.Ordinal) is > 0 and var at ? int.Parse(text[(at + 16)..text.IndexOf('\r', at)], System.Globalization.CultureInfo.InvariantCulture) : 0);
    }

    private async Task<SslStream> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(_portal.Urls.First()).Port, _limit.Token);
        var client = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false, (_, shown, _, _) => shown?.GetCertHashString() == _certificate.GetCertHashString());
        await client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "portal" }, _limit.Token);
        return client;
    }

    private async Task<string> ReadAllAsync(Stream client)
    {
        using var text = new MemoryStream();
        await client.CopyToAsync(text, _limit.Token);
        return Encoding.ASCII.GetString(text.ToArray());
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = new CertificateRequest("CN=portal", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
