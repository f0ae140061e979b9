using System.Globalization;
using Portal.Agent.EngineApi.Mapping;
using Portal.Domain.Containers;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Mapping;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Images;
using Portal.Runtime.Networks;

namespace Portal.Agent.EngineApi.Filters;

/// <summary>The filters of GET /containers/json.</summary>
internal sealed class ContainerFilter
{
    public static readonly string[] Keys =
        ["ancestor", "before", "expose", "exited", "health", "id", "is-task", "isolation", "label", "name", "network", "publish", "since", "status", "volume"];

    private static readonly string[] s_states = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];
    private static readonly string[] s_healths = ["starting", "healthy", "unhealthy", "none"];

    private readonly EngineFilters _filters;
    private readonly List<NamePattern> _names;
    private readonly HashSet<Digest>? _ancestors;
    private readonly HashSet<string>? _networks;
    private readonly ContainerSnapshot? _before;
    private readonly ContainerSnapshot? _since;
    private readonly List<PortRange> _published;
    private readonly List<PortRange> _exposed;

    public ContainerFilter(EngineFilters filters, IContainers containers, IReadOnlyList<ImageSnapshot> images, IReadOnlyList<NetworkSnapshot> networks)
    {
        _filters = filters;
        foreach (var state in filters.Values("status"))
        {
            if (!s_states.Contains(state))
            {
                throw EngineErrors.Invalid("api.filters", $"invalid filter 'status={state}'");
            }
        }

        foreach (var code in filters.Values("exited"))
        {
            if (!int.TryParse(code, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
            {
                throw EngineErrors.Invalid("api.filters", $"invalid filter 'exited={code}'");
            }
        }

        foreach (var health in filters.Values("health"))
        {
            if (!s_healths.Contains(health))
            {
                throw EngineErrors.Invalid("api.filters", $"Unrecognised filter value for health: {health}");
            }
        }

        _ = filters.Boolean("is-task");
        _published = [.. filters.Values("publish").Select(PortSyntax.ParseRange)];
        _exposed = [.. filters.Values("expose").Select(PortSyntax.ParseRange)];
        _names = [.. filters.Values("name").Select(text => new NamePattern(text))];
        _ancestors = filters.Has("ancestor") ? Ancestors(filters.Values("ancestor"), images) : null;
        _networks = filters.Has("network") ? [.. filters.Values("network").SelectMany(n => Names(n, networks))] : null;
        _before = filters.Values("before") is [.., var before] ? containers.Resolve(before) : null;
        _since = filters.Values("since") is [.., var since] ? containers.Resolve(since) : null;
    }

    /// <summary>Stopped containers may be meant, although the request does not say "all".</summary>
    public bool ImpliesAll => _before is not null || _since is not null || _filters.Has("status") || _filters.Has("exited");

    public bool Fits(ContainerSnapshot c) =>
        _filters.Any("id", id => c.Id.Value.StartsWith(id, StringComparison.Ordinal))
        && (_names.Count == 0 || _names.Exists(pattern => pattern.IsMatch(c.Name)))
        && _filters.Labels(c.Effective.Labels)
        && _filters.Any("status", s => s == HumanDuration.Name(c.Status.State))
        && _filters.Any("exited", code => c.Status is { State: ContainerState.Exited, FinishedAt: not null } && int.Parse(code, CultureInfo.InvariantCulture) == c.Status.ExitCode)
        && (_ancestors is null || _ancestors.Contains(c.ImageId))
        && (_before is null || (c.Created < _before.Created && c.Id != _before.Id))
        && (_since is null || (c.Created > _since.Created && c.Id != _since.Id))
        && (_networks is null || c.Networks.Any(e => _networks.Contains(e.Network)))
        && FitsPorts(c)
        && _filters.Any("volume", v => c.Mounts.Any(m => m.VolumeName == v || m.Target == v || (m.Source.Length > 0 && m.Source == v)))
        && _filters.Any("health", h => h == (c.Status.Health is { } health ? HealthAnswers.Name(health.Status) : "none"))
        && _filters.Any("isolation", i => i is "" or "default")
        && _filters.Boolean("is-task") is not true;

    /// <summary>As with Docker, one port that either of the two filters means is enough, and "publish" means the host's side of it.</summary>
    private bool FitsPorts(ContainerSnapshot c) =>
        (_published.Count == 0 && _exposed.Count == 0)
        || (c.Attachment?.Ports.Any(p => _published.Exists(range => range.Contains(p.HostPort, p.Protocol))) ?? false)
        || c.Effective.ExposedPorts.Select(PortSyntax.Parse).Any(p => _exposed.Exists(range => range.Contains(p.Port, p.Protocol)));

    private static HashSet<Digest> Ancestors(IReadOnlyList<string> names, IReadOnlyList<ImageSnapshot> images)
    {
        var tags = ImageName.TagsOf(images);
        var ids = new HashSet<Digest>();
        foreach (var name in names)
        {
            if (tags.TryGetValue(ImageName.Familiar(name), out var id))
            {
                _ = ids.Add(id);
            }
            else
            {
                ids.UnionWith(images.Where(i => i.Id.ToString() == name || i.Id.Hex.StartsWith(name, StringComparison.Ordinal)).Select(i => i.Id));
            }
        }

        // An image also counts as the ancestor of those built on it: their layers begin with its layers.
        var bases = images.Where(i => ids.Contains(i.Id) && i.DiffIds.Count > 0).ToList();
        ids.UnionWith(images.Where(i => bases.Exists(b => i.DiffIds.Count > b.DiffIds.Count && i.DiffIds.Take(b.DiffIds.Count).SequenceEqual(b.DiffIds))).Select(i => i.Id));
        return ids;
    }

    private static IEnumerable<string> Names(string wanted, IReadOnlyList<NetworkSnapshot> networks) =>
        networks.Where(n => n.Name == wanted || n.Id.StartsWith(wanted, StringComparison.Ordinal)).Select(n => n.Name).DefaultIfEmpty(wanted);
}
