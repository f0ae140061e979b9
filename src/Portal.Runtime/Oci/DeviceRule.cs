using System.Globalization;
using System.Text.RegularExpressions;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Oci;

/// <summary>Device rules as cgroup v1 writes them. Pure.</summary>
internal static partial class DeviceRule
{
    /// <summary>Reads <c>c 1:3 mr</c>; a star is any number.</summary>
    /// <exception cref="ErrorException">400: it is none.</exception>
    public static OciDeviceRule Parse(string rule) =>
        Form.Match(rule) is { Success: true } match && IsAccess(match.Groups[4].Value) && TryNumber(match.Groups[2].Value, out var major) && TryNumber(match.Groups[3].Value, out var minor)
            ? new(true, match.Groups[4].Value, match.Groups[1].Value, major, minor)
            : throw new ErrorException(ErrorKind.Invalid, "container.invalid_device", $"invalid device cgroup rule format: '{rule}'");

    /// <summary>True for some of r, w and m, each at most once.</summary>
    public static bool IsAccess(string text) => text.Length is >= 1 and <= 3 && text.All("rwm".Contains) && text.Distinct().Count() == text.Length;

    private static bool TryNumber(string text, out long? number)
    {
        number = null;
        if (text == "*")
        {
            return true;
        }

        var good = uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value);
        number = value;
        return good;
    }

    [GeneratedRegex(@"\A([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})\z")]
    private static partial Regex Form { get; }
}
