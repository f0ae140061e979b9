using Portal.Api.Http;
using Portal.Domain.Access.Docker;
using Portal.Domain.Containers;

namespace Portal.Api.Containers;

/// <summary>Which containers of a list are wanted; null for any.</summary>
internal sealed record ContainerFilter(string? State, string? Name, string? Label, string? Image, string? Network, string? Stack)
{
    /// <summary>True for one of them.</summary>
    public bool Fits(ContainerView container) =>
        (State is null || container.State.ToString().Equals(State, StringComparison.OrdinalIgnoreCase))
        && (Name is null || container.Name.Contains(Name, StringComparison.OrdinalIgnoreCase))
        && container.Labels.Fits(Label)
        && (Image is null || container.Image.Contains(Image, StringComparison.OrdinalIgnoreCase))
        && (Network is null || container.Networks.Contains(Network))
        && (Stack is null || StackLabels.Of(container.Labels) == Stack);

    /// <summary>Puts containers in order. Those that are alike in it are in that of their ids.</summary>
    public static IReadOnlyList<ContainerView> Sort(IEnumerable<ContainerView> containers, string sort)
    {
        var order = sort switch
        {
            "name" => containers.OrderBy(container => container.Name, StringComparer.Ordinal),
            "-name" => containers.OrderByDescending(container => container.Name, StringComparer.Ordinal),
            "state" => containers.OrderBy(container => container.State),
            "-state" => containers.OrderByDescending(container => container.State),
            "created" => containers.OrderBy(container => container.Created),
            _ => containers.OrderByDescending(container => container.Created),
        };
        return [.. order.ThenBy(container => container.Host.Value, StringComparer.Ordinal).ThenBy(container => container.Id.Value, StringComparer.Ordinal)];
    }
}
