using System.Buffers;
using System.Globalization;

namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>Times as Go reads them: <c>1m30s</c>, <c>1.5h</c>, <c>250ms</c>, <c>0</c>. Pure.</summary>
internal static class BuildDuration
{
    private static readonly SearchValues<char> s_number = SearchValues.Create("0123456789.");

    /// <summary>Null when it is none, or negative.</summary>
    public static TimeSpan? TryParse(string text)
    {
        if (text == "0")
        {
            return TimeSpan.Zero;
        }

        var total = 0.0;
        for (var rest = text.AsSpan().TrimStart('+'); ;)
        {
            var digits = rest.IndexOfAnyExcept(s_number);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            rest = rest[digits..];
            var letters = rest.IndexOfAnyInRange('0', '9');
            var unit = letters < 0 ? rest : rest[..letters];
            double? seconds = unit switch { "h" => 3600, "m" => 60, "s" => 1, "ms" => 1e-3, "us" or "µs" or "μs" => 1e-6, "ns" => 1e-9, _ => null };
            if (seconds is null)
            {
                return null;
            }

            total += number * seconds.Value;
            if (letters < 0)
            {
                return total < TimeSpan.MaxValue.TotalSeconds / 2 ? TimeSpan.FromSeconds(total) : null;
            }

            rest = rest[letters..];
        }
    }
}
