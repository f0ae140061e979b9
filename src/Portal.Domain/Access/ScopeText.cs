using System.Diagnostics.CodeAnalysis;
using Portal.Domain.Primitives;

namespace Portal.Domain.Access;

/// <summary>
/// Scopes as text, as they are stored and exchanged. A text is never read in another way once it was written:
/// <code>
/// all                                everything
/// host:NAME   group:NAME   swarm:NAME
/// stack:NAME@WHERE                   a stack or Compose project
/// labels:SELECTOR@WHERE              what carries labels, see <see cref="LabelSelector"/>
/// resource:KIND:ID@host:NAME         one container, image, network or volume
/// own@WHERE                          what the grant's subject owns
/// </code>
/// <c>WHERE</c> is any of these again. In names, <c>@</c> is written <c>%40</c> and <c>%</c> is written <c>%25</c>.
/// </summary>
public static class ScopeText
{
    private const int MostCharacters = 2048, MostParts = 4, LongestName = 255;

    /// <summary>The scope's one text.</summary>
    public static string Of(Scope scope) => scope switch
    {
        Scope.Everything => "all",
        Scope.OfHost host => $"host:{host.Host}",
        Scope.OfHostGroup group => $"group:{Escape(group.Group)}",
        Scope.OfSwarm swarm => $"swarm:{Escape(swarm.Swarm)}",
        Scope.OfStack stack => $"stack:{Escape(stack.Stack)}@{Of(stack.Within)}",
        Scope.WithLabels labels => $"labels:{Escape(labels.Selector.ToString())}@{Of(labels.Within)}",
        Scope.OfResource resource => $"resource:{resource.Kind.ToString().ToLowerInvariant()}:{Escape(resource.Id)}@host:{resource.Host}",
        Scope.OfOwner own => $"own@{Of(own.Within)}",
        _ => throw new ArgumentOutOfRangeException(nameof(scope), scope, "There is no text for this scope."),
    };

    /// <summary>Reads a scope; false when it is none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="subject">Whose it is: <c>own</c> is what this one owns.</param>
    /// <param name="scope">The scope.</param>
    public static bool TryParse(string? text, Subject subject, [NotNullWhen(true)] out Scope? scope)
    {
        scope = null;
        if (text is null or { Length: 0 or > MostCharacters })
        {
            return false;
        }

        // From the place inwards: each word to the left picks from what the one to its right covers.
        var words = text.Split('@');
        if (words.Length > MostParts)
        {
            return false;
        }

        scope = Place(words[^1]);
        for (var at = words.Length - 2; at >= 0 && scope is not null; at--)
        {
            scope = Part(words[at], scope, subject);
        }

        return scope is not null;
    }

    private static Scope? Place(string word) => Divide(word) switch
    {
        ("all", null) => Scope.All,
        ("host", { } name) when HostId.TryParse(name, null, out var host) => new Scope.OfHost(host),
        ("group", { } text) when Name(text) is { } group => new Scope.OfHostGroup(group),
        ("swarm", { } text) when Name(text) is { } swarm => new Scope.OfSwarm(swarm),
        _ => null,
    };

    private static Scope? Part(string word, Scope within, Subject subject) => Divide(word) switch
    {
        ("own", null) => new Scope.OfOwner(within, subject),
        ("stack", { } text) when Name(text) is { } stack => new Scope.OfStack(within, stack),
        ("labels", { } text) when LabelSelector.TryParse(Unescape(text), out var selector) => new Scope.WithLabels(within, selector),
        ("resource", { } text) when within is Scope.OfHost host && Divide(text) is var (kind, id) && KindOf(kind) is { } sort && Name(id) is { } name => new Scope.OfResource(host.Host, sort, name),
        _ => null,
    };

    private static (string Word, string? Tail) Divide(string text) =>
        text.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon ? (text[..colon], text[(colon + 1)..]) : (text, null);

    private static ResourceKind? KindOf(string word) => word switch
    {
        "container" => ResourceKind.Container,
        "image" => ResourceKind.Image,
        "network" => ResourceKind.Network,
        "volume" => ResourceKind.Volume,
        _ => null,
    };

    private static string? Name(string? text) =>
        Unescape(text) is { Length: > 0 and <= LongestName } name && !name.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) ? name : null;

    private static string Escape(string name) => name.Replace("%", "%25", StringComparison.Ordinal).Replace("@", "%40", StringComparison.Ordinal);

    /// <summary>Null for a text that was not written by <see cref="Escape"/>: a scope has one text and no other.</summary>
    private static string? Unescape(string? text)
    {
        var name = text?.Replace("%40", "@", StringComparison.Ordinal).Replace("%25", "%", StringComparison.Ordinal);
        return name is not null && Escape(name) == text ? name : null;
    }
}
