using System.Net;
using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Registries;

namespace Portal.Runtime.Tests.Registries;

/// <summary>Who we are, and whom we tell.</summary>
public sealed class RegistryAuthTests : IDisposable
{
    private static readonly byte[] s_layer = FakeRegistry.Layer("content");

    private readonly FakeRegistry _registry = new();
    private readonly List<string> _asked = [];

    public void Dispose() => _registry.Dispose();

    [Fact]
    public async Task Bearer_IsFetchedOncePerScopeAndSentWithEverything()
    {
        _registry.Add("1", s_layer);
        Guard("https://auth.example.com/token?x=1");

        await _registry.PullAsync(credentials: new Somebody());
        await _registry.PullAsync(credentials: new Somebody());

        Assert.Equal(["GET https://auth.example.com/token?x=1&service=svc&scope=repository%3Ateam%2Fapp%3Apull&account=joe Basic"], _asked);
        Assert.All(_registry.Requests.Where(r => r.RequestUri!.AbsolutePath.Contains("/team/app/", StringComparison.Ordinal)), r => Assert.Equal("Bearer t0ken", r.Headers.Authorization?.ToString()));
    }

    [Fact]
    public async Task Bearer_ForNobody_IsFetchedAsNobody()
    {
        _registry.Add("1", s_layer);
        Guard("https://elsewhere.example.org/token");

        await _registry.PullAsync();

        Assert.Equal(["GET https://elsewhere.example.org/token?service=svc&scope=repository%3Ateam%2Fapp%3Apull "], _asked);
    }

    [Fact]
    public async Task IdentityToken_IsPostedNotShown()
    {
        _registry.Add("1", s_layer);
        Guard("https://auth.example.com/token");

        await _registry.PullAsync(credentials: new Somebody("", "refresh me"));

        Assert.Equal(["POST https://auth.example.com/token "], _asked);
    }

    [Theory]
    [InlineData("https://auth.evil.org/token", "wants the credentials to be sent to auth.evil.org")]
    [InlineData("http://registry.example.com/token", "by plain HTTP")]
    [InlineData("file:///etc/passwd", "which is no address")]
    [InlineData("https://joe@registry.example.com/", "which is no address")]
    public async Task Credentials_ForAStrangeTokenServer_AreNotSent(string realm, string words)
    {
        _registry.Add("1", s_layer);
        Guard(realm);

        Assert.Contains(words, await _registry.FailAsync(credentials: new Somebody()), StringComparison.Ordinal);
        Assert.Empty(_asked);
    }

