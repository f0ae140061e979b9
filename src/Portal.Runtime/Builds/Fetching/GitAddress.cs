namespace Portal.Runtime.Builds.Fetching;

/// <summary>A git repository as a context or a source: <c>https://host/x.git#ref:folder</c>. Pure.</summary>
/// <param name="Remote">What git is given; nobody's password is in it.</param>
/// <param name="Host">Which machine it is on.</param>
/// <param name="Reference">Branch, tag or commit; empty for what the repository has as its own.</param>
/// <param name="Folder">In the repository; empty for all of it.</param>
internal sealed record GitAddress(string Remote, string Host, string Reference, string Folder)
{
    /// <summary>Over http or https.</summary>
    public bool IsWeb => Remote.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || Remote.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    /// <summary>The reference is a whole commit id.</summary>
    public bool IsCommit => Reference.Length is 40 or 64 && Reference.All(char.IsAsciiHexDigitLower);

    /// <summary>Where the repository is on the web, without its path.</summary>
    public string Origin => IsWeb ? new Uri(Remote).GetLeftPart(UriPartial.Authority) + "/" : "";

    /// <summary>The same with user and password, where the address had them.</summary>
    public string? Login { get; private init; }

    /// <summary>Null when the text names no repository.</summary>
    public static GitAddress? TryParse(string text)
    {
        var hash = text.IndexOf('#', StringComparison.Ordinal);
        var remote = hash < 0 ? text : text[..hash];
        var fragment = hash < 0 ? "" : text[(hash + 1)..];
        var colon = fragment.IndexOf(':', StringComparison.Ordinal);
        var (reference, folder) = colon < 0 ? (fragment, "") : (fragment[..colon], fragment[(colon + 1)..]);
        var isShort = remote.StartsWith("github.com/", StringComparison.Ordinal);
        if (isShort)
        {
            remote = "https://" + remote;
        }

        string host;
        string? login = null;
        if (remote.StartsWith("git@", StringComparison.Ordinal) && remote.IndexOf(':', StringComparison.Ordinal) is var end and > 4)
        {
            host = remote[4..end];
        }
        else if (Uri.TryCreate(remote, UriKind.Absolute, out var uri) && uri.Host.Length > 0
            && (uri.Scheme is "git" or "ssh" || (uri.Scheme is "http" or "https" && (uri.AbsolutePath.EndsWith(".git", StringComparison.Ordinal) || isShort))))
        {
            host = uri.Host;
            if (uri.UserInfo.Length > 0 && uri.Scheme is "http" or "https")
            {
                var plain = new UriBuilder(uri) { UserName = "", Password = "" }.Uri;
                (remote, login) = (plain.AbsoluteUri, $"{uri.Scheme}://{uri.UserInfo}@{plain.Authority}/");
            }
        }
        else
        {
            return null;
        }

        // None may look like an option to git, or end a line of its settings.
        return reference.StartsWith('-') || host.StartsWith('-') || $"{remote}{reference}{login}".Any(c => char.IsControl(c) || c == '"' || c == '\\')
            ? null
            : new(remote, host, reference, folder) { Login = login };
    }
}
