using Portal.Domain.Containers;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Supervision;

/// <summary>What a new agent does with a container it finds.</summary>
internal enum AdoptionStep
{
    /// <summary>Record and reality agree that it does not run.</summary>
    Leave,

    /// <summary>It runs, or its end is being written down by its monitor: take over.</summary>
    Adopt,

    /// <summary>It ran and has ended: deal with the end.</summary>
    Finish,

    /// <summary>A start was cut short before the process was let go: undo it.</summary>
    RollBack,

    /// <summary>A removal was cut short, or it ended and was to remove itself: remove it.</summary>
    Remove,

    /// <summary>It waited to be started by its restart policy: go on waiting.</summary>
    Restart,
}

/// <summary>What is there of a container.</summary>
/// <param name="Intent">A start was begun in this boot and not torn down.</param>
/// <param name="MonitorAlive">conmon lives.</param>
/// <param name="InitAlive">The first process lives.</param>
/// <param name="LetGo">The first process was let go by the OCI runtime (its start fifo is gone).</param>
/// <param name="ExitRecorded">The monitor wrote down how it ended.</param>
internal readonly record struct ContainerReality(bool Intent, bool MonitorAlive, bool InitAlive, bool LetGo, bool ExitRecorded);

/// <summary>Compares what is stored of a container with what is there. Pure.</summary>
internal static class AdoptionPlan
{
    public static AdoptionStep Decide(ContainerRecord record, ContainerReality reality)
    {
        var state = record.Container.Status.State;
        if (record.Container.IsUnreadable)
        {
            return AdoptionStep.Leave;
        }

        if (record.Removing || record.Container.IsBuildStep || state is ContainerState.Removing or ContainerState.Dead)
        {
            return AdoptionStep.Remove;
        }

        if (record.Run is not null)
        {
            return reality.InitAlive || reality.MonitorAlive ? AdoptionStep.Adopt : AdoptionStep.Finish;
        }

        if (reality.Intent)
        {
            return reality switch
            {
                { InitAlive: true, LetGo: true } => AdoptionStep.Adopt,
                { ExitRecorded: true, LetGo: true } => AdoptionStep.Finish,
                _ => AdoptionStep.RollBack,
            };
        }

        if (state == ContainerState.Restarting)
        {
            return AdoptionStep.Restart;
        }

        return state != ContainerState.Created && record.Container.Spec.AutoRemove ? AdoptionStep.Remove : AdoptionStep.Leave;
    }
}