    [Fact]
    public async Task TokenServer_OnThisMachine_IsNotAskedEvenAsNobody()
    {
        _registry.Add("1", s_layer);
        Guard("https://127.0.0.1/token");

        Assert.Contains("the registry sends us to 127.0.0.1", await _registry.FailAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_ThatIsNotTakenAnyMore_IsFetchedAgain()
    {
        _registry.Add("1", s_layer);
        Guard("https://auth.example.com/token");
        var guard = _registry.Lie;
        var isExpired = true;
        _registry.Lie = request =>
        {
            if (isExpired && request.RequestUri!.AbsolutePath.Contains("/manifests/", StringComparison.Ordinal))
            {
                isExpired = false;
                return Challenge("https://auth.example.com/token");
            }

            return guard(request);
        };

        await _registry.PullAsync();

        Assert.Equal(2, _asked.Count);
    }

    [Fact]
    public async Task Registry_ThatNeverIsContent_IsNotAskedForEver()
    {
        _registry.Add("1", s_layer);
        _registry.Lie = request => request.RequestUri!.AbsolutePath == "/token" ? FakeRegistry.Text(HttpStatusCode.OK, """{"token":"t"}""") : Challenge("https://auth.example.com/token");

        Assert.Equal(
            "pull access denied for registry.example.com/team/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
            await _registry.FailAsync());
        Assert.InRange(_registry.Requests.Count, 3, 6);
    }

    [Fact]
    public async Task Basic_WithoutCredentials_SaysSoInDockersWords()
    {
        _registry.Add("1", s_layer);
        _registry.Lie = _ => Basic();

        Assert.EndsWith("no basic auth credentials", await _registry.FailAsync(), StringComparison.Ordinal);
        Assert.Null(Assert.Single(_registry.Requests).Headers.Authorization);
    }

    [Fact]
    public async Task SignIn_WithBasic_SaysWhetherTheyAreRight()
    {
        _registry.Lie = request => request.Headers.Authorization?.Parameter == Convert.ToBase64String("joe:secret"u8) ? null : Basic();

        Assert.Equal(("Login Succeeded", ""), await _registry.Registries.LoginAsync(FakeRegistry.Domain, new("joe", "secret"), default));
        var error = await Assert.ThrowsAsync<ErrorException>(() => _registry.Registries.LoginAsync(FakeRegistry.Domain, new("joe", "wrong"), default));
        Assert.Equal(ErrorKind.Unauthorized, error.Error.Kind);
        Assert.StartsWith("login attempt to https://registry.example.com/v2/ failed with status: 401 Unauthorized", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SignIn_WithATokenServer_AnswersTheTokenThatStandsForThePassword()
    {
        Guard("https://auth.example.com/token");

        Assert.Equal(("Login Succeeded", "r3fresh"), await _registry.Registries.LoginAsync($"https://{FakeRegistry.Domain}/v1/", new("joe", "secret"), default));
        Assert.Contains("offline_token=true", Assert.Single(_asked), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mirror_IsAskedFirstAsNobodyAndItsFailureIsNone()
    {
        _registry.Settings.Mirrors.Add("https://mirror.example.net");
        var manifest = _registry.Add("1", s_layer);
        var isBroken = false;
        _registry.Lie = request => request.RequestUri!.Host != "mirror.example.net" ? (request.Headers.Authorization is null ? Basic() : null)
            : isBroken ? new(HttpStatusCode.NotFound) { Content = new ByteArrayContent([]) }
            : null;

        await _registry.Registries.PullAsync(new(ImageReference.Parse("team/app:1", null), false, "linux/amd64", new Somebody()), _registry, default);
        Assert.All(_registry.Requests, r => Assert.Equal(("mirror.example.net", null), (r.RequestUri!.Host, r.Headers.Authorization)));

        isBroken = true;
        await _registry.Registries.PullAsync(new(ImageReference.Parse($"team/app@{manifest}", null), false, "linux/amd64", new Somebody()), _registry, default);
        Assert.Contains(_registry.Requests, r => r.RequestUri!.Host == "registry-1.docker.io" && r.Headers.Authorization is not null);
        Assert.All(_registry.Requests.Where(r => r.RequestUri!.Host == "mirror.example.net"), r => Assert.Null(r.Headers.Authorization));
    }

    [Fact]
    public async Task Mirror_ThatSendsUsWhereItMustNot_IsLeftForTheRegistry()
    {
        _registry.Settings.Mirrors.Add("https://mirror.example.net");
        _registry.Add("1", s_layer);
        _registry.Lie = request => request.RequestUri! is { Host: "mirror.example.net", AbsolutePath: "/v2/" }
            ? throw new HttpRequestException("refused", new ErrorException(ErrorKind.Internal, "registry.refused", "no"))
            : null;

        await _registry.Registries.PullAsync(new(ImageReference.Parse("team/app:1", null), false, "linux/amd64", null), _registry, default);

        Assert.Contains(_registry.Requests, r => r.RequestUri!.Host == "registry-1.docker.io");
    }

    /// <summary>The registry wants a token of there, and looks at it.</summary>
    private void Guard(string realm)
    {
        var server = new Uri(realm);
        _registry.Lie = request =>
        {
            var address = request.RequestUri!;
            if (address.Host == server.Host && address.AbsolutePath == server.AbsolutePath)
            {
                _asked.Add($"{request.Method} {address} {request.Headers.Authorization?.Scheme}");
                return FakeRegistry.Text(HttpStatusCode.OK, """{"token":"t0ken","expires_in":300,"refresh_token":"r3fresh"}""");
            }

            return request.Headers.Authorization?.ToString() == "Bearer t0ken" ? null : Challenge(realm);
        };
    }

    private static HttpResponseMessage Challenge(string realm) => new(HttpStatusCode.Unauthorized)
    {
        Headers = { { "WWW-Authenticate", $"Bearer realm=\"{realm}\",service=\"svc\"" } },
        Content = new ByteArrayContent(Encoding.UTF8.GetBytes("""{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}""")),
    };

    private static HttpResponseMessage Basic() => new(HttpStatusCode.Unauthorized) { Headers = { { "WWW-Authenticate", "Basic realm=\"x\"" } }, Content = new ByteArrayContent([]) };
}
