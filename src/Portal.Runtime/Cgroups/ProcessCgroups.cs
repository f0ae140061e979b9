using Portal.Domain.Primitives;

namespace Portal.Runtime.Cgroups;

/// <summary>The cgroups of a process (cgroups(7), /proc/pid/cgroup): what is there, whatever runtime and parent made it.</summary>
internal sealed class ProcessCgroups
{
    private readonly Dictionary<string, string> _paths = new(StringComparer.Ordinal);

    private ProcessCgroups()
    {
    }

    /// <summary>Reads them; null when there is no such process.</summary>
    public static ProcessCgroups? TryRead(int pid, string procRoot = "/proc")
    {
        try
        {
            return Parse(File.ReadLines($"{procRoot}/{pid}/cgroup"));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Reads lines <c>4:memory:/portal/…</c> and, for v2, <c>0::/portal/…</c>.</summary>
    public static ProcessCgroups Parse(IEnumerable<string> lines)
    {
        var groups = new ProcessCgroups();
        foreach (var line in lines)
        {
            var parts = line.Split(':', 3);
            if (parts.Length == 3)
            {
                foreach (var controller in parts[1].Split(','))
                {
                    groups._paths[controller] = parts[2];
                }
            }
        }

        return groups;
    }

    /// <summary>True for a process of the container.</summary>
    public bool Holds(ContainerId container) => _paths.Values.Any(path => path.Contains("/" + container.Value, StringComparison.Ordinal));

    /// <summary>
    /// The container's cgroup of a controller (empty for the v2 tree), below the root of its hierarchy; null when the process
    /// is in none of its own. A process inside may have moved itself further down: the path ends at the container's id.
    /// </summary>
    public string? PathOf(string controller, ContainerId container)
    {
        if (!_paths.TryGetValue(controller, out var path))
        {
            return null;
        }

        var start = path.IndexOf("/" + container.Value, StringComparison.Ordinal);
        return start < 0 ? null : path[..(start + 1 + container.Value.Length)];
    }
}
