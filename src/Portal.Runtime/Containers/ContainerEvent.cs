using Portal.Runtime.Events;

namespace Portal.Runtime.Containers;

/// <summary>Events of containers: image, name and every label go along.</summary>
public static class ContainerEvent
{
    /// <summary>Makes one.</summary>
    public static RuntimeEvent Of(ContainerSnapshot container, string action, DateTimeOffset now, params ReadOnlySpan<(string Key, string Value)> attributes)
    {
        var all = new Dictionary<string, string>(container.Effective.Labels) { ["image"] = container.Spec.Image, ["name"] = container.Name };
        foreach (var (key, value) in attributes)
        {
            all[key] = value;
        }

        return new("container", action, container.Id.Value, all, now);
    }
}
