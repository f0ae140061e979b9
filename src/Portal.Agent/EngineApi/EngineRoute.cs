namespace Portal.Agent.EngineApi;

/// <summary>Answers one request. Expected failures are thrown as <see cref="Portal.Domain.Primitives.ErrorException"/>.</summary>
internal delegate Task EngineHandler(EngineRequest request);

/// <summary>
/// A method and a path template of literal segments with at most one name in it: <c>{id}</c> takes one segment,
/// <c>{name*}</c> everything up to the literals that follow (image names contain slashes).
/// </summary>
internal sealed class EngineRoute
{
    private readonly string[] _before;
    private readonly string[] _after;
    private readonly bool _named;
    private readonly bool _greedy;

    public EngineRoute(string method, string template, EngineHandler handler)
    {
        (Method, Template, Handler) = (method, template, handler);
        var segments = template.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var name = Array.FindIndex(segments, s => s[0] == '{');
        _named = name >= 0;
        _greedy = _named && segments[name].EndsWith("*}", StringComparison.Ordinal);
        _before = _named ? segments[..name] : segments;
        _after = _named ? segments[(name + 1)..] : [];
    }

    public string Method { get; }

    public string Template { get; }

    public EngineHandler Handler { get; }

    public string Head => _before[0];

    public bool TryMatch(ReadOnlySpan<string> segments, out string target)
    {
        target = "";
        var named = segments.Length - _before.Length - _after.Length;
        if ((_named ? (_greedy ? named < 1 : named != 1) : named != 0)
            || !segments[.._before.Length].SequenceEqual(_before)
            || !segments[^_after.Length..].SequenceEqual(_after))
        {
            return false;
        }

        if (_named)
        {
            target = named == 1 ? segments[_before.Length] : string.Join('/', segments.Slice(_before.Length, named));
        }

        return true;
    }
}
