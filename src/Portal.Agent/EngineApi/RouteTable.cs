using System.Diagnostics.CodeAnalysis;

namespace Portal.Agent.EngineApi;

/// <summary>All routes of the socket. The first that fits wins, so literal routes come before those with names in them.</summary>
internal sealed class RouteTable
{
    private readonly Dictionary<(string Method, string Head), List<EngineRoute>> _routes = [];

    public IEnumerable<EngineRoute> All => _routes.Values.SelectMany(list => list);

    public void Get(string template, EngineHandler handler) => Add("GET", template, handler);

    public void Head(string template, EngineHandler handler) => Add("HEAD", template, handler);

    public void Post(string template, EngineHandler handler) => Add("POST", template, handler);

    public void Put(string template, EngineHandler handler) => Add("PUT", template, handler);

    public void Delete(string template, EngineHandler handler) => Add("DELETE", template, handler);

    public void Add(string method, string template, EngineHandler handler)
    {
        var route = new EngineRoute(method, template, handler);
        if (!_routes.TryGetValue((method, route.Head), out var list))
        {
            _routes[(method, route.Head)] = list = [];
        }

        list.Add(route);
    }

    /// <summary>Finds the route of a path whose version prefix was taken off. <paramref name="target"/> is the name in it, or empty.</summary>
    public bool TryFind(string method, ReadOnlySpan<string> segments, [NotNullWhen(true)] out EngineRoute? route, out string target)
    {
        if (segments.Length > 0 && _routes.TryGetValue((method, segments[0]), out var list))
        {
            foreach (var candidate in list)
            {
                if (candidate.TryMatch(segments, out target))
                {
                    route = candidate;
                    return true;
                }
            }
        }

        (route, target) = (null, "");
        return false;
    }
}
