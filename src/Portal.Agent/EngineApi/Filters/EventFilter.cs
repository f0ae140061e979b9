using Portal.Agent.EngineApi.Mapping;
using Portal.Runtime.Events;

namespace Portal.Agent.EngineApi.Filters;

/// <summary>The filters of GET /events.</summary>
internal sealed class EventFilter(EngineFilters filters)
{
    public static readonly string[] Keys =
        ["config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret", "service", "type", "volume"];

    public bool Fits(RuntimeEvent e) =>
        filters.Any("type", t => t == e.Type)
        && filters.Any("event", name => name == e.Action || e.Action.StartsWith(name + ":", StringComparison.Ordinal))
        && filters.Any("scope", s => s == "local")
        && filters.Labels(e.Attributes)
        && filters.Any("image", i => MatchesImage(e, i))
        && Actor(e, "container") && Actor(e, "network") && Actor(e, "volume") && Actor(e, "daemon") && Actor(e, "plugin")
        && Actor(e, "service") && Actor(e, "node") && Actor(e, "secret") && Actor(e, "config");

    private bool Actor(RuntimeEvent e, string type) => filters.Any(type, wanted =>
        e.Type == type
            ? e.ActorId.StartsWith(wanted, StringComparison.Ordinal) || (e.Attributes.TryGetValue("name", out var name) && name.StartsWith(wanted.TrimStart('/'), StringComparison.Ordinal))

            // A container joining a network or mounting a volume is news of both.
            : e.Attributes.TryGetValue(type, out var other) && other.StartsWith(wanted, StringComparison.Ordinal));

    private static bool MatchesImage(RuntimeEvent e, string wanted)
    {
        var image = e.Type == "image" ? e.ActorId : e.Attributes.GetValueOrDefault("image", "");
        return image == wanted || ImageName.Familiar(image) == ImageName.Familiar(wanted) || Repository(image) == wanted
            || (e.Type == "image" && e.Attributes.TryGetValue("name", out var name) && (name == wanted || ImageName.Familiar(name) == ImageName.Familiar(wanted)));
    }

    private static string Repository(string image) =>
        Domain.Primitives.ImageReference.TryParse(image, null, out var reference) ? reference.FamiliarRepository : image;
}
