namespace Portal.Web.Components.Pages.Access;

/// <summary>Where to go after signing in: only ever a page of this portal.</summary>
internal static class LocalUrl
{
    /// <summary><paramref name="url"/> when it is a path on this server, otherwise the start page.</summary>
    public static string OrHome(string? url)
    {
        // "//host" and "/\host" are other servers to a browser, and it drops tabs and line ends before it looks.
        if (string.IsNullOrEmpty(url) || url[0] != '/' || (url.Length > 1 && url[1] is '/' or '\\') || url.Any(char.IsControl))
        {
            return "/";
        }

        // Back to a page that only leads here again.
        return url.StartsWith("/signin", StringComparison.OrdinalIgnoreCase) || url.StartsWith("/signout", StringComparison.OrdinalIgnoreCase) ? "/" : url;
    }
}
