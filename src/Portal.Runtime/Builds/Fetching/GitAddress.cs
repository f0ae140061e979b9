namespace Portal.Runtime.Builds.Fetching;

/// <summary>A git repository as a context or a source: <c>https://host/x.git#ref:folder</c>. Pure.</summary>
/// <param name="Remote">What git is given.</param>
/// <param name="Host">Which machine it is on.</param>
/// <param name="Reference">Branch, tag or commit; empty for what the repository has as its own.</param>
/// <param name="Folder">In the repository; empty for all of it.</param>
internal sealed record GitAddress(string Remote, string Host, string Reference, string Folder)
{
    /// <summary>Null when the text names no repository.</summary>
    public static GitAddress? TryParse(string text)
    {
        var hash = text.IndexOf('#', StringComparison.Ordinal);
        var remote = hash < 0 ? text : text[..hash];
        var fragment = hash < 0 ? "" : text[(hash + 1)..];
        var colon = fragment.IndexOf(':', StringComparison.Ordinal);
        var (reference, folder) = colon < 0 ? (fragment, "") : (fragment[..colon], fragment[(colon + 1)..]);
        if (remote.StartsWith("github.com/", StringComparison.Ordinal))
        {
            remote = "https://" + remote;
        }

        string host;
        if (remote.StartsWith("git@", StringComparison.Ordinal) && remote.IndexOf(':', StringComparison.Ordinal) is var end and > 4)
        {
            host = remote[4..end];
        }
        else if (Uri.TryCreate(remote, UriKind.Absolute, out var uri) && uri.Host.Length > 0
            && (uri.Scheme is "git" or "ssh" || (uri.Scheme is "http" or "https" && (uri.AbsolutePath.EndsWith(".git", StringComparison.Ordinal) || (uri.Host == "github.com" && text.StartsWith("github.com/", StringComparison.Ordinal))))))
        {
            host = uri.Host;
        }
        else
        {
            return null;
        }

        // Neither may look like an option to git.
        return reference.StartsWith('-') || host.StartsWith('-') ? null : new(remote, host, reference, folder);
    }
}
