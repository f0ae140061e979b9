namespace Portal.Runtime.Builds;

/// <summary>A mode as chmod takes it: octal (<c>0755</c>) or symbolic (<c>u=rwX,go=rX</c>). Pure.</summary>
internal sealed class ModeChange
{
    private readonly uint? _octal;
    private readonly List<(uint Who, char How, string What)> _clauses = [];

    private ModeChange(string text)
    {
        if (text.Length is > 0 and <= 5 && text.All(c => c is >= '0' and <= '7'))
        {
            _octal = Convert.ToUInt32(text, 8);
            if (_octal > 0xFFF)
            {
                throw new FormatException();
            }

            return;
        }

        foreach (var clause in text.Split(','))
        {
            Read(clause);
        }
    }

    /// <summary>Null when the text is no mode.</summary>
    public static ModeChange? TryParse(string text)
    {
        try
        {
            return new(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>The mode of a file that had another.</summary>
    public uint Apply(uint mode, bool isFolder)
    {
        if (_octal is { } octal)
        {
            return octal;
        }

        foreach (var (who, how, what) in _clauses)
        {
            var bits = Bits(what, mode, isFolder) & who;
            mode = how switch
            {
                '+' => mode | bits,
                '-' => mode & ~bits,
                _ => (mode & ~(who & 0x1FF) & ~(who & 0xE00)) | bits,
            };
        }

        return mode;
    }

    private void Read(string clause)
    {
        var at = 0;
        uint who = 0;
        for (; at < clause.Length && clause[at] is 'u' or 'g' or 'o' or 'a'; at++)
        {
            // With a set of rights goes its special bit: setuid, setgid, sticky.
            who |= clause[at] switch { 'u' => 0x9C0u, 'g' => 0x438u, 'o' => 0x207u, _ => 0xFFFu };
        }

        who = who == 0 ? 0xFFF : who;
        if (at == clause.Length)
        {
            throw new FormatException();
        }

        while (at < clause.Length)
        {
            var how = clause[at] is '+' or '-' or '=' ? clause[at++] : throw new FormatException();
            var start = at;
            while (at < clause.Length && clause[at] is not ('+' or '-' or '='))
            {
                if (clause[at] is not ('r' or 'w' or 'x' or 'X' or 's' or 't' or 'u' or 'g' or 'o'))
                {
                    throw new FormatException();
                }

                at++;
            }

            _clauses.Add((who, how, clause[start..at]));
        }
    }

    private static uint Bits(string what, uint mode, bool isFolder)
    {
        uint bits = 0;
        foreach (var c in what)
        {
            bits |= c switch
            {
                'r' => 0x124u,
                'w' => 0x92u,
                'x' => 0x49u,
                'X' => isFolder || (mode & 0x49) != 0 ? 0x49u : 0,
                's' => 0xC00u,
                't' => 0x200u,
                'u' => ((mode >> 6) & 7) * 0x49,
                'g' => ((mode >> 3) & 7) * 0x49,
                _ => (mode & 7) * 0x49,
            };
        }

        return bits;
    }
}
