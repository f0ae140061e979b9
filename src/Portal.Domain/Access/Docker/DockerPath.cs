using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Portal.Domain.Engine;

namespace Portal.Domain.Access.Docker;

/// <summary>
/// The path of a request to an engine, read in the one way that nobody can read otherwise: engines fold doubled slashes, decode what is encoded and match
/// what is left in ways of their own, and what they see differently than the policy did, the policy did not decide on.
/// </summary>
/// <param name="Version">The version that it names; null for none.</param>
/// <param name="Segments">What comes after.</param>
public sealed record DockerPath(ApiVersion? Version, ImmutableArray<string> Segments)
{
    private const int Longest = 1024;

    // All that names, ids, references and digests are made of.
    private static readonly SearchValues<char> s_characters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:@+-");

    /// <summary>Reads a path as it stands in the request; false for what could be read in two ways.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out DockerPath? path)
    {
        path = null;
        if (text.Length is 0 or > Longest || text[0] != '/')
        {
            return false;
        }

        // Clients encode these in references, and nobody means anything else by them.
        text = text.Replace("%3A", ":", StringComparison.OrdinalIgnoreCase).Replace("%40", "@", StringComparison.Ordinal);
        var segments = text[1..].Split('/');
        if (segments.Any(segment => segment is "" or "." or ".." || segment.AsSpan().ContainsAnyExcept(s_characters)))
        {
            return false;
        }

        if (!IsVersion(segments[0], out var minor))
        {
            path = new(null, [.. segments]);
            return true;
        }

        path = new(new ApiVersion(1, minor), [.. segments.AsSpan(1)]);
        return segments.Length > 1;
    }

    /// <inheritdoc/>
    public override string ToString() => (Version is { } version ? $"/v{version}/" : "/") + string.Join('/', Segments);

    private static bool IsVersion(string segment, out int minor)
    {
        minor = 0;
        return segment.Length is 4 or 5 && segment.StartsWith("v1.", StringComparison.Ordinal) && int.TryParse(segment.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out minor);
    }
}
