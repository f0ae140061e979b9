using System.Collections.Immutable;

namespace Portal.Domain.Operations;

/// <summary>The newest lines of an operation's output. Bounded: a build may write without end. Not for several threads at once.</summary>
public sealed class OperationOutput
{
    /// <summary>The most lines that are kept.</summary>
    public const int MostLines = 1000;

    private const int LongestLine = 2048, MostCharacters = 256 * 1024;

    private readonly Queue<string> _lines = [];
    private string _open = "";
    private int _characters;

    /// <summary>How many lines there have been in all.</summary>
    public long Count { get; private set; }

    /// <summary>Takes in what an engine said. Text without an end of line waits for it.</summary>
    public void Take(OperationLine line)
    {
        if (line.Text is { } text)
        {
            var parts = (_open + text).Split('\n');
            foreach (var whole in parts.AsSpan(0, parts.Length - 1))
            {
                Add(whole);
            }

            _open = Cut(parts[^1]);
        }
        else if (line is { Part: null, Status: { Length: > 0 } status })
        {
            Add(status);
        }
    }

    /// <summary>Nothing more comes: what waits for its end of line is a line.</summary>
    public void End()
    {
        if (_open.Length > 0)
        {
            Add(_open);
            _open = "";
        }
    }

    /// <summary>Lines from the one of that number on, as far as they are kept, and how many of them are not.</summary>
    public (ImmutableArray<string> Lines, long Missed) From(long number)
    {
        var first = Count - _lines.Count;
        var missed = Math.Max(0, first - number);
        return ([.. _lines.Skip((int)Math.Clamp(number - first, 0, _lines.Count))], missed);
    }

    /// <summary>Forgets the lines, not how many there were.</summary>
    public void Clear()
    {
        _lines.Clear();
        _characters = 0;
    }

    private void Add(string text)
    {
        var line = Cut(text.TrimEnd('\r'));
        _lines.Enqueue(line);
        _characters += line.Length;
        Count++;
        while (_lines.Count > MostLines || _characters > MostCharacters)
        {
            _characters -= _lines.Dequeue().Length;
        }
    }

    private static string Cut(string text) => text.Length <= LongestLine ? text : text[..LongestLine];
}
