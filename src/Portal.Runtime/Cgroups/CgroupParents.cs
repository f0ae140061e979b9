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
