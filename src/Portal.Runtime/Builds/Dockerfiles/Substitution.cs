using System.Text;

namespace Portal.Runtime.Builds.Dockerfiles;

/// <summary>
/// Replaces variables in the words of a Dockerfile and takes quotes and escapes away, as the reference tells: <c>$v</c>, <c>${v}</c>,
/// <c>${v:-w} ${v-w} ${v:+w} ${v+w} ${v:?w} ${v?w} ${v#p} ${v##p} ${v%p} ${v%%p} ${v/p/r} ${v//p/r}</c>. Pure.
/// </summary>
/// <param name="escape">The escape character.</param>
/// <param name="lookup">Value of a variable; null for unset.</param>
internal sealed class Substitution(char escape, Func<string, string?> lookup)
{
    // Deeper ones than anybody writes: ${a:-${b:-…}}.
    private const int MaximumDepth = 100;

    /// <summary>One word.</summary>
    /// <exception cref="FormatException">It is malformed; the message says how.</exception>
    public string Word(string text) => new Reader(this, text, quotes: true).Read(stop: '\0', raw: false, 0, null);

    /// <summary>One word that may become several: values of variables are split at white space, what is quoted is not.</summary>
    /// <exception cref="FormatException">It is malformed.</exception>
    public IReadOnlyList<string> Split(string text)
    {
        var words = new Splitter();
        _ = new Reader(this, text, quotes: true).Read('\0', raw: false, 0, words);
        return words.Finish();
    }

    /// <summary>A text in which quotes mean nothing, and escapes only before what they protect.</summary>
    /// <exception cref="FormatException">It is malformed.</exception>
    public string Text(string text) => new Reader(this, text, quotes: false).Read('\0', raw: false, 0, null);

    private sealed class Reader(Substitution owner, string text, bool quotes)
    {
        private int _at;

        private char Peek => _at < text.Length ? text[_at] : '\0';

        private bool AtEnd => _at >= text.Length;

        /// <param name="stop">Ends it, and is taken; 0 for the end of the text.</param>
        /// <param name="raw">Escapes stay: what is read is a pattern.</param>
        /// <param name="depth">Of nesting.</param>
        /// <param name="words">Gets the words; null when only the whole is wanted.</param>
        public string Read(char stop, bool raw, int depth, Splitter? words)
        {
            if (depth > MaximumDepth)
            {
                throw new FormatException("syntax error: substitutions are nested too deeply");
            }

            var result = new StringBuilder();
            while (!AtEnd)
            {
                var c = text[_at];
                if (stop != 0 && c == stop)
                {
                    _at++;
                    return result.ToString();
                }

                if (c == '$')
                {
                    var value = Dollar(depth);
                    result.Append(value);
                    words?.AddSplit(value);
                }
                else if (quotes && c is '\'' or '"')
                {
                    var value = c == '\'' ? SingleQuoted() : DoubleQuoted(depth);
                    result.Append(value);
                    words?.AddWhole(value);
                }
                else if (c == owner.Escape)
                {
                    _at++;
                    if (AtEnd)
                    {
                        break;
                    }

                    c = text[_at++];
                    if (raw || (!quotes && c != '$' && c != owner.Escape && c != '`'))
                    {
                        result.Append(owner.Escape);
                    }

                    result.Append(c);
                    words?.AddWhole(c.ToString());
                }
                else
                {
                    _at++;
                    result.Append(c);
                    words?.AddSplit(c.ToString());
                }
            }

            return stop == 0 ? result.ToString() : throw new FormatException(stop == '}' ? "syntax error: missing '}'" : $"syntax error: missing '{stop}' in substitution");
        }

        private string SingleQuoted()
        {
            var end = text.IndexOf('\'', _at + 1);
            if (end < 0)
            {
                throw new FormatException("unexpected end of statement while looking for matching single-quote");
            }

            var value = text[(_at + 1)..end];
            _at = end + 1;
            return value;
        }

