using System.Globalization;
using System.Net;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>Values of driver options. Pure.</summary>
internal static class OptionReader
{
    /// <summary>As Go reads one.</summary>
    /// <exception cref="ErrorException">400: it is none.</exception>
    public static bool Boolean(this IReadOnlyDictionary<string, string> options, string key, bool otherwise) => options.GetValueOrDefault(key) switch
    {
        null or "" => otherwise,
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        var text => throw Failed(key, text, $"strconv.ParseBool: parsing \"{text}\": invalid syntax"),
    };

    /// <summary>A size of packets; 0 when nothing is said.</summary>
    /// <exception cref="ErrorException">400: it is none.</exception>
    public static int Mtu(this IReadOnlyDictionary<string, string> options, string key)
    {
        if (options.GetValueOrDefault(key) is not { Length: > 0 } text)
        {
            return 0;
        }

        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var mtu))
        {
            throw Failed(key, text, $"strconv.Atoi: parsing \"{text}\": invalid syntax");
        }

        return mtu switch
        {
            < 0 => throw NetworkErrors.Invalid($"invalid MTU number: {mtu}"),
            > 0 and < 68 or > 65535 => throw NetworkErrors.Invalid($"invalid MTU number: {mtu}: between 68 and 65535"),
            _ => mtu,
        };
    }

    /// <summary>An address; null when nothing is said.</summary>
    /// <exception cref="ErrorException">400: it is none.</exception>
    public static IPAddress? Address(this IReadOnlyDictionary<string, string> options, string key, bool isIPv6)
    {
        if (options.GetValueOrDefault(key) is not { Length: > 0 } text)
        {
            return null;
        }

        return Subnet.TryParseAddress(text, out var address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 == isIPv6
            ? address
            : throw Failed(key, text, "nil ip");
    }

    /// <summary>The name of a link, at most so long; null when nothing is said.</summary>
    /// <exception cref="ErrorException">400: no link can be called so.</exception>
    public static string? Link(this IReadOnlyDictionary<string, string> options, string key, int length = 15)
    {
        if (options.GetValueOrDefault(key) is not { Length: > 0 } text)
        {
            return null;
        }

        return IsLink(text) && text.Length <= length ? text : throw NetworkErrors.Invalid($"invalid value for option {key}: \"{text}\" is not the name of a link");
    }

    /// <summary>Whether a link can be called so. Names get into nft text, so they must be one word there.</summary>
    public static bool IsLink(string name) =>
        name.Length is > 0 and <= 15 && name is not ("." or "..") && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '@');

    private static ErrorException Failed(string key, string text, string why) => NetworkErrors.Invalid($"failed to parse {key} value: {text} ({why})");
}
