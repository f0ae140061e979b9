using System.Net;

namespace Portal.Runtime.Registries;

/// <summary>
/// The proxies that registries are reached through, with the rules of Docker Engine (golang.org/x/net/http/httpproxy): this machine is never asked through
/// one. What is not set comes from the environment, as everywhere on a host.
/// </summary>
public sealed class RegistryProxies
{
    /// <summary>Proxy for registries without TLS, such as <c>http://user:word@proxy.example.com:3128</c>; empty for none.</summary>
    public string Http { get; set; } = OfEnvironment("http_proxy");

    /// <summary>Proxy for registries with TLS; empty for none.</summary>
    public string Https { get; set; } = OfEnvironment("https_proxy");

    /// <summary>
    /// What goes without a proxy, with commas: a domain with all below it, <c>.domain</c> for those below it only, an address, a network in CIDR form, each with
    /// <c>:port</c> where one port is meant, or <c>*</c> for everything.
    /// </summary>
    public string Except { get; set; } = OfEnvironment("no_proxy");

    /// <summary>True for an address of a proxy, or none.</summary>
    public static bool IsProxy(string text) => text.Length == 0 || Parse(text) is not null;

    /// <summary>An address of a proxy without the credentials that may stand in it.</summary>
    public static string Show(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.UserInfo.Length > 0 ? text.Replace(uri.UserInfo + "@", "xxxxx:xxxxx@", StringComparison.Ordinal) : text;

    /// <summary>The way to this host; null for the straight one.</summary>
    internal Uri? For(Uri destination)
    {
        var text = destination.Scheme == Uri.UriSchemeHttps ? Https : Http;
        return Parse(text) is { } proxy && !IsExcepted(destination.IdnHost.Trim('[', ']').TrimEnd('.').ToLowerInvariant(), destination.Port) ? proxy : null;
    }

    /// <summary>A proxy without a scheme is one of HTTP.</summary>
    private static Uri? Parse(string text) =>
        text.Length > 0 && Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text, UriKind.Absolute, out var uri)
        && uri.Scheme is "http" or "https" or "socks5" && uri.Host.Length > 0 ? uri : null;

    private static string OfEnvironment(string variable) =>
        Environment.GetEnvironmentVariable(variable) ?? Environment.GetEnvironmentVariable(variable.ToUpperInvariant()) ?? "";

    private bool IsExcepted(string host, int port)
    {
        var isAddress = IPAddress.TryParse(host, out var address);
        if (host == "localhost" || (isAddress && IPAddress.IsLoopback(address!)))
        {
            return true;
        }

        foreach (var entry in Except.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(entry => entry.ToLowerInvariant()))
        {
            if (entry == "*" || (isAddress && IPNetwork.TryParse(entry, out var network) && network.Contains(address!)))
            {
                return true;
            }

            var (name, only) = Split(entry);
            if ((only is null || only == port) && (isAddress ? IPAddress.TryParse(name, out var one) && one.Equals(address) : IsBelow(host, name)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsBelow(string host, string domain)
    {
        var suffix = domain.StartsWith("*.", StringComparison.Ordinal) ? domain[1..] : domain;
        return suffix.StartsWith('.') ? host.EndsWith(suffix, StringComparison.Ordinal) : host == suffix || host.EndsWith("." + suffix, StringComparison.Ordinal);
    }

    /// <summary>Name and port of <c>name</c>, <c>name:port</c>, <c>[address]:port</c> or an address with colons.</summary>
    private static (string Name, int? Port) Split(string entry)
    {
        var colon = entry.LastIndexOf(':');
        var isBare = colon < 0 || (!entry.StartsWith('[') && entry.IndexOf(':', StringComparison.Ordinal) != colon) || entry.EndsWith(']');
        return !isBare && int.TryParse(entry.AsSpan(colon + 1), out var port) ? (entry[..colon].Trim('[', ']'), port) : (entry.Trim('[', ']'), null);
    }
}
