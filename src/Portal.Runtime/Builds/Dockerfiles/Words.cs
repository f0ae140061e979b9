using System.Text;

namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>Splits the rest of an instruction. Pure.</summary>
internal static class Words
{
    /// <summary>Splits at white space outside of quotes. Quotes and escapes stay in the words: they mean something to substitution.</summary>
    public static List<string> Split(string text, char escape)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var (inWord, quote) = (false, '\0');
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (!inWord)
            {
                if (char.IsWhiteSpace(c))
                {
                    continue;
                }

                inWord = true;
            }

            if (quote == 0 && char.IsWhiteSpace(c))
            {
                words.Add(word.ToString());
                word.Clear();
                inWord = false;
                continue;
            }

            if (c == escape && quote != '\'')
            {
                if (i + 1 == text.Length)
                {
                    // Nothing follows that it could escape.
                    quote = '\0';
                    continue;
                }

                word.Append(c).Append(text[++i]);
                continue;
            }

            if (quote == 0 && c is '\'' or '"')
            {
                quote = c;
            }
            else if (c == quote)
            {
                quote = '\0';
            }

            word.Append(c);
        }

        if (word.Length > 0)
        {
            words.Add(word.ToString());
        }

        return words;
    }

    /// <summary>Splits at white space, whatever is quoted.</summary>
    public static string[] Fields(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Takes the <c>--flags</c> from the beginning, without their quotes.</summary>
    /// <returns>The flags, and what follows them.</returns>
    public static (List<string> Flags, string Remainder) TakeFlags(string text)
    {
        var flags = new List<string>();
        for (var i = 0; ;)
        {
            while (i < text.Length && char.IsWhiteSpace(text[i]))
            {
                i++;
            }

            if (!text.AsSpan(i).StartsWith("--"))
            {
                return (flags, text[i..].Trim());
            }

            var word = new StringBuilder();
            var quote = '\0';
            for (; i < text.Length && (quote != 0 || !char.IsWhiteSpace(text[i])); i++)
            {
                var c = text[i];
                if (c == '\\' && i + 1 < text.Length)
                {
                    word.Append(text[++i]);
                }
                else if (quote == 0 && c is '\'' or '"')
                {
                    quote = c;
                }
                else if (c == quote)
                {
                    quote = '\0';
                }
                else
                {
                    word.Append(c);
                }
            }

            if (word.ToString() == "--")
            {
                return (flags, text[i..].Trim());
            }

            flags.Add(word.ToString());
        }
    }
}
