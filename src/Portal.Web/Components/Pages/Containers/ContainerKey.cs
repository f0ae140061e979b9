using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Web.Components.Pages.Containers;

/// <summary>Which container on which host.</summary>
public readonly record struct ContainerKey(HostId Host, ContainerId Id)
{
    /// <summary>The key of <paramref name="view"/>.</summary>
    public static ContainerKey Of(ContainerView view) => new(view.Host, view.Id);

    /// <summary>Address of the container's page.</summary>
    public string Url => $"/containers/{Host}/{Id}";
}
