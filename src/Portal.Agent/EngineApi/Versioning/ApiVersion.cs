using System.Globalization;
using Portal.Domain.Primitives;
using Contract = Portal.Domain.Engine.EngineApi;

namespace Portal.Agent.EngineApi.Versioning;

/// <summary>A version of the Engine API. Answers take the shape of the version that was asked for.</summary>
internal readonly record struct ApiVersion(int Major, int Minor) : IComparable<ApiVersion>
{
    public static readonly ApiVersion Highest = Read(Contract.Version);
    public static readonly ApiVersion Lowest = Read(Contract.MinimumVersion);

    /// <summary>Reads a path segment such as <c>v1.44</c>. False when it is no version at all.</summary>
    public static bool TryParseSegment(ReadOnlySpan<char> segment, out ApiVersion version)
    {
        version = default;
        if (segment.Length is < 4 or > 12 || segment[0] != 'v')
        {
            return false;
        }

        segment = segment[1..];
        var dot = segment.IndexOf('.');
        if (dot <= 0
            || !int.TryParse(segment[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            || !int.TryParse(segment[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var minor))
        {
            return false;
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

    public int CompareTo(ApiVersion other) => Major != other.Major ? Major.CompareTo(other.Major) : Minor.CompareTo(other.Minor);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");

    private static ApiVersion Read(string text) => TryParseSegment("v" + text, out var version) ? version : throw new FormatException(text);
}
