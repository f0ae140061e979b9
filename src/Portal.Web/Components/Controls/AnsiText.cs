using System.Buffers;
using System.Globalization;
using System.Text;

namespace Portal.Web.Components.Controls;

/// <summary>A stretch of text in one style.</summary>
/// <param name="Text">What to show, without control characters.</param>
/// <param name="Class">CSS classes, or null for plain text.</param>
/// <param name="Style">Inline colours of the 256-colour and true-colour forms, or null.</param>
public readonly record struct AnsiRun(string Text, string? Class, string? Style)
{
    /// <summary>Part of what the reader searches for.</summary>
    public bool Hit { get; init; }
}

/// <summary>
/// Reads a line as a terminal would, as far as a log needs: colours and weights (SGR, ECMA-48 8.3.117) become runs, every other
/// escape sequence and control character is dropped. A line is untrusted text; nothing of it ever becomes markup.
/// </summary>
public static class AnsiText
{
    private static readonly SearchValues<char> s_parameters = SearchValues.Create("0123456789;:");

    private const char Escape = '\u001b';

    /// <summary>The styled runs of a line.</summary>
    public static IReadOnlyList<AnsiRun> Parse(string line)
    {
        // A progress bar redraws its line after a carriage return; what stands at the end is what a terminal would show.
        var end = line.AsSpan().TrimEnd('\r').Length;
        var start = line.LastIndexOf('\r', Math.Max(0, end - 1), Math.Max(0, end)) + 1;
        var runs = new List<AnsiRun>(1);
        var text = new StringBuilder(end - start);
        var style = new Sgr();
        for (var i = start; i < end;)
        {
            var c = line[i];
            if (c == Escape || c == '\u009b')
            {
                var (next, parameters) = ReadSequence(line, i, end);
                if (parameters is not null)
                {
                    Flush(runs, text, style);
                    style.Apply(parameters);
                }

                i = next;
                continue;
            }

            i++;
            if (c == '\t')
            {
                text.Append("    ");
            }
            else if (IsDirectionControl(c))
            {
                // Direction overrides make a line read differently from what it is: show that one was there.
                text.Append('\ufffd');
            }
            else if (!char.IsControl(c))
            {
                text.Append(c);
            }
        }

        Flush(runs, text, style);
        return runs;
    }

    /// <summary>The text of the runs, without styles.</summary>
    public static string Plain(IReadOnlyList<AnsiRun> runs) => runs.Count == 1 ? runs[0].Text : string.Concat(runs.Select(run => run.Text));

    /// <summary>Cuts the runs so that every occurrence of <paramref name="query"/> (any case) is its own, marked as a hit.</summary>
    public static IReadOnlyList<AnsiRun> Mark(IReadOnlyList<AnsiRun> runs, string query)
    {
        if (query.Length == 0)
        {
            return runs;
        }

        var plain = Plain(runs);
        var marked = new List<AnsiRun>(runs.Count + 2);
        var (offset, hit) = (0, plain.IndexOf(query, StringComparison.OrdinalIgnoreCase));
        foreach (var run in runs)
        {
            var end = offset + run.Text.Length;
            var at = offset;
            while (at < end)
            {
                if (hit < 0 || hit >= end)
                {
                    marked.Add(run with { Text = plain[at..end] });
                    at = end;
                }
                else if (at < hit)
                {
                    marked.Add(run with { Text = plain[at..hit] });
                    at = hit;
                }
                else
                {
                    var stop = Math.Min(end, hit + query.Length);
                    marked.Add(run with { Text = plain[at..stop], Hit = true });
                    at = stop;
                    if (at == hit + query.Length)
                    {
                        hit = plain.IndexOf(query, at, StringComparison.OrdinalIgnoreCase);
                    }
                }
            }

            offset = end;
        }

        return marked;
    }

    // Returns where the text goes on and, for an SGR sequence only, its parameters.
    private static (int Next, string? Sgr) ReadSequence(string line, int i, int end)
    {
        var introducer = i + 1;
        if (line[i] == Escape)
        {
            if (introducer >= end)
            {
                return (end, null);
            }

            switch (line[introducer])
            {
                case '[':
                    introducer++;
                    break;
                case ']' or 'P' or 'X' or '^' or '_':
                    return (AfterString(line, introducer + 1, end), null);
                default:
                    // nF sequences: intermediates 0x20–0x2F, then one final byte.
                    while (introducer < end && line[introducer] is >= ' ' and <= '/')
                    {
                        introducer++;
                    }

                    return (Math.Min(end, introducer + 1), null);
            }
        }

        var final = introducer;
        while (final < end && line[final] is >= '\u0020' and <= '\u003f')
        {
            final++;
        }

        if (final >= end)
        {
            return (end, null);
        }

        if (line[final] is < '@' or > '~')
        {
            return (final, null);
        }

        var parameters = line.AsSpan(introducer, final - introducer);
        return (final + 1, line[final] == 'm' && !parameters.ContainsAnyExcept(s_parameters) ? parameters.ToString() : null);
    }

