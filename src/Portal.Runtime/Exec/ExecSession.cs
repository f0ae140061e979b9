using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Containers;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Exec;

/// <summary>
/// The processes of one exec: OCI runtimes give it a session (setsid(2)) of its own, in which everything stays that it starts and that does
/// not leave on purpose.
/// </summary>
internal static class ExecSession
{
    private const int Passes = 5;

    /// <summary>Kills the process and all of its session that is in the container. No other process is ever touched.</summary>
    /// <param name="container">The container the exec is in.</param>
    /// <param name="pid">The exec's process.</param>
    /// <param name="locator">Where the cgroups are.</param>
    public static void Kill(ContainerId container, int pid, CgroupLocator locator)
    {
        using var process = PidFd.TryOpen(pid);
        if (process is null || ProcFile.TryReadStat(pid) is not { } stat || FolderOf(container, pid, locator) is not { } folder)
        {
            return;
        }

        // Held by its descriptor, so the number is still that of this process; its session lives as long as a member does.
        process.Signal(SignalName.Kill);
        for (var pass = 0; stat.Session > 0 && pass < Passes && KillMembers(folder, stat.Session); pass++)
        {
            // Once more for those that were being started meanwhile.
        }
    }

    private static bool KillMembers(string folder, int session)
    {
        var found = false;
        foreach (var line in ReadLines(folder + "/cgroup.procs"))
        {
            if (!int.TryParse(line, out var pid) || ProcFile.TryReadStat(pid)?.Session != session)
            {
                continue;
            }

            using var member = PidFd.TryOpen(pid);
            if (member is not null && ProcFile.TryReadStat(pid) is { State: not ('Z' or 'X') } stat && stat.Session == session)
            {
                found |= member.Signal(SignalName.Kill);
            }
        }

        return found;
    }

    private static string? FolderOf(ContainerId container, int pid, CgroupLocator locator)
    {
        if (ProcessCgroups.TryRead(pid) is not { } cgroups)
        {
            return null;
        }

        var (root, controller) = locator.Version == CgroupVersion.V2 ? (locator.Unified, "") : (locator.PathOf("memory"), "memory");
        return root is not null && cgroups.PathOf(controller, container) is { } path ? root + path : null;
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
