using System.Net;

namespace Portal.Runtime.Registries;

/// <summary>The administrator's proxies, for a client of HTTP.</summary>
internal sealed class WebProxies(RegistryProxies proxies) : IWebProxy
{
    /// <summary>Credentials of the proxies, which stand in their addresses.</summary>
    public ICredentials? Credentials
    {
        get => new ProxyCredentials();
        set => throw new NotSupportedException();
    }

    public Uri? GetProxy(Uri destination) => proxies.For(destination);

    public bool IsBypassed(Uri host) => proxies.For(host) is null;

    private sealed class ProxyCredentials : ICredentials
    {
        public NetworkCredential? GetCredential(Uri uri, string authType) => uri.UserInfo.Split(':', 2) is [{ Length: > 0 } user, .. var word]
            ? new(Uri.UnescapeDataString(user), word.Length > 0 ? Uri.UnescapeDataString(word[0]) : "")
            : null;
    }
}
