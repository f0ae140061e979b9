using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Cgroups;

/// <summary>
/// Ends what an OCI runtime that failed, or was killed, has left of a container: the processes in its cgroups, and these. The
/// cgroup says whose a process is, whoever its parent has become.
/// </summary>
internal static class CgroupLeftovers
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5), s_step = TimeSpan.FromMilliseconds(10);

    /// <summary>Removes the container's cgroup from every hierarchy. True when none is left.</summary>
    /// <param name="container">Whose it is.</param>
    /// <param name="cgroup">Its path below the root of each hierarchy.</param>
    /// <param name="hierarchies">Mount points of the hierarchies.</param>
    /// <param name="time">Clock.</param>
    public static async Task<bool> RemoveAsync(ContainerId container, string cgroup, IReadOnlyList<string> hierarchies, TimeProvider time)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            string[] left = [.. hierarchies.Select(hierarchy => hierarchy + cgroup).Where(Directory.Exists)];
            foreach (var folder in left)
            {
                Empty(container, folder);
            }

            if (!left.Any(Directory.Exists))
            {
                return true;
            }

            if (time.GetElapsedTime(began) > s_limit)
            {
                return false;
            }

            // A process that was killed is in its cgroup until it has been reaped.
            await Task.Delay(s_step, time).ConfigureAwait(false);
        }
    }

    /// <summary>Kills what is in a cgroup and removes it if nothing is; those below it first.</summary>
    private static void Empty(ContainerId container, string folder)
    {
        try
        {
            foreach (var child in Directory.EnumerateDirectories(folder))
            {
                Empty(container, child);
            }

            TryWrite(folder + "/freezer.state", "THAWED");
            TryWrite(folder + "/cgroup.freeze", "0");
            foreach (var line in File.ReadAllLines(folder + "/cgroup.procs"))
            {
                if (int.TryParse(line, out var pid))
                {
                    Kill(container, pid);
                }
            }

            _ = Libc.RemoveDirectory(folder);
        }
        catch (IOException)
        {
            // It went meanwhile.
        }
    }

    private static void Kill(ContainerId container, int pid)
    {
        using var process = PidFd.TryOpen(pid);

        // Once more, now that the number cannot become another process'.
        if (process is not null && ProcessCgroups.TryRead(pid)?.Holds(container) == true)
        {
            process.Signal(SignalName.Kill);
        }
    }

    private static void TryWrite(string path, string value)
    {
        if (File.Exists(path))
        {
            try
            {
                File.WriteAllText(path, value);
            }
            catch (IOException)
            {
                // Not frozen, or gone.
            }
        }
    }
}
