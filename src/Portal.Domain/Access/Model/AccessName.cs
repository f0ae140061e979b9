using Portal.Domain.Primitives;

namespace Portal.Domain.Access.Model;

/// <summary>What a team, role or token may be called: people read it, and nothing in it may deceive them.</summary>
public static class AccessName
{
    private const int Longest = 64;

    /// <summary>Why the name cannot be used, or null.</summary>
    public static Error? Check(string what, string name) => name is { Length: > 0 and <= Longest } && name.All(IsUsable) && name.Trim() == name
        ? null
        : new(ErrorKind.Invalid, $"{what}.name", $"The name of a {what} has 1 to {Longest} characters: letters a-z, digits, spaces within, and . _ - @ + /.");

    /// <summary>The refusal of a name that is taken.</summary>
    public static Error Taken(string what, string name) => new(ErrorKind.Conflict, $"{what}.taken", $"There is a {what} {name} already. Choose another name.");

    // The letters of one alphabet only: names that look the same are the same.
    private static bool IsUsable(char c) => char.IsAsciiLetterOrDigit(c) || c is ' ' or '.' or '_' or '-' or '@' or '+' or '/';
}
