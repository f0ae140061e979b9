using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Cgroups;

/// <summary>Stops all processes of a container where they are, and lets them go on (the freezer of cgroups(7)).</summary>
internal sealed class CgroupFreezer(CgroupLocator locator, ICgroupFiles files, TimeProvider time, string procRoot = "/proc")
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10), s_step = TimeSpan.FromMilliseconds(2), s_longestStep = TimeSpan.FromMilliseconds(50), s_ending = TimeSpan.FromSeconds(1);

    /// <summary>Freezes; returns when every process stands still. False when the first process has ended, before or meanwhile: nothing is frozen then.</summary>
    /// <exception cref="IOException">It cannot be had within some seconds; the processes run as before.</exception>
    public async Task<bool> TryFreezeAsync(ContainerId container, int pid, CancellationToken ct)
    {
        try
        {
            await FreezeAsync(Find(container, pid) ?? throw new IOException("it has no freezer cgroup"), ct).ConfigureAwait(false);
            return true;
        }
        catch (IOException)
        {
            // The kernel takes an ending process out of its cgroup a moment before it shows as ended.
            for (var began = time.GetTimestamp(); !ProcFile.HasEnded(pid, procRoot);)
            {
                if (time.GetElapsedTime(began) > s_ending)
                {
                    throw;
                }

                await Task.Delay(s_step, time, ct).ConfigureAwait(false);
            }

            return false;
        }
    }

    private async Task FreezeAsync(Group group, CancellationToken ct)
    {
        var began = time.GetTimestamp();
        var step = s_step;
        try
        {
            // A process that forks or waits in the kernel can keep a v1 group "FREEZING": it takes another write to finish it.
            files.Write(group.Control, group.Frozen);
            while (!group.Stands(files))
            {
                if (time.GetElapsedTime(began) > s_limit)
                {
                    throw new IOException("its processes do not stand still: one of them waits in the kernel");
                }

                await Task.Delay(step, time, ct).ConfigureAwait(false);
                step = step * 2 < s_longestStep ? step * 2 : s_longestStep;
                files.Write(group.Control, group.Frozen);
            }
        }
        catch
        {
            TryThaw(group);
            throw;
        }
    }

    /// <summary>Lets the processes go on; nothing happens when there are none.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public void Thaw(ContainerId container, int pid)
    {
        if (Find(container, pid) is { } group)
        {
            files.Write(group.Control, group.Thawed);
        }
    }

    /// <summary>True when it is frozen, or about to be.</summary>
    public bool IsFrozen(ContainerId container, int pid) => Find(container, pid) is { } group && files.Read(group.Control) is { } state && state != group.Thawed;

    private void TryThaw(Group group)
    {
        try
        {
            files.Write(group.Control, group.Thawed);
        }
        catch (IOException)
        {
            // The container has ended meanwhile.
        }
    }

    private Group? Find(ContainerId container, int pid)
    {
        if (ProcessCgroups.TryRead(pid, procRoot) is not { } cgroups)
        {
            return null;
        }

        if (locator.Version == CgroupVersion.V1 && locator.PathOf("freezer") is { } v1)
        {
            return cgroups.PathOf("freezer", container) is { } path ? new($"{v1}{path}/freezer.state", "FROZEN", "THAWED", null) : null;
        }

        // The v2 tree, also of a host whose other controllers are in v1 hierarchies.
        return locator.Unified is { } root && cgroups.PathOf("", container) is { } unified
            ? new($"{root}{unified}/cgroup.freeze", "1", "0", $"{root}{unified}/cgroup.events")
            : null;
    }

    /// <param name="Control">File that takes the state.</param>
    /// <param name="Frozen">Value for frozen.</param>
    /// <param name="Thawed">Value for running.</param>
    /// <param name="Events">File that tells whether it is so; null when the control file does.</param>
    private sealed record Group(string Control, string Frozen, string Thawed, string? Events)
    {
        public bool Stands(ICgroupFiles files) => Events is null
            ? files.Read(Control) == Frozen
            : files.Read(Events)?.Split('\n').Contains("frozen 1") == true;
    }
}
