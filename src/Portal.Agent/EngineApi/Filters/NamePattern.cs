using System.Text.RegularExpressions;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;

namespace Portal.Agent.EngineApi.Filters;

/// <summary>A regular expression over container names.</summary>
internal sealed class NamePattern
{
    private readonly Regex _regex;

    /// <summary>Reads a pattern; what is no regular expression is taken as text.</summary>
    /// <exception cref="ErrorException">400: it takes more than matching in linear time gives.</exception>
    public NamePattern(string text)
    {
        try
        {
            _regex = Make(text);
        }
        catch (NotSupportedException)
        {
            throw EngineErrors.Invalid("api.filters", $"invalid filter 'name={(text.Length > 64 ? text[..64] + "…" : text)}': it cannot be matched in linear time");
        }
    }

    /// <summary>True when it is found in the name, with or without the slash before it that the API shows.</summary>
    public bool IsMatch(string name) => _regex.IsMatch("/" + name) || _regex.IsMatch(name);

    private static Regex Make(string text)
    {
        try
        {
            return LinearRegex.Create(text);
        }
        catch (ArgumentException)
        {
            return LinearRegex.Create(Regex.Escape(text));
        }
    }
}
