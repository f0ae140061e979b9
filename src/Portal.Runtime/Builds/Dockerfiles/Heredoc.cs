namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>Text that follows an instruction up to a line with its name.</summary>
/// <param name="Name">What ends it; also the name of the file it becomes.</param>
/// <param name="Content">The lines, each with its end.</param>
/// <param name="Expands">Variables in it are replaced: no part of the name was quoted.</param>
/// <param name="Chomps"><c>&lt;&lt;-</c>: tabs at the beginning of lines are none of it.</param>
internal sealed record Heredoc(string Name, string Content, bool Expands, bool Chomps)
{
    /// <summary>The content without the tabs that are none of it.</summary>
    public string Text => Chomps ? string.Join('\n', Content.Split('\n').Select(line => line.TrimStart('\t'))) : Content;

    /// <summary>Reads a word of an instruction: <c>&lt;&lt;EOF</c>, <c>&lt;&lt;-"EOF"</c>, <c>3&lt;&lt;EOF</c>. Null when it begins no such text.</summary>
    public static Heredoc? TryParse(string word)
    {
        var at = 0;
        while (at < word.Length && char.IsAsciiDigit(word[at]))
        {
            at++;
        }

        if (!word.AsSpan(at).StartsWith("<<"))
        {
            return null;
        }

        at += 2;
        var chomps = at < word.Length && word[at] == '-';
        var name = word[(at + (chomps ? 1 : 0))..];
        if (name.Length == 0 || name.Contains('<', StringComparison.Ordinal))
        {
            return null;
        }

        try
        {
            // Quoted in any part, the text is taken as it stands.
            return new Substitution('\\', _ => null).Split(name) is [{ Length: > 0 } plain] ? new(plain, "", Expands: plain == name, chomps) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Those that the words of a line begin, in their order.</summary>
    public static IReadOnlyList<Heredoc> Of(string line) => [.. Words.Split(line, '\\').Select(TryParse).OfType<Heredoc>()];
}
