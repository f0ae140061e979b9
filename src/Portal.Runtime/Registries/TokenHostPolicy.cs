using System.Net;

namespace Portal.Runtime.Registries;

/// <summary>Which hosts may be told the credentials for a registry, when that registry sends us there for a token. Pure.</summary>
internal static class TokenHostPolicy
{
    /// <summary>
    /// Under these everybody can have a name, so that having the same one above says nothing. Country domains with a second level of their own
    /// (<c>co.uk</c>) are told by their form.
    /// </summary>
    private static readonly string[] s_shared =
    [
        "azurecr.io", "amazonaws.com", "cloudfront.net", "windows.net", "azurewebsites.net", "googleapis.com", "run.app", "pkg.dev", "herokuapp.com", "github.io", "gitlab.io",
        "jfrog.io", "cr.yandex", "vultrcr.com", "ngrok.io", "ngrok.app", "duckdns.org", "dyndns.org", "local", "internal", "localhost",
    ];

    /// <summary>True when the token server is the registry's own: the same host, one below the same organisation's name, or one that the administrator names.</summary>
    /// <param name="registry">Address of the registry.</param>
    /// <param name="realm">Address of the token server.</param>
    /// <param name="named">Hosts the administrator names.</param>
    public static bool MayHaveCredentials(Uri registry, Uri realm, IReadOnlyCollection<string> named)
    {
        if (realm.Scheme != Uri.UriSchemeHttps && !(realm.Scheme == Uri.UriSchemeHttp && registry.Scheme == Uri.UriSchemeHttp))
        {
            return false;
        }

        var (own, other) = (registry.IdnHost.ToLowerInvariant(), realm.IdnHost.ToLowerInvariant());
        if (own == other || named.Contains(other) || named.Contains($"{other}:{realm.Port}"))
        {
            return true;
        }

        return Organisation(own) is { } organisation && (other == organisation || other.EndsWith("." + organisation, StringComparison.Ordinal));
    }

    /// <summary>The name above a registry's host that belongs to one organisation; null when none does for certain.</summary>
    private static string? Organisation(string host)
    {
        if (IPAddress.TryParse(host.Trim('[', ']'), out _))
        {
            return null;
        }

        var labels = host.Split('.');
        if (labels.Length < 2)
        {
            return null;
        }

        // co.uk, com.br, ac.jp …: the name of the organisation is the third label from the end.
        var width = labels[^1].Length == 2 && (labels[^2].Length <= 3 || labels[^2] is "info") ? 3 : 2;
        if (labels.Length < width)
        {
            return null;
        }

        var organisation = string.Join('.', labels[^width..]);
        return s_shared.Any(s => organisation == s || organisation.EndsWith("." + s, StringComparison.Ordinal) || host.EndsWith("." + s, StringComparison.Ordinal)) ? null : organisation;
    }
}
