using System.Globalization;

namespace Portal.Runtime.Cgroups;

/// <summary>
/// Remembers the parents of cgroups that containers chose and that did not exist before. They are not removed with the
/// container, which the next one may share them with and somebody may have set limits on meanwhile, but with the engine.
/// </summary>
public sealed class CgroupParents(RuntimeOptions options, CgroupLocator locator)
{
    private readonly Lock _lock = new();

    private string File => options.RunRoot + "/cgroup-parents";

    /// <summary>To be told before the OCI runtime makes a container's cgroup.</summary>
    /// <param name="parent">Below the root of each hierarchy; empty for the engine's own.</param>
    public void Use(string parent)
    {
        if (parent.Trim('/') is not { Length: > 0 } path)
        {
            return;
        }

        // The first step of the path that is not there: all below it goes with it.
        var steps = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var depth = 1; depth <= steps.Length; depth++)
        {
            var group = "/" + string.Join('/', steps[..depth]);
            if (!locator.Hierarchies.Any(hierarchy => Directory.Exists(hierarchy + group)))
            {
                lock (_lock)
                {
                    System.IO.File.AppendAllLines(File, [group]);
                }

                return;
            }
        }
    }

    /// <summary>Gives the parents of a container's cgroup the real-time share that the engine's settings allow containers.</summary>
    /// <param name="cgroup">The container's, below the root of each hierarchy.</param>
    public void GrantRealtime(string cgroup)
    {
        if (options is { CpuRealtimePeriod: 0, CpuRealtimeRuntime: 0 } || locator.Version != CgroupVersion.V1 || locator.PathOf("cpu") is not { } root)
        {
            return;
        }

        // From the top: no group can have more than the one above it.
        var steps = cgroup.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var depth = 1; depth < steps.Length; depth++)
        {
            var folder = $"{root}/{string.Join('/', steps[..depth])}";
            Directory.CreateDirectory(folder);
            Write($"{folder}/cpu.rt_period_us", options.CpuRealtimePeriod);
            Write($"{folder}/cpu.rt_runtime_us", options.CpuRealtimeRuntime);
        }
    }

    /// <summary>Removes those that nobody uses.</summary>
    public void Remove()
    {
        foreach (var group in System.IO.File.Exists(File) ? System.IO.File.ReadAllLines(File).Distinct() : [])
        {
            foreach (var folder in locator.Hierarchies.Select(hierarchy => hierarchy + group).Where(Directory.Exists))
            {
                Remove(folder);
            }
        }
    }

    private static void Write(string path, long value)
    {
        if (value > 0)
        {
            System.IO.File.WriteAllText(path, value.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Folders of the cgroup file system are removed one by one, leaves first; their files go with them.</summary>
    private static void Remove(string folder)
    {
        foreach (var child in Directory.EnumerateDirectories(folder))
        {
            Remove(child);
        }

        // Refused while something is in it: then it is somebody's.
        _ = Linux.Libc.RemoveDirectory(folder);
    }
}
