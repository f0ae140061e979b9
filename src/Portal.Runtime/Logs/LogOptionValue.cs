using System.Buffers;
using System.Globalization;

namespace Portal.Runtime.Logs;

/// <summary>A logging option's value is none. The message is what Docker says.</summary>
internal sealed class LogOptionException(string message) : Exception(message);

/// <summary>Values of logging options as Docker reads them: by Go's strconv and go-units, whose words its users know. Pure.</summary>
internal static class LogOptionValue
{
    private static readonly SearchValues<char> s_number = SearchValues.Create("0123456789. ");

    /// <summary>A size in decimal units: <c>10m</c> is ten million bytes.</summary>
    public static long Size(string text) => Size(text, 1000);

    /// <summary>A size of memory, in binary units.</summary>
    public static long MemorySize(string text) => Size(text, 1024);

    /// <summary>A whole number.</summary>
    public static int Integer(string text)
    {
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
        {
            return value;
        }

        var digits = text.AsSpan().TrimStart("+-");
        var kind = !digits.IsEmpty && !digits.ContainsAnyExceptInRange('0', '9') && text.Length - digits.Length <= 1 ? "value out of range" : "invalid syntax";
        throw new LogOptionException($"strconv.Atoi: parsing \"{text}\": {kind}");
    }

    /// <summary>Yes or no.</summary>
    public static bool Boolean(string text) => text switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        _ => throw new LogOptionException($"strconv.ParseBool: parsing \"{text}\": invalid syntax"),
    };

    private static long Size(string text, int unit)
    {
        var end = text.AsSpan().LastIndexOfAny(s_number);
        if (end < 0)
        {
            throw new LogOptionException($"invalid size: '{text}'");
        }

        var number = text[end] == ' ' ? text[..end] : text[..(end + 1)];
        var suffix = text[(end + 1)..];
        if (!double.TryParse(number, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var size))
        {
            throw new LogOptionException($"strconv.ParseFloat: parsing \"{number}\": invalid syntax");
        }

        if (size < 0)
        {
            throw new LogOptionException($"invalid size: '{text}'");
        }

        size *= Factor(suffix, unit);
        return size < long.MaxValue ? (long)size : throw new LogOptionException($"invalid size: '{text}'");
    }

    private static double Factor(string suffix, int unit)
    {
        if (suffix.Length == 0)
        {
            return 1;
        }

        var upper = suffix.ToUpperInvariant();
        var power = "BKMGTP".IndexOf(upper[0], StringComparison.Ordinal);
        var good = power == 0 ? upper.Length == 1 : power > 0 && upper[1..] is ("" or "B" or "IB");
        return good ? Math.Pow(unit, power) : throw new LogOptionException($"invalid suffix: '{(suffix.Length > 3 ? suffix : suffix.ToLowerInvariant())}'");
    }
}
