using Portal.Domain.Primitives;

namespace Portal.Runtime.Cgroups;

/// <summary>The containers whose counters are read.</summary>
public interface IRunningContainers
{
    /// <summary>Every container with a process, at this moment. Called once a second while somebody watches; must be cheap.</summary>
    IReadOnlyList<(ContainerId Id, int Pid, bool HostNetwork)> List();

    /// <summary>The cgroup of a container that has a parent of its own choice, below the root of each hierarchy; null for one below the engine's.</summary>
    string? CgroupOf(ContainerId id) => null;
}
