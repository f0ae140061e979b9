using System.Buffers;
using System.Globalization;
using Portal.Domain.Primitives;

namespace Portal.Domain.Engine;

/// <summary>A version of the Engine API. Answers take the shape of the version that was asked for.</summary>
public readonly record struct ApiVersion(int Major, int Minor)
{
    // Longer than any number that somebody means.
    private const int LongestSegment = 64;

    private static readonly SearchValues<char> s_characters = SearchValues.Create("0123456789.");

    public static readonly ApiVersion Highest = Read(EngineApi.Version);
    public static readonly ApiVersion Lowest = Read(EngineApi.MinimumVersion);

    /// <summary>
    /// Reads a path segment such as <c>v1.44</c>. Like Docker it takes everything of digits and dots for a version, if not for one
    /// it speaks. False when it is none at all.
    /// </summary>
    public static bool TryParseSegment(ReadOnlySpan<char> segment, out ApiVersion version)
    {
        version = default;
        if (segment.Length is < 2 or > LongestSegment || segment[0] != 'v' || segment[1..].ContainsAnyExcept(s_characters))
        {
            return false;
        }

        var (major, minor) = (0, 0);
        var place = 0;
        foreach (var range in segment[1..].Split('.'))
        {
            var part = segment[1..][range];
            var number = part.IsEmpty ? 0 : int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : int.MaxValue;
            (major, minor) = place switch { 0 => (number, minor), 1 => (major, number), _ => (major, minor) };
            place++;
        }

        version = new(major, minor);
        return true;
    }

    /// <summary>Refuses versions outside of what this engine speaks, in the words clients know.</summary>
    public void EnsureSupported()
    {
        if (CompareTo(Highest) > 0)
        {
            throw new ErrorException(ErrorKind.Invalid, "api.version_too_new", $"client version {this} is too new. Maximum supported API version is {Highest}");
        }

        if (CompareTo(Lowest) < 0)
        {
            throw new ErrorException(
                ErrorKind.Invalid, "api.version_too_old",
                $"client version {this} is too old. Minimum supported API version is {Lowest}, please upgrade your client to a newer version");
        }
    }

    /// <summary>True from version 1.<paramref name="minor"/> on.</summary>
    public bool AtLeast(int minor) => CompareTo(new(1, minor)) >= 0;

    private int CompareTo(ApiVersion other) => Major != other.Major ? Major.CompareTo(other.Major) : Minor.CompareTo(other.Minor);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");

    private static ApiVersion Read(string text) => TryParseSegment("v" + text, out var version) ? version : throw new FormatException(text);
}
