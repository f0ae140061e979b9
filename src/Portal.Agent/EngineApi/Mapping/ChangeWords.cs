using System.Text;
using Portal.Domain.Engine;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>
/// The words of a Dockerfile instruction: quotes are taken off, a backslash takes the next character as it is, and variables
/// stand for what the image's environment says (<c>$A</c>, <c>${A}</c>, <c>${A:-otherwise}</c>, <c>${A:+instead}</c>). Pure.
/// </summary>
/// <param name="text">The instruction's argument.</param>
/// <param name="environment"><c>NAME=value</c>.</param>
internal sealed class ChangeWords(string text, IReadOnlyList<string> environment)
{
    private readonly StringBuilder _word = new();
    private int _at;

    /// <summary>The words, separated by blanks that are not quoted.</summary>
    public static List<string> Split(string text, IReadOnlyList<string> environment) => new ChangeWords(text, environment).Split();

    /// <summary>The text as one word.</summary>
    public static string Whole(string text, IReadOnlyList<string> environment)
    {
        var words = new ChangeWords(text, environment);
        words.Read(stopAtBlank: false);
        return words._word.ToString();
    }

    private List<string> Split()
    {
        var words = new List<string>();
        while (true)
        {
            while (_at < text.Length && IsBlank(text[_at]))
            {
                _at++;
            }

            if (_at == text.Length)
            {
                return words;
            }

            _ = _word.Clear();
            Read(stopAtBlank: true);
            words.Add(_word.ToString());
        }
    }

    private void Read(bool stopAtBlank)
    {
        var quote = '\0';
        while (_at < text.Length)
        {
            var c = text[_at];
            if (quote == '\0' && stopAtBlank && IsBlank(c))
            {
                return;
            }

            _at++;
            if (c == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && c is '"' or '\'')
            {
                quote = c;
            }
            else if (c == '\\' && quote != '\'' && _at < text.Length)
            {
                // Between double quotes it only takes away a meaning; before anything else it stays.
                if (quote == '"' && text[_at] is not ('"' or '$' or '\\'))
                {
                    _ = _word.Append(c);
                }

                _ = _word.Append(text[_at++]);
            }
            else if (c == '$' && quote != '\'')
            {
                _ = _word.Append(Variable());
            }
            else
            {
                _ = _word.Append(c);
            }
        }

        if (quote != '\0')
        {
            throw EngineErrors.Invalid("image.changes", $"unexpected end of statement while looking for matching {(quote == '"' ? "double" : "single")}-quote");
        }
    }

    private string Variable()
    {
        if (_at < text.Length && text[_at] == '{')
        {
            var end = text.IndexOf('}', _at);
            if (end < 0)
            {
                throw EngineErrors.Invalid("image.changes", "syntax error: missing '}'");
            }

            var inside = text[(_at + 1)..end];
            _at = end + 1;
            var colon = inside.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                return Value(inside);
            }

            var (value, word) = (Value(inside[..colon]), colon + 2 <= inside.Length ? inside[(colon + 2)..] : "");
            return inside.AsSpan(colon + 1) switch
            {
                ['-', ..] => value.Length > 0 ? value : Whole(word, environment),
                ['+', ..] => value.Length > 0 ? Whole(word, environment) : "",
                _ => throw EngineErrors.Invalid("image.changes", $"unsupported modifier in substitution: {inside}"),
            };
        }

        var start = _at;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] == '_'))
        {
            _at++;
        }

        return start == _at ? "$" : Value(text[start.._at]);
    }

    private string Value(string name) =>
        environment.LastOrDefault(entry => entry.StartsWith(name, StringComparison.Ordinal) && entry.Length > name.Length && entry[name.Length] == '=') is { } found ? found[(name.Length + 1)..] : "";

    private static bool IsBlank(char c) => c is ' ' or '\t';
}
