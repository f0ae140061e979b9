using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Health;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Containers;

/// <summary>What the engine does beside a run of a container: probes it, sees it killed for memory, holds it still. The container's gate is held in all of it.</summary>
internal sealed class RunCare(HealthSupervisor health, OomWatch oom, CgroupFreezer freezer)
{
    /// <summary>The first process exists, and waits to be let go or has run already: from here on no kill for memory is missed.</summary>
    /// <param name="container">The container.</param>
    /// <param name="run">The run.</param>
    /// <param name="known">An earlier agent told of kills.</param>
    public void Watch(Container container, ContainerRun run, bool known) => oom.Begin(container, run, known);

    /// <summary>Begins to probe, if the container has a check.</summary>
    public void Probe(Container container, ContainerRun run) => health.Begin(container, run);

    /// <summary>Stops probing until the next <see cref="Probe"/>.</summary>
    public void StopProbing(ContainerId id) => health.End(id);

    /// <summary>The run is over; its cgroup is still there. True when it was killed for memory and nobody was told.</summary>
    public bool End(Container container)
    {
        health.End(container.Id);
        return oom.End(container);
    }

    /// <inheritdoc cref="CgroupFreezer.TryFreezeAsync"/>
    public Task<bool> TryFreezeAsync(ContainerId id, ContainerRun run, CancellationToken ct) => freezer.TryFreezeAsync(id, run.Record.Pid, ct);

    /// <inheritdoc cref="CgroupFreezer.Thaw"/>
    public void Thaw(ContainerId id, ContainerRun run) => freezer.Thaw(id, run.Record.Pid);

    /// <inheritdoc cref="CgroupFreezer.IsFrozen"/>
    public bool IsFrozen(ContainerId id, ContainerRun run) => freezer.IsFrozen(id, run.Record.Pid);
}
