using System.Diagnostics.CodeAnalysis;

namespace Portal.Domain.Access;

/// <summary>Chooses resources by labels, in the words of Kubernetes' equality-based selectors: <c>team=web,stage!=prod,backup,!old</c>. All parts must hold.</summary>
public sealed class LabelSelector : IEquatable<LabelSelector>
{
    private const int MostParts = 32, MostCharacters = 1024;

    private readonly Part[] _parts;
    private readonly string _text;

    private LabelSelector(Part[] parts) => (_parts, _text) = (parts, string.Join(',', (object[])parts));

    /// <summary>Reads a selector; false when it is none, which an empty one is too: it would choose everything.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out LabelSelector? selector)
    {
        selector = null;
        if (text is null || text.Length > MostCharacters)
        {
            return false;
        }

        var words = text.Split(',', StringSplitOptions.TrimEntries);
        var parts = words.Select(Part.Parse).ToArray();
        if (parts.Length > MostParts || parts.Any(part => part is null))
        {
            return false;
        }

        selector = new(parts!);
        return true;
    }

    /// <summary>True when every part holds.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels) => Array.TrueForAll(_parts, part => part.Holds(labels));

    /// <inheritdoc/>
    public bool Equals(LabelSelector? other) => other is not null && _text == other._text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LabelSelector);

    /// <inheritdoc/>
    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The selector as it is written.</summary>
    public override string ToString() => _text;

    /// <param name="Key">The label.</param>
    /// <param name="Value">Its value; null when only its presence counts.</param>
    /// <param name="Not">It must not be so.</param>
    private sealed record Part(string Key, string? Value, bool Not)
    {
        public static Part? Parse(string text)
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                var not = text.StartsWith('!');
                return Name(not ? text[1..] : text) is { } only ? new(only, null, not) : null;
            }

            var differs = equals > 0 && text[equals - 1] == '!';
            var value = text[(equals + 1)..].TrimStart('=').Trim();
            return Name(text[..(differs ? equals - 1 : equals)].Trim()) is { } key && !value.Any(char.IsControl) ? new(key, value, differs) : null;
        }

        public bool Holds(IReadOnlyDictionary<string, string> labels) => Not != (labels.TryGetValue(Key, out var value) && (Value is null || Value == value));

        public override string ToString() => Value is null ? (Not ? "!" : "") + Key : $"{Key}{(Not ? "!=" : "=")}{Value}";

        private static string? Name(string text) => text.Length > 0 && !text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c == '!') ? text : null;
    }
}
