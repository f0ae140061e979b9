using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Registries;

/// <summary>Speaks HTTP with one registry: as whom it is asked, and how far it may send us elsewhere. For one operation.</summary>
/// <param name="endpoint">The registry.</param>
/// <param name="credential">Who we are; null for nobody.</param>
/// <param name="settings">What the administrator set.</param>
/// <param name="transport">Makes the connections.</param>
/// <param name="tokens">Tokens of earlier operations.</param>
/// <param name="time">Clock.</param>
internal sealed class RegistryConnection(
    RegistryEndpoint endpoint, RegistryCredential? credential, RegistrySettings settings, IRegistryTransport transport, RegistryTokens tokens, TimeProvider time) : IDisposable
{
    private const int MaximumRedirects = 5;
    private const int MaximumTokenBytes = 1024 * 1024;
    private const string ClientId = "portal-agent";

    /// <summary>Longest time without a byte.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, HttpMessageInvoker> _invokers = [];
    private IReadOnlySet<IPAddress>? _ownAddresses;
    private volatile IPAddress? _registryAddress;
    private volatile AuthChallenge? _challenge;
    private string? _refreshToken;
    private int _users = 1;

    public RegistryEndpoint Endpoint => endpoint;

    public TimeProvider Time => time;

    /// <summary>Token that stands for the password, when the token server gave one; null for none.</summary>
    public string? RefreshToken => _refreshToken;

    /// <summary>Keeps it open for one more user, until the answer is disposed.</summary>
    public IDisposable Share()
    {
        lock (_gate)
        {
            _users++;
        }

        return this;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (--_users > 0)
            {
                return;
            }

            foreach (var invoker in _invokers.Values)
            {
                invoker.Dispose();
            }

            _invokers.Clear();
        }
    }

    /// <summary>Asks whether this is a registry, and how it wants to be asked.</summary>
    /// <exception cref="RegistryFailureException">It is none.</exception>
    public async Task PingAsync(CancellationToken ct)
    {
        using var response = await ExchangeAsync(HttpMethod.Get, new(endpoint.Address, "/v2/"), null, null, authorization: null, ct).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            _challenge = Choose(response);
        }
        else
        {
            await ExpectAsync(response, ct).ConfigureAwait(false);
        }
    }

    /// <summary>Tries the credentials.</summary>
    /// <exception cref="RegistryFailureException">They are wrong.</exception>
    public async Task SignInAsync(CancellationToken ct)
    {
        await PingAsync(ct).ConfigureAwait(false);
        if (_challenge is null)
        {
            return;
        }

        var address = new Uri(endpoint.Address, "/v2/");
        using var response = await ExchangeAsync(HttpMethod.Get, address, null, null, await AuthorizationAsync("GET", address, "", keepRefreshToken: true, ct).ConfigureAwait(false), ct).ConfigureAwait(false);
        await ExpectAsync(response, ct).ConfigureAwait(false);
    }

    /// <summary>Sends a request, with what the registry wants to know of us, and follows where it sends us. The head of the answer has come then.</summary>
    /// <param name="method">Method.</param>
    /// <param name="address">Where to.</param>
    /// <param name="scope">What a token must allow.</param>
    /// <param name="content">Makes the body, again for each time it is sent; null for none.</param>
    /// <param name="head">Fills in headers; null for none.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, Uri address, string scope, Func<HttpContent>? content, Action<HttpRequestMessage>? head, CancellationToken ct)
    {
        var hasAsked = false;
        for (var redirects = 0; ;)
        {
            var own = IsOwn(address);
            var response = await ExchangeAsync(
                method, address, content, head, own ? await AuthorizationAsync(method.Method, address, scope, keepRefreshToken: false, ct).ConfigureAwait(false) : null, ct).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.Unauthorized && own && !hasAsked && Choose(response) is { } challenge)
            {
                hasAsked = true;
                _challenge = challenge;
                Forget(challenge, scope);
                response.Dispose();
                continue;
            }

            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308))
            {
                return response;
            }

            using (response)
            {
                if (content is not null || method != HttpMethod.Get && method != HttpMethod.Head)
                {
                    throw TransferErrors.Refused($"{endpoint.Address.Host} redirects a request that is not a mere question; this is not followed");
                }

                if (++redirects > MaximumRedirects)
                {
                    throw TransferErrors.Refused($"{endpoint.Address.Host} redirects more than {MaximumRedirects} times");
                }

                address = Target(address, response.Headers.Location);
            }
        }
    }

    /// <exception cref="RegistryFailureException">The answer is no success.</exception>
    public async Task ExpectAsync(HttpResponseMessage response, CancellationToken ct)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw await RegistryFailureException.ReadAsync(response, this, ct).ConfigureAwait(false);
        }
    }

    /// <summary>An address that the registry names, for instance to send content to.</summary>
    public Uri Target(Uri from, Uri? location)
    {
        if (location is null)
        {
            throw TransferErrors.Refused($"{endpoint.Address.Host} redirects to nowhere");
        }

        var target = new Uri(from, location);
        if (target.Scheme != Uri.UriSchemeHttps && target.Scheme != Uri.UriSchemeHttp)
        {
            throw TransferErrors.Refused($"{endpoint.Address.Host} redirects to the scheme \"{TransferErrors.Show(target.Scheme)}\"; this is not followed");
        }

        if (from.Scheme == Uri.UriSchemeHttps && target.Scheme == Uri.UriSchemeHttp)
        {
            // Behind a proxy that ends TLS some registries name themselves by plain HTTP: the same host is asked as before.
            return target.Host == from.Host && IsOwn(from)
                ? new UriBuilder(target) { Scheme = Uri.UriSchemeHttps, Port = from.Port }.Uri
                : throw TransferErrors.Refused($"{endpoint.Address.Host} redirects from HTTPS to plain HTTP ({TransferErrors.Show(target.Host)}); this is not followed");
        }

        return target;
    }

    private bool IsOwn(Uri address) => address.Scheme == endpoint.Address.Scheme && address.IdnHost == endpoint.Address.IdnHost && address.Port == endpoint.Address.Port;

    /// <summary>The strongest challenge that can be answered; null for none.</summary>
    private static AuthChallenge? Choose(HttpResponseMessage response)
    {
        var challenges = AuthChallenge.Parse(response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var values) ? values : []);
        return challenges.FirstOrDefault(c => c.Scheme == "bearer" && c["realm"] is not null) ?? challenges.FirstOrDefault(c => c.Scheme == "basic");
    }

    private void Forget(AuthChallenge challenge, string scope)
    {
        if (challenge.Scheme == "bearer")
        {
            tokens.Drop(KeyOf(challenge, scope));
        }
    }

    private TokenKey KeyOf(AuthChallenge challenge, string scope) => new(challenge["realm"] ?? "", challenge["service"] ?? "", scope, TokenKey.WhoIs(credential));

    private async Task<AuthenticationHeaderValue?> AuthorizationAsync(string method, Uri address, string scope, bool keepRefreshToken, CancellationToken ct)
    {
        if (credential is { RegistryToken.Length: > 0 })
        {
            return new("Bearer", credential.RegistryToken);
        }

        if (_challenge is not { } challenge)
        {
            return null;
        }

        if (challenge.Scheme == "basic")
        {
            return credential is { Password.Length: > 0 } ? Basic(credential) : throw TransferErrors.NoBasicAuth(method, address);
        }

        var key = KeyOf(challenge, scope);
        if (!keepRefreshToken && tokens.Find(key) is { } kept)
        {
            return new("Bearer", kept);
        }

        var answer = await FetchTokenAsync(challenge, scope, keepRefreshToken, ct).ConfigureAwait(false);
        var token = answer.Token is { Length: > 0 } first ? first : answer.AccessToken;
        if (string.IsNullOrEmpty(token) || token.Any(c => c is <= ' ' or > '~'))
        {
            throw TransferErrors.Refused("authorization server did not include a token in the response");
        }

        _refreshToken = answer.RefreshToken ?? _refreshToken;
        tokens.Keep(key, token, answer.ExpiresIn is { } seconds and > 0 and < 1e9 ? TimeSpan.FromSeconds(seconds) : null);
        return new("Bearer", token);
    }

    private async Task<TokenAnswer> FetchTokenAsync(AuthChallenge challenge, string scope, bool offline, CancellationToken ct)
    {
        if (!Uri.TryCreate(challenge["realm"], UriKind.Absolute, out var realm) || (realm.Scheme != Uri.UriSchemeHttps && realm.Scheme != Uri.UriSchemeHttp) || realm.UserInfo.Length > 0)
        {
            throw TransferErrors.Refused($"{endpoint.Address.Host} asks for a token of \"{TransferErrors.Show(challenge["realm"] ?? "")}\", which is no address");
        }

        if (realm.Scheme == Uri.UriSchemeHttp && endpoint.Address.Scheme == Uri.UriSchemeHttps)
        {
            throw TransferErrors.Refused($"{endpoint.Address.Host} asks for a token of {realm.Host} by plain HTTP; this is refused");
        }

        var secret = credential is { Password.Length: > 0 } or { IdentityToken.Length: > 0 };
        if (secret && !TokenHostPolicy.MayHaveCredentials(endpoint.Address, realm, settings.TokenHosts))
        {
            throw TransferErrors.Refused(
                $"{endpoint.Address.Host} wants the credentials to be sent to {realm.Host}, which is not known to belong to it; where it does, name it with the agent's option --registry-token-host");
        }

        var parameters = new List<KeyValuePair<string, string>>();
        Add("service", challenge["service"]);
        foreach (var one in scope.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            parameters.Add(new("scope", one));
        }

        HttpResponseMessage response;
        if (credential is { IdentityToken.Length: > 0 })
        {
            parameters.RemoveAll(p => p.Key == "scope");
            Add("scope", scope.Length > 0 ? scope : null);
            Add("grant_type", "refresh_token");
            Add("refresh_token", credential.IdentityToken);
            Add("client_id", ClientId);
            response = await ExchangeAsync(HttpMethod.Post, realm, () => new FormUrlEncodedContent(parameters), null, authorization: null, ct).ConfigureAwait(false);
        }
        else
        {
            if (offline)
            {
                Add("offline_token", "true");
                Add("client_id", ClientId);
            }

            Add("account", credential?.UserName is { Length: > 0 } user && secret ? user : null);
            var query = string.Join('&', parameters.Select(p => $"{Uri.EscapeDataString(p.Key)}={Uri.EscapeDataString(p.Value)}"));
            var address = new UriBuilder(realm) { Query = realm.Query.Length > 1 ? $"{realm.Query[1..]}&{query}" : query }.Uri;
            response = await ExchangeAsync(HttpMethod.Get, address, null, null, secret ? Basic(credential!) : null, ct).ConfigureAwait(false);
        }

        using (response)
        {
            await ExpectAsync(response, ct).ConfigureAwait(false);

            var bytes = await BoundedContent.ReadAsync(response, MaximumTokenBytes, "the answer of the token server", this, ct).ConfigureAwait(false);
            try
            {
                return JsonSerializer.Deserialize(bytes, RegistryJson.Default.TokenAnswer) ?? new();
            }
            catch (JsonException)
            {
                throw TransferErrors.Refused($"the token server {realm.Host} answers with something that is no token");
            }
        }

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                parameters.Add(new(name, value));
            }
        }
    }

    private static AuthenticationHeaderValue Basic(RegistryCredential credential) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.UserName}:{credential.Password}")));

    /// <summary>One request and the head of its answer.</summary>
    private async Task<HttpResponseMessage> ExchangeAsync(
        HttpMethod method, Uri address, Func<HttpContent>? content, Action<HttpRequestMessage>? head, AuthenticationHeaderValue? authorization, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, address) { Content = content?.Invoke(), Version = HttpVersion.Version11 };
        head?.Invoke(request);
        request.Headers.Authorization = authorization;
        request.Headers.UserAgent.ParseAdd("portal-agent");

        // A body takes as long as it takes while it moves; its source watches that.
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        if (request.Content is UploadContent upload)
        {
            upload.Watch(patience, Patience);
        }

        try
        {
            return await InvokerFor(address).SendAsync(request, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new RegistryConnectionException(method.Method, address, new TimeoutException($"no answer within {Patience.TotalSeconds:0} s"));
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            // Nobody took the connection in time.
            throw new RegistryConnectionException(method.Method, address, e.InnerException as TimeoutException ?? new TimeoutException(e.Message));
        }
        catch (HttpRequestException e) when (Own(e) is { } refused)
        {
            throw refused;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or AuthenticationException)
        {
            throw new RegistryConnectionException(method.Method, address, e);
        }

        static ErrorException? Own(Exception? e)
        {
            for (; e is not null; e = e.InnerException)
            {
                if (e is ErrorException error)
                {
                    return error;
                }
            }

            return null;
        }
    }

    private HttpMessageInvoker InvokerFor(Uri address)
    {
        var origin = address.GetLeftPart(UriPartial.Authority);
        lock (_gate)
        {
            if (!_invokers.TryGetValue(origin, out var invoker))
            {
                var isHost = address.IdnHost == endpoint.Address.IdnHost;
                var admits = isHost ? endpoint.Admits : null;
                invoker = new(IsOwn(address)
                    ? transport.Open(new(origin), endpoint.AnyCertificate, admits, a => _registryAddress = a)
                    : transport.Open(new(origin), endpoint.AnyCertificate && isHost, a => admits?.Invoke(a) != false && MayBeSentTo(a), null));
                _invokers[origin] = invoker;
            }

            return invoker;
        }
    }

    private bool MayBeSentTo(IPAddress target) => AddressPolicy.Allows(_registryAddress, target, _ownAddresses ??= AddressPolicy.OwnAddresses());
}
