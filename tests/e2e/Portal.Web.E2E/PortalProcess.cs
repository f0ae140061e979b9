using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Portal.E2E;
using Portal.Web.E2E;

[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(ReadyPortal))]

namespace Portal.Web.E2E;

/// <summary>An agent and the portal over it, the portal as an unprivileged user as in an installation.</summary>
public abstract class PortalProcess(int number) : AgentProcess(number)
{
    /// <summary>Debian's own user and group for what owns nothing.</summary>
    private const string User = "nobody", Group = "nogroup";

    private ChildProcess? _portal;
    private (string Text, long Made)? _token;
    private StreamWriter? _portalLog;
    private Task _portalLogging = Task.CompletedTask;

    public const string UserName = "ada";

    public const string Password = "a short sentence";

    public string PortalRoot => Path.Combine(Root, "portal");

    public string Address { get; } = $"https://localhost:{FreePort()}";

    /// <summary>Talks to the portal; its certificate is its own.</summary>
    public HttpClient Web { get; private set; } = null!;

    protected override string SocketGroup => Group;

    private static string Program =>
        Environment.GetEnvironmentVariable("PORTAL_E2E_WEB") is { Length: > 0 } given
            ? given
            : Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../publish/Portal.Web/release/portal-web"));

    public async Task<string> SecretAsync() => (await File.ReadAllTextAsync(Path.Combine(PortalRoot, "setup-secret"))).Trim();

    /// <summary>The certificate that the portal made for itself, which is an authority for itself too.</summary>
    public string Certificate => Path.Combine(PortalRoot, "tls/portal.crt");

    /// <summary>Ends the portal as the kernel's out-of-memory killer would.</summary>
    public async Task KillPortalAsync()
    {
        _portal!.Kill();
        await _portal.WaitAsync();
        await _portal.DisposeAsync();
        await _portalLogging;
    }

    /// <summary>Sends JSON as nobody in particular, or with a token.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? token = null, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (token is not null) request.Headers.Authorization = new("Bearer", token);
        if (body is not null) request.Content = JsonContent.Create(body);
        return await Web.SendAsync(request);
    }

    /// <summary>A token of the administrator. Not a new one for each test: an address has a hundred sign-ins a minute.</summary>
    public async Task<string> TokenAsync()
    {
        if (_token is { } known && TimeProvider.System.GetElapsedTime(known.Made) < TimeSpan.FromMinutes(1)) return known.Text;
        using var answer = await SendAsync(HttpMethod.Post, "/api/v1/auth/token", body: new { userName = UserName, password = Password });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var text = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("accessToken").GetString()!;
        _token = (text, TimeProvider.System.GetTimestamp());
        return text;
    }

    protected override async Task ReadyAsync()
    {
        (await ChildProcess.RunAsync("install", ["-d", "-m", "0700", "-o", User, "-g", Group, PortalRoot])).Succeeded();
        Web = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => IsOwn(shown) } }) { BaseAddress = new Uri(Address) };
        await StartPortalAsync();
    }

    /// <summary>Starts the portal, again after a kill, and waits until it answers.</summary>
    public async Task StartPortalAsync()
    {
        var port = new Uri(Address).Port.ToString(CultureInfo.InvariantCulture);
        _portal = ChildProcess.Start(
            "setpriv",
            ["--reuid", User, "--regid", Group, "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all",
                "env", $"--chdir={Path.GetDirectoryName(Program)}", Program],
            new Dictionary<string, string>
            {
                ["ASPNETCORE_ENVIRONMENT"] = "Production",
                ["HOME"] = PortalRoot,
                ["PORTAL_DATA_ROOT"] = PortalRoot,
                ["PORTAL_HTTPS_PORT"] = port,
                ["PORTAL_AGENT_SOCKET"] = Socket,
            });
        await File.AppendAllTextAsync(Path.Combine(Root, "pids"), $"{_portal.Id} {StartTime(_portal.Id)}\n");
        _portalLog ??= new StreamWriter(Path.Combine(Root, "portal.log")) { AutoFlush = true };
        _portalLogging = LogAsync(_portal, _portalLog);
        await Patience.UntilAsync($"the portal is healthy; its log is {Root}/portal.log", async () =>
        {
            if (_portal.HasExited)
            {
                await _portalLogging;
                Assert.Fail($"The portal ended while starting: {await _portal.LastWordsAsync()} {await ReadAsync(Path.Combine(Root, "portal.log"))}");
            }

            try
            {
                return (await Web.GetAsync("/health")).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, TimeSpan.FromSeconds(60));
    }

    protected override async Task LeaveAsync()
    {
        Web?.Dispose();
        if (_portal is not null) await _portal.DisposeAsync();
        await _portalLogging;
        if (_portalLog is not null) await _portalLog.DisposeAsync();
    }

    /// <summary>The portal makes its certificate itself: exactly that one counts.</summary>
    private bool IsOwn(X509Certificate? shown)
    {
        using var own = X509CertificateLoader.LoadCertificateFromFile(Certificate);
        return shown is not null && own.RawDataMemory.Span.SequenceEqual(shown.GetRawCertData());
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>Nobody has been here yet.</summary>
public sealed class NewPortal() : PortalProcess(2);

/// <summary>The administrator exists.</summary>
public sealed class ReadyPortal() : PortalProcess(3)
{
    protected override async Task ReadyAsync()
    {
        await base.ReadyAsync();
        using var answer = await SendAsync(HttpMethod.Post, "/api/v1/setup", body: new { secret = await SecretAsync(), userName = UserName, password = Password });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }
}
