using Portal.Domain.Access;
using Portal.Domain.Containers;

namespace Portal.Web.Components.Pages.Containers;

/// <summary>What a person can do to a container.</summary>
public enum ContainerAction
{
    Start,
    Stop,
    Restart,
    Kill,
    Remove,
}

/// <summary>What each action needs and is called. Only what to offer: the handlers and the engine decide.</summary>
public static class ContainerActionRules
{
    /// <summary>The permission the action's handler asks for.</summary>
    public static Permission Permission(this ContainerAction action) => action switch
    {
        ContainerAction.Start => Domain.Access.Permission.ContainerStart,
        ContainerAction.Stop => Domain.Access.Permission.ContainerStop,
        ContainerAction.Restart => Domain.Access.Permission.ContainerRestart,
        ContainerAction.Kill => Domain.Access.Permission.ContainerKill,
        ContainerAction.Remove => Domain.Access.Permission.ContainerRemove,
    };

    /// <summary>Whether the action makes sense for a container in this state.</summary>
    public static bool Fits(this ContainerAction action, ContainerState state) => action switch
    {
        ContainerAction.Start => state is ContainerState.Created or ContainerState.Exited,
        ContainerAction.Stop or ContainerAction.Kill => state is ContainerState.Running or ContainerState.Paused or ContainerState.Restarting,
        ContainerAction.Restart => state is ContainerState.Running or ContainerState.Paused or ContainerState.Restarting,
        ContainerAction.Remove => state is not ContainerState.Removing,
    };

    /// <summary>True when the action loses something and is confirmed first.</summary>
    public static bool IsDestructive(this ContainerAction action) => action is ContainerAction.Kill or ContainerAction.Remove;

    /// <summary>For instance <c>Stopped</c>.</summary>
    public static string Done(this ContainerAction action) => action switch
    {
        ContainerAction.Start => "Started",
        ContainerAction.Stop => "Stopped",
        ContainerAction.Restart => "Restarted",
        ContainerAction.Kill => "Killed",
        ContainerAction.Remove => "Removed",
    };

    /// <summary>A running container is removed by force.</summary>
    public static bool IsActive(this ContainerState state) => state is ContainerState.Running or ContainerState.Paused or ContainerState.Restarting;
}