        private string DoubleQuoted(int depth)
        {
            var result = new StringBuilder();
            for (_at++; !AtEnd;)
            {
                var c = text[_at];
                if (c == '"')
                {
                    _at++;
                    return result.ToString();
                }

                if (c == '$')
                {
                    result.Append(Dollar(depth));
                    continue;
                }

                _at++;
                if (c == owner.Escape && !AtEnd)
                {
                    var next = text[_at++];
                    if (next != '"' && next != '$' && next != owner.Escape)
                    {
                        result.Append(c);
                    }

                    c = next;
                }

                result.Append(c);
            }

            throw new FormatException("unexpected end of statement while looking for matching double-quote");
        }

        private string Dollar(int depth)
        {
            _at++;
            if (Peek != '{')
            {
                var plain = Name();
                return plain.Length == 0 ? "$" : owner.Lookup(plain) ?? "";
            }

            _at++;
            if (AtEnd)
            {
                throw new FormatException("syntax error: missing '}'");
            }

            if (Peek is '{' or '}' or ':')
            {
                throw new FormatException("syntax error: bad substitution");
            }

            var name = Name();
            if (AtEnd)
            {
                throw new FormatException("syntax error: missing '}'");
            }

            var value = owner.Lookup(name);
            var modifier = text[_at++];
            switch (modifier)
            {
                case '}':
                    return value ?? "";
                case '/':
                    return Replace(value, depth);
                case ':':
                    if (AtEnd)
                    {
                        throw new FormatException("syntax error: missing '}'");
                    }

                    modifier = text[_at++];
                    return modifier is '-' or '+' or '?' ? Choose(name, string.IsNullOrEmpty(value) ? null : value, modifier, depth) : throw Unsupported(":" + modifier);
                case '-' or '+' or '?':
                    return Choose(name, value, modifier, depth);
                case '#' or '%':
                    var longest = Peek == modifier;
                    _at += longest ? 1 : 0;
                    var pattern = new ShellPattern(Read('}', raw: true, depth + 1, null), owner.Escape);
                    return modifier == '#' ? pattern.WithoutPrefix(value ?? "", longest) : pattern.WithoutSuffix(value ?? "", longest);
                default:
                    throw Unsupported(modifier.ToString());
            }
        }

        private string Choose(string name, string? value, char modifier, int depth)
        {
            var word = Read('}', raw: false, depth + 1, null);
            return modifier switch
            {
                '-' => value ?? word,
                '+' => value is null ? "" : word,
                _ => value ?? throw new FormatException($"{name}: {(word.Length > 0 ? word : "is not allowed to be unset")}"),
            };
        }

        private string Replace(string? value, int depth)
        {
            var all = Peek == '/';
            _at += all ? 1 : 0;
            var pattern = new ShellPattern(Read('/', raw: true, depth + 1, null), owner.Escape);
            var replacement = Read('}', raw: false, depth + 1, null);
            return pattern.Replace(value ?? "", replacement, all);
        }

        /// <summary>Letters, digits and underscores; a number; or one of the shell's special parameters, which are all unset.</summary>
        private string Name()
        {
            var start = _at;
            if (!AtEnd && char.IsAsciiDigit(Peek))
            {
                while (char.IsAsciiDigit(Peek))
                {
                    _at++;
                }
            }
            else if (Peek is '@' or '*' or '#' or '?' or '-' or '$' or '!')
            {
                _at++;
            }
            else
            {
                while (char.IsLetterOrDigit(Peek) || Peek == '_')
                {
                    _at++;
                }
            }

            return text[start.._at];
        }

        private static FormatException Unsupported(string modifier) => new($"unsupported modifier ({modifier}) in substitution");
    }

    private char Escape => escape;

    private string? Lookup(string name) => lookup(name);

    /// <summary>Gathers words.</summary>
    private sealed class Splitter
    {
        private readonly List<string> _words = [];
        private readonly StringBuilder _word = new();
        private bool _inWord;

        public void AddSplit(string text)
        {
            foreach (var c in text)
            {
                if (!char.IsWhiteSpace(c))
                {
                    _word.Append(c);
                    _inWord = true;
                }
                else
                {
                    End();
                }
            }
        }

        public void AddWhole(string text)
        {
            _word.Append(text);
            _inWord = true;
        }

        public List<string> Finish()
        {
            End();
            return _words;
        }

        private void End()
        {
            if (_inWord)
            {
                _words.Add(_word.ToString());
                _word.Clear();
                _inWord = false;
            }
        }
    }
}
