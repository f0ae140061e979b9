using System.Collections;
using System.Globalization;

namespace Portal.Runtime.Cgroups;

/// <summary>Numbers of processors or memory nodes as cpuset(7) writes them: <c>0-2,6</c>. Pure.</summary>
internal static class CpuList
{
    /// <summary>Numbers above are refused before anything is made of them (CVE-2018-20699).</summary>
    public const int Maximum = 8192;

    /// <summary>Reads a list; empty text is an empty list.</summary>
    /// <param name="text">The list.</param>
    /// <param name="numbers">The numbers in it are set.</param>
    /// <param name="reason">Why it was refused, in Docker's words; null when it was not.</param>
    public static bool TryParse(string text, out BitArray numbers, out string? reason)
    {
        numbers = new(Maximum + 1);
        reason = null;
        if (text.Length == 0)
        {
            return true;
        }

        foreach (var range in text.Split(','))
        {
            var dash = range.IndexOf('-', StringComparison.Ordinal);
            if (!TryNumber(dash < 0 ? range : range[..dash], out var first) || !TryNumber(dash < 0 ? range : range[(dash + 1)..], out var last) || last < first)
            {
                reason = $"invalid format: {text}";
                return false;
            }

            if (last > Maximum)
            {
                reason = string.Create(CultureInfo.InvariantCulture, $"value of out range, maximum is {Maximum}");
                return false;
            }

            for (var number = (int)first; number <= (int)last; number++)
            {
                numbers[number] = true;
            }
        }

        return true;
    }

    /// <summary>True when all of the first are in the second.</summary>
    public static bool IsWithin(BitArray numbers, BitArray available) => !new BitArray(available).Not().And(numbers).HasAnySet();

    private static bool TryNumber(string text, out ulong number) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
