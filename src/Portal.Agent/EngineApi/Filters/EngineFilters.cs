using System.Text;
using System.Text.Json;
using Portal.Domain.Engine;

namespace Portal.Agent.EngineApi.Filters;

/// <summary>
/// The <c>filters</c> query parameter in both of its shapes: <c>{"label":["a=b"]}</c> and <c>{"label":{"a=b":true}}</c>.
/// Values of a key are alternatives (labels must all be there), keys must all hold.
/// </summary>
internal sealed class EngineFilters
{
    private readonly Dictionary<string, List<string>> _values = [];

    /// <summary>True when nothing is filtered.</summary>
    public bool IsEmpty => _values.Count == 0;

    /// <summary>Reads the parameter. A key outside of <paramref name="known"/> is an error; an empty set knows every key.</summary>
    public static EngineFilters Parse(string? json, params ReadOnlySpan<string> known)
    {
        var filters = new EngineFilters();
        if (string.IsNullOrWhiteSpace(json))
        {
            return filters;
        }

        try
        {
            filters.Read(Encoding.UTF8.GetBytes(json));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw EngineErrors.Invalid("api.filters", "invalid filter: " + e.Message);
        }

        foreach (var key in filters._values.Keys)
        {
            if (!known.Contains(key))
            {
                throw EngineErrors.Invalid("api.filters", $"invalid filter '{key}'");
            }
        }

        return filters;
    }

    public bool Has(string key) => _values.ContainsKey(key);

    public IReadOnlyList<string> Values(string key) => _values.TryGetValue(key, out var values) ? values : [];

    /// <summary>No such key, or one of its values fits.</summary>
    public bool Any(string key, Func<string, bool> fits) => !_values.TryGetValue(key, out var values) || values.Exists(v => fits(v));

    /// <summary>No such key, or all of its values fit.</summary>
    public bool Every(string key, Func<string, bool> fits) => !_values.TryGetValue(key, out var values) || values.TrueForAll(v => fits(v));

    /// <summary>The labels carry everything <c>label</c> asks for and nothing <c>label!</c> excludes.</summary>
    public bool Labels(IReadOnlyDictionary<string, string> labels) =>
        Every("label", wanted => HasLabel(labels, wanted)) && Every("label!", unwanted => !HasLabel(labels, unwanted));

    /// <summary>A boolean key; null when absent.</summary>
    public bool? Boolean(string key)
    {
        if (!_values.TryGetValue(key, out var values))
        {
            return null;
        }

        var yes = values.Exists(v => v is "1" or "true" or "True" or "TRUE" or "t" or "T");
        var no = values.Exists(v => v is "0" or "false" or "False" or "FALSE" or "f" or "F");
        return yes != no ? yes : throw EngineErrors.Invalid("api.filters", $"invalid filter '{key}=[{string.Join(' ', values)}]'");
    }

    private static bool HasLabel(IReadOnlyDictionary<string, string> labels, string wanted)
    {
        var at = wanted.IndexOf('=');
        return at < 0
            ? labels.ContainsKey(wanted)
            : labels.TryGetValue(wanted[..at], out var value) && value == wanted[(at + 1)..];
    }

    private void Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        _ = reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        Expect(reader.TokenType == JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            var values = _values[key] = [];
            _ = reader.Read();
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    Expect(reader.TokenType == JsonTokenType.String);
                    values.Add(reader.GetString()!);
                }
            }
            else
            {
                Expect(reader.TokenType == JsonTokenType.StartObject);
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var value = reader.GetString()!;
                    _ = reader.Read();
                    if (reader.GetBoolean())
                    {
                        values.Add(value);
                    }
                }
            }
        }

        // Anything after the object is a mistake too: the reader throws.
        Expect(!reader.Read());
    }

    private static void Expect(bool condition)
    {
        if (!condition)
        {
            throw new JsonException("an object of lists is expected");
        }
    }
}
