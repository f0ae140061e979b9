using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Portal.Runtime.Cgroups;

/// <summary>
/// A read-only dictionary of counters. The kernel prints the same keys in the same order every time, so the keys and their
/// index are made once and every sample adds only its numbers.
/// </summary>
internal sealed class CounterTable : IReadOnlyDictionary<string, ulong>
{
    private readonly Layout _layout;
    private readonly ulong[] _values;

    private CounterTable(Layout layout, ulong[] values) => (_layout, _values) = (layout, values);

    public IEnumerable<string> Keys => _layout.Names;

    public IEnumerable<ulong> Values => _values;

    public int Count => _values.Length;

    public ulong this[string key] => _values[_layout.Index[key]];

    /// <summary>Reads a flat keyed file.</summary>
    /// <param name="text">The file.</param>
    /// <param name="layout">Layout of the last reading, replaced when the keys differ.</param>
    public static CounterTable Parse(ReadOnlySpan<byte> text, [NotNull] ref Layout? layout)
    {
        layout ??= Layout.Of(text);
        if (TryParse(text, layout) is not { } table)
        {
            layout = Layout.Of(text);
            table = TryParse(text, layout)!;
        }

        return table;
    }

    public bool ContainsKey(string key) => _layout.Index.ContainsKey(key);

    public bool TryGetValue(string key, out ulong value)
    {
        var found = _layout.Index.TryGetValue(key, out var index);
        value = found ? _values[index] : 0;
        return found;
    }

    public IEnumerator<KeyValuePair<string, ulong>> GetEnumerator()
    {
        for (var i = 0; i < _values.Length; i++)
        {
            yield return new(_layout.Names[i], _values[i]);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static CounterTable? TryParse(ReadOnlySpan<byte> text, Layout layout)
    {
        var values = new ulong[layout.Names.Length];
        var lines = new FlatKeyedFile(text);
        var count = 0;
        while (lines.TryNext(out var key, out var value))
        {
            if (count == values.Length || !key.SequenceEqual(layout.Utf8[count]))
            {
                return null;
            }

            values[count++] = value;
        }

        return count == values.Length ? new(layout, values) : null;
    }

    /// <summary>Keys in the kernel's order.</summary>
    internal sealed class Layout
    {
        private Layout(string[] names)
        {
            Names = names;
            Utf8 = [.. names.Select(Encoding.ASCII.GetBytes)];
            for (var i = 0; i < names.Length; i++)
            {
                _ = Index.TryAdd(names[i], i);
            }
        }

        public string[] Names { get; }

        public byte[][] Utf8 { get; }

        public Dictionary<string, int> Index { get; } = [];

        public static Layout Of(ReadOnlySpan<byte> text)
        {
            var names = new List<string>();
            var lines = new FlatKeyedFile(text);
            while (lines.TryNext(out var key, out _))
            {
                names.Add(Encoding.ASCII.GetString(key));
            }

            return new([.. names]);
        }
    }
}
