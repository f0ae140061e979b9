using Portal.Domain.Primitives;

namespace Portal.Runtime.Cgroups;

/// <summary>The containers whose counters are read.</summary>
public interface IRunningContainers
{
    /// <summary>Every container with a process, at this moment. Called once a second while somebody watches; must be cheap.</summary>
    IReadOnlyList<(ContainerId Id, int Pid, bool HostNetwork)> List();
}
