using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Portal.Domain.Primitives;

/// <summary>
/// Names an image: a repository, with a tag or a digest or neither.
/// <code>
/// reference      := [ domain "/" ] path [ ":" tag ] [ "@" digest ]
/// domain         := host [ ":" port ]
/// host           := label *( "." label ) | "[" IPv6 "]"
/// label          := letters, digits and inner "-", of either case
/// path           := component *( "/" component )
/// component      := alphanumeric *( separator alphanumeric )
/// alphanumeric   := 1*( "a".."z" | "0".."9" )
/// separator      := "." | "_" | "__" | 1*"-"
/// tag            := ( letter | digit | "_" ) up to 127 of ( letter | digit | "_" | "." | "-" )
/// digest         := "sha256:" 64 lower-case hexadecimal digits
/// </code>
/// The first part is a domain when it has a "." or ":" or an upper-case letter, or is <c>localhost</c>; otherwise the domain is
/// <c>docker.io</c>, and there a single component gets <c>library/</c> before it. Path is at most 255 characters.
/// The text of 64 hexadecimal digits alone is an id and never a reference.
/// </summary>
public sealed record ImageReference : ISpanParsable<ImageReference>
{
    private const string DefaultDomain = "docker.io";
    private const string LegacyDefaultDomain = "index.docker.io";
    private const string OfficialPrefix = "library/";
    private const string DefaultTag = "latest";
    private const int MaximumPath = 255;
    private const int MaximumTag = 128;

    private static readonly SearchValues<char> s_lowerHex = SearchValues.Create("0123456789abcdef");
    private static readonly SearchValues<char> s_addressCharacters = SearchValues.Create("0123456789abcdefABCDEF:");

    private ImageReference(string domain, string path, string? tag, Digest? digest) => (Domain, Path, Tag, Digest) = (domain, path, tag, digest);

    /// <summary>Registry, for instance <c>docker.io</c> or <c>localhost:5000</c>.</summary>
    public string Domain { get; }

    /// <summary>Repository within the registry, for instance <c>library/busybox</c>.</summary>
    public string Path { get; }

    /// <summary>Tag, or null.</summary>
    public string? Tag { get; }

    /// <summary>Digest of a manifest, or null.</summary>
    public Digest? Digest { get; }

    /// <summary>Repository in full: <c>docker.io/library/busybox</c>.</summary>
    public string Repository => $"{Domain}/{Path}";

    /// <summary>Repository as people write it: <c>busybox</c>. Longer where what is left would look like another registry or an id.</summary>
    public string FamiliarRepository =>
        Domain != DefaultDomain || (Path.IndexOf('/') is > 0 and var slash && LooksLikeDomain(Path.AsSpan(0, slash))) ? Repository
        : Path.StartsWith(OfficialPrefix, StringComparison.Ordinal) && Path.AsSpan(OfficialPrefix.Length) is var name && !name.Contains('/') && !LooksLikeId(name) ? name.ToString()
        : Path;

    /// <summary>The whole as people write it: <c>busybox:latest</c>.</summary>
    public string Familiar => FamiliarRepository + Suffix;

    private string Suffix => (Tag is null ? "" : ":" + Tag) + (Digest is null ? "" : "@" + Digest);

    /// <summary>The same, with <c>latest</c> when it has neither tag nor digest.</summary>
    public ImageReference WithDefaultTag() => Tag is null && Digest is null ? new(Domain, Path, DefaultTag, null) : this;

    /// <summary>The same repository with another tag and no digest.</summary>
    /// <exception cref="FormatException">The tag is not of the grammar.</exception>
    public ImageReference WithTag(string tag) => IsTag(tag) ? new(Domain, Path, tag, null) : throw new FormatException("invalid tag format");

    /// <summary>The same repository by digest, without a tag.</summary>
    public ImageReference WithDigest(Digest digest) => new(Domain, Path, null, digest);

    /// <summary>The normalised form: <c>docker.io/library/busybox:latest</c>.</summary>
    public override string ToString() => Repository + Suffix;

