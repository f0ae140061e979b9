using Portal.Domain.Primitives;

namespace Portal.Runtime.Cgroups;

/// <summary>A container with a process.</summary>
/// <param name="Id">The container.</param>
/// <param name="Pid">Its first process on the host: another one is another run, with a cgroup of its own.</param>
public readonly record struct RunningContainer(ContainerId Id, int Pid);

/// <summary>The containers whose counters are read.</summary>
public interface IRunningContainers
{
    /// <summary>Every container with a process, at this moment. Called once a second while somebody watches; must be cheap.</summary>
    IReadOnlyList<RunningContainer> List();

    /// <summary>One container; null when it has no process, or is not there.</summary>
    RunningContainer? Find(ContainerId id);

    /// <summary>Its cgroup below the root of each hierarchy, with a leading slash.</summary>
    string CgroupPath(ContainerId id);
}