    // OSC, DCS, SOS, PM and APC run to BEL or ST; one that never ends takes the rest of the line.
    private static int AfterString(string line, int i, int end)
    {
        for (; i < end; i++)
        {
            if (line[i] is '\u0007' or '\u009c')
            {
                return i + 1;
            }

            if (line[i] == Escape)
            {
                return i + 1 < end && line[i + 1] == '\\' ? i + 2 : i;
            }
        }

        return end;
    }

    private static void Flush(List<AnsiRun> runs, StringBuilder text, Sgr style)
    {
        if (text.Length > 0)
        {
            runs.Add(new(text.ToString(), style.Class, style.Style));
            text.Clear();
        }
    }

    private static bool IsDirectionControl(char c) => c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    private struct Sgr
    {
        private bool _bold;
        private bool _dim;
        private bool _italic;
        private bool _underline;
        private bool _strike;
        private bool _reverse;
        private int _fore;
        private int _back;

        // Colours: 0 none, 1 to 16 the palette plus one, below zero ~0xRRGGBB.
        public readonly string? Class
        {
            get
            {
                var (fore, back) = _reverse ? (_back, _fore) : (_fore, _back);
                var classes = new StringBuilder();
                Add(classes, _bold, "a-b");
                Add(classes, _dim, "a-d");
                Add(classes, _italic, "a-i");
                Add(classes, _underline, "a-u");
                Add(classes, _strike, "a-s");
                Add(classes, _reverse && fore == 0 && back == 0, "a-r");
                Add(classes, fore > 0, "a-f" + (fore - 1).ToString(CultureInfo.InvariantCulture));
                Add(classes, back > 0, "a-g" + (back - 1).ToString(CultureInfo.InvariantCulture));
                return classes.Length == 0 ? null : classes.ToString();
            }
        }

        public readonly string? Style
        {
            get
            {
                var (fore, back) = _reverse ? (_back, _fore) : (_fore, _back);
                return (fore < 0, back < 0) switch
                {
                    (false, false) => null,
                    (true, false) => $"color:#{~fore:x6}",
                    (false, true) => $"background:#{~back:x6}",
                    (true, true) => $"color:#{~fore:x6};background:#{~back:x6}",
                };
            }
        }

        public void Apply(string parameters)
        {
            // Both separators are in use for the extended colours; a colon form is read as the semicolon form.
            var codes = parameters.Split([';', ':'], 33);
            for (var i = 0; i < Math.Min(codes.Length, 32); i++)
            {
                _ = int.TryParse(codes[i], NumberStyles.None, CultureInfo.InvariantCulture, out var code);
                switch (code)
                {
                    case 0: this = default; break;
                    case 1: _bold = true; break;
                    case 2: _dim = true; break;
                    case 3: _italic = true; break;
                    case 4: _underline = true; break;
                    case 7: _reverse = true; break;
                    case 9: _strike = true; break;
                    case 22: (_bold, _dim) = (false, false); break;
                    case 23: _italic = false; break;
                    case 24: _underline = false; break;
                    case 27: _reverse = false; break;
                    case 29: _strike = false; break;
                    case >= 30 and <= 37: _fore = code - 29; break;
                    case 38: _fore = Extended(codes, ref i, _fore); break;
                    case 39: _fore = 0; break;
                    case >= 40 and <= 47: _back = code - 39; break;
                    case 48: _back = Extended(codes, ref i, _back); break;
                    case 49: _back = 0; break;
                    case >= 90 and <= 97: _fore = code - 81; break;
                    case >= 100 and <= 107: _back = code - 91; break;
                }
            }
        }

        private static int Extended(string[] codes, ref int i, int current)
        {
            if (i + 2 < codes.Length && codes[i + 1] == "5" && byte.TryParse(codes[i + 2], out var index))
            {
                i += 2;
                return index < 16 ? index + 1 : ~Palette(index);
            }

            if (i + 4 < codes.Length && codes[i + 1] == "2" &&
                byte.TryParse(codes[i + 2], out var r) && byte.TryParse(codes[i + 3], out var g) && byte.TryParse(codes[i + 4], out var b))
            {
                i += 4;
                return ~((r << 16) | (g << 8) | b);
            }

            i = codes.Length;
            return current;
        }

        // xterm's colour cube and grey ramp.
        private static int Palette(int index)
        {
            if (index >= 232)
            {
                var grey = 8 + ((index - 232) * 10);
                return (grey << 16) | (grey << 8) | grey;
            }

            index -= 16;
            static int Level(int step) => step == 0 ? 0 : 55 + (step * 40);
            return (Level(index / 36) << 16) | (Level(index / 6 % 6) << 8) | Level(index % 6);
        }

        private static void Add(StringBuilder classes, bool when, string name)
        {
            if (when)
            {
                classes.Append(classes.Length == 0 ? "" : " ").Append(name);
            }
        }
    }
}