    public static ImageReference Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, out var reference, out var problem) ? reference : throw new FormatException(problem);

    public static ImageReference Parse(string s, IFormatProvider? provider) => Parse(s.AsSpan(), provider);

    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, [MaybeNullWhen(false)] out ImageReference result) => TryParse(s, out result, out _);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, [MaybeNullWhen(false)] out ImageReference result) =>
        TryParse(s.AsSpan(), out result, out _);

    /// <summary>Parses either form.</summary>
    /// <param name="s">The text.</param>
    /// <param name="result">The reference.</param>
    /// <param name="problem">Docker's words for what is wrong.</param>
    public static bool TryParse(ReadOnlySpan<char> s, [NotNullWhen(true)] out ImageReference? result, [NotNullWhen(false)] out string? problem)
    {
        (result, problem) = (null, "invalid reference format");
        if (LooksLikeId(s))
        {
            problem = $"invalid repository name ({s}), cannot specify 64-byte hexadecimal strings";
            return false;
        }

        Digest? digest = null;
        if (s.IndexOf('@') is >= 0 and var at)
        {
            if (!Primitives.Digest.TryParse(s[(at + 1)..], null, out var parsed))
            {
                return false;
            }

            digest = parsed;
            s = s[..at];
        }

        string? tag = null;
        if (s.LastIndexOf(':') is >= 0 and var colon && !s[colon..].Contains('/'))
        {
            if (!IsTag(s[(colon + 1)..]))
            {
                return false;
            }

            tag = s[(colon + 1)..].ToString();
            s = s[..colon];
        }

        // "team/app" has no domain: what could be one must look like one.
        var slash = s.IndexOf('/');
        var first = slash < 0 ? [] : s[..slash];
        var hasDomain = slash >= 0 && LooksLikeDomain(first);
        var domain = hasDomain ? first : DefaultDomain;
        var path = hasDomain ? s[(slash + 1)..] : s;
        if (!IsPath(path))
        {
            if (path.ContainsAnyInRange('A', 'Z') && IsPath(path.ToString().ToLowerInvariant()))
            {
                problem = $"invalid reference format: repository name ({path}) must be lowercase";
            }

            return false;
        }

        if (!IsDomain(domain))
        {
            return false;
        }

        if (domain is LegacyDefaultDomain)
        {
            domain = DefaultDomain;
        }

        var fullPath = domain is DefaultDomain && !path.Contains('/') ? OfficialPrefix + path.ToString() : path.ToString();
        if (fullPath.Length > MaximumPath)
        {
            problem = "repository name must not be more than 255 characters";
            return false;
        }

        (result, problem) = (new(domain.ToString(), fullPath, tag, digest), null);
        return true;
    }

    private static bool LooksLikeId(ReadOnlySpan<char> text) => text.Length == 64 && !text.ContainsAnyExcept(s_lowerHex);

    private static bool LooksLikeDomain(ReadOnlySpan<char> part) => part.ContainsAny('.', ':') || part is "localhost" || part.ContainsAnyInRange('A', 'Z');

    private static bool IsDomain(ReadOnlySpan<char> domain)
    {
        var host = domain;
        if (domain.LastIndexOf(':') is >= 0 and var colon && !domain[colon..].Contains(']'))
        {
            var port = domain[(colon + 1)..];
            if (port.IsEmpty || port.ContainsAnyExceptInRange('0', '9'))
            {
                return false;
            }

            host = domain[..colon];
        }

        if (host is ['[', .. var address, ']'])
        {
            return !address.IsEmpty && !address.ContainsAnyExcept(s_addressCharacters);
        }

        foreach (var range in host.Split('.'))
        {
            var label = host[range];
            if (label.IsEmpty || label[0] == '-' || label[^1] == '-')
            {
                return false;
            }

            foreach (var c in label)
            {
                if (!char.IsAsciiLetterOrDigit(c) && c != '-')
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static bool IsPath(ReadOnlySpan<char> path)
    {
        foreach (var range in path.Split('/'))
        {
            if (!IsComponent(path[range]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsComponent(ReadOnlySpan<char> component)
    {
        var i = 0;
        while (true)
        {
            var start = i;
            while (i < component.Length && (char.IsAsciiLetterLower(component[i]) || char.IsAsciiDigit(component[i])))
            {
                i++;
            }

            if (i == start)
            {
                return false;
            }

            if (i == component.Length)
            {
                return true;
            }

            start = i;
            while (i < component.Length && component[i] == component[start])
            {
                i++;
            }

            if (!(component[start] switch { '.' => i - start == 1, '_' => i - start <= 2, '-' => true, _ => false }))
            {
                return false;
            }
        }
    }

    private static bool IsTag(ReadOnlySpan<char> tag)
    {
        if (tag.IsEmpty || tag.Length > MaximumTag || tag[0] is '.' or '-')
        {
            return false;
        }

        foreach (var c in tag)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or '-'))
            {
                return false;
            }
        }

        return true;
    }
}
