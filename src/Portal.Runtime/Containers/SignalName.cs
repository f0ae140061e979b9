using System.Globalization;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Containers;

/// <summary>Signals by name or number (signal(7); the numbers of x86 and Arm).</summary>
internal static class SignalName
{
    public const int Kill = 9, Terminate = 15, WindowChanged = 28;

    private static readonly Dictionary<string, int> s_numbers = new(StringComparer.OrdinalIgnoreCase)
    {
        ["HUP"] = 1, ["INT"] = 2, ["QUIT"] = 3, ["ILL"] = 4, ["TRAP"] = 5, ["ABRT"] = 6, ["IOT"] = 6, ["BUS"] = 7, ["FPE"] = 8, ["KILL"] = 9, ["USR1"] = 10,
        ["SEGV"] = 11, ["USR2"] = 12, ["PIPE"] = 13, ["ALRM"] = 14, ["TERM"] = 15, ["STKFLT"] = 16, ["CHLD"] = 17, ["CLD"] = 17, ["CONT"] = 18, ["STOP"] = 19,
        ["TSTP"] = 20, ["TTIN"] = 21, ["TTOU"] = 22, ["URG"] = 23, ["XCPU"] = 24, ["XFSZ"] = 25, ["VTALRM"] = 26, ["PROF"] = 27, ["WINCH"] = 28, ["IO"] = 29,
        ["POLL"] = 29, ["PWR"] = 30, ["SYS"] = 31, ["RTMIN"] = 34, ["RTMAX"] = 64,
    };

    /// <summary>Reads <c>SIGHUP</c>, <c>hup</c>, <c>RTMIN+3</c> or <c>1</c>.</summary>
    /// <exception cref="ErrorException">400: no such signal.</exception>
    public static int Parse(string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number is >= 1 and <= 64 ? number : throw Unknown(text);
        }

        var name = text.StartsWith("SIG", StringComparison.OrdinalIgnoreCase) ? text[3..] : text;
        if (s_numbers.TryGetValue(name, out number))
        {
            return number;
        }

        var sign = name.IndexOfAny(['+', '-']);
        return sign > 0
            && s_numbers.TryGetValue(name[..sign], out var origin) && origin is 34 or 64
            && int.TryParse(name.AsSpan(sign), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var offset)
            && origin + offset is >= 34 and <= 64 ? origin + offset : throw Unknown(text);
    }

    private static ErrorException Unknown(string text) => new(ErrorKind.Invalid, "container.invalid_signal", $"invalid signal: {text}");
}
