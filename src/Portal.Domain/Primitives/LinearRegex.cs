using System.Text.RegularExpressions;

namespace Portal.Domain.Primitives;

/// <summary>
/// Regular expressions that others may write. They are matched like Go's, in time linear in the text, so that none keeps a process
/// busy: no look-around, no references back, and none whose automaton gets large.
/// </summary>
public static class LinearRegex
{
    private const int MaximumLength = 1024, MaximumStates = 10_000;

    // Read by the framework at every construction. Nothing else says how large an automaton may get, and (((a{99}){99}){99}) is short.
    static LinearRegex() => AppContext.SetData("REGEX_NONBACKTRACKING_MAX_AUTOMATA_SIZE", MaximumStates);

    /// <summary>Reads an expression.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    /// <exception cref="NotSupportedException">It takes more than matching in linear time gives.</exception>
    public static Regex Create(string pattern) => pattern.Length <= MaximumLength
        ? new(pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)
        : throw new NotSupportedException($"It is longer than {MaximumLength} characters.");
}
