using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Containers;

/// <summary>What can be asked of a container.</summary>
internal enum ContainerOperation
{
    Start,
    Stop,
    Kill,
    Remove,
    ForceRemove,
    Attach,
    Exec,
    ReadLog,
    Resize,
}

/// <summary>The answer of the state table.</summary>
/// <param name="IsNeeded">There is something to do; false means it is so already.</param>
/// <param name="Error">Why it may not be done; null when it may.</param>
internal readonly record struct ContainerVerdict(bool IsNeeded, Error? Error)
{
    public static ContainerVerdict Do => new(true, null);

    public static ContainerVerdict Nothing => new(false, null);

    /// <summary>True when there is something to do; an error is thrown.</summary>
    public bool Demand() => Error is null ? IsNeeded : throw new ErrorException(Error);
}

/// <summary>Which operation is legal in which state, in Docker's words. Pure.</summary>
internal static class ContainerMachine
{
    /// <summary>The table.</summary>
    /// <param name="state">Observed state.</param>
    /// <param name="operation">What is asked.</param>
    /// <param name="id">For the messages.</param>
    /// <param name="name">Without the slash, for the messages.</param>
    public static ContainerVerdict Check(ContainerState state, ContainerOperation operation, ContainerId id, string name) => operation switch
    {
        ContainerOperation.Start => state switch
        {
            ContainerState.Created or ContainerState.Exited => ContainerVerdict.Do,
            ContainerState.Running or ContainerState.Restarting => ContainerVerdict.Nothing,
            ContainerState.Paused => Conflict("container.paused", "cannot start a paused container, try unpause instead"),
            ContainerState.Removing or ContainerState.Dead => Conflict("container.removing", "container is marked for removal and cannot be started"),
        },
        ContainerOperation.Stop => state switch
        {
            ContainerState.Running or ContainerState.Paused or ContainerState.Restarting => ContainerVerdict.Do,
            ContainerState.Created or ContainerState.Exited or ContainerState.Removing or ContainerState.Dead => ContainerVerdict.Nothing,
        },
        ContainerOperation.Kill => state switch
        {
            ContainerState.Running or ContainerState.Paused => ContainerVerdict.Do,
            ContainerState.Created or ContainerState.Restarting or ContainerState.Exited or ContainerState.Removing or ContainerState.Dead =>
                Conflict("container.not_running", $"cannot kill container: {name}: container {id} is not running"),
        },
        ContainerOperation.Remove => state switch
        {
            ContainerState.Created or ContainerState.Exited or ContainerState.Dead => ContainerVerdict.Do,
            ContainerState.Running => Conflict("container.running", InUse(name, "running")),
            ContainerState.Paused => Conflict("container.running", InUse(name, "paused")),
            ContainerState.Restarting => Conflict("container.running", InUse(name, "restarting")),
            ContainerState.Removing => Conflict("container.removing", $"removal of container {name} is already in progress"),
        },
        ContainerOperation.ForceRemove => state switch
        {
            ContainerState.Created or ContainerState.Exited or ContainerState.Dead or ContainerState.Running or ContainerState.Paused or ContainerState.Restarting =>
                ContainerVerdict.Do,
            ContainerState.Removing => Conflict("container.removing", $"removal of container {name} is already in progress"),
        },
        ContainerOperation.Attach => state switch
        {
            // Before a start too: the session then sees the first byte.
            ContainerState.Created or ContainerState.Running or ContainerState.Exited => ContainerVerdict.Do,
            ContainerState.Paused => Conflict("container.paused", $"container {name} is paused, unpause the container before attach"),
            ContainerState.Restarting => Conflict("container.restarting", $"container {name} is restarting, wait until the container is running"),
            ContainerState.Removing or ContainerState.Dead => Conflict("container.removing", $"container {name} is marked for removal"),
        },
        ContainerOperation.Exec => state switch
        {
            ContainerState.Running => ContainerVerdict.Do,
            ContainerState.Paused => Conflict("container.paused", $"container {name} is paused, unpause the container before exec"),
            ContainerState.Restarting => Conflict("container.restarting", $"container {name} is restarting, wait until the container is running"),
            ContainerState.Created or ContainerState.Exited or ContainerState.Removing or ContainerState.Dead =>
                Conflict("container.not_running", $"container {id} is not running"),
        },
        ContainerOperation.ReadLog => state switch
        {
            ContainerState.Created or ContainerState.Running or ContainerState.Paused or ContainerState.Restarting or ContainerState.Exited => ContainerVerdict.Do,
            ContainerState.Removing or ContainerState.Dead =>
                Conflict("container.removing", "can not get logs from container which is dead or marked for removal"),
        },
        ContainerOperation.Resize => state switch
        {
            ContainerState.Running or ContainerState.Paused => ContainerVerdict.Do,
            ContainerState.Created or ContainerState.Restarting or ContainerState.Exited or ContainerState.Removing or ContainerState.Dead =>
                Conflict("container.not_running", $"container {id} is not running"),
        },
    };

    private static string InUse(string name, string state) =>
        $"cannot remove container \"/{name}\": container is {state}: stop the container before removing or force remove";

    private static ContainerVerdict Conflict(string code, string message) => new(false, new(ErrorKind.Conflict, code, message));
}
