namespace Portal.Runtime.Cgroups;

/// <summary>Where the cgroup hierarchies are mounted.</summary>
public sealed class CgroupLocator
{
    private readonly Dictionary<string, string> _controllers;
    private readonly string? _unified;

    private CgroupLocator(CgroupVersion version, Dictionary<string, string> controllers, string? unified) =>
        (Version, _controllers, _unified) = (version, controllers, unified);

    /// <summary>v1 as soon as the memory controller is in a v1 hierarchy, whatever else is mounted.</summary>
    public CgroupVersion Version { get; }

    /// <summary>Mount point of the v2 tree, which hosts with v1 hierarchies may have too; null when there is none.</summary>
    public string? Unified => _unified;

    /// <summary>Mount points of all hierarchies, each once.</summary>
    public IReadOnlyList<string> Hierarchies => [.. _controllers.Values.Append(_unified).OfType<string>().Distinct()];

    /// <summary>Reads the mount table of this process.</summary>
    public static CgroupLocator Read() => Parse(File.ReadLines("/proc/self/mountinfo"));

    /// <summary>Reads lines of proc_pid_mountinfo(5).</summary>
    public static CgroupLocator Parse(IEnumerable<string> mountInfo)
    {
        var controllers = new Dictionary<string, string>();
        string? unified = null;
        foreach (var line in mountInfo)
        {
            // id parent maj:min root MOUNTPOINT options [optional]… - TYPE source SUPEROPTIONS
            var dash = line.IndexOf(" - ", StringComparison.Ordinal);
            if (dash < 0)
            {
                continue;
            }

            var left = line[..dash].Split(' ');
            var right = line[(dash + 3)..].Split(' ');
            if (left.Length < 5 || right.Length < 3)
            {
                continue;
            }

            var mountPoint = Unescape(left[4]);
            switch (right[0])
            {
                case "cgroup2":
                    unified ??= mountPoint;
                    break;
                case "cgroup":
                    foreach (var option in right[2].Split(','))
                    {
                        // A hierarchy can be mounted more than once; the first is the usual place.
                        _ = controllers.TryAdd(option, mountPoint);
                    }

                    break;
            }
        }

        return new(controllers.ContainsKey("memory") || unified is null ? CgroupVersion.V1 : CgroupVersion.V2, controllers, unified);
    }

    /// <summary>Mount point of a controller's hierarchy (<c>memory</c>, <c>cpuacct</c>, …); the one tree on v2. Null when there is none.</summary>
    public string? PathOf(string controller) =>
        Version == CgroupVersion.V2 ? _unified : _controllers.GetValueOrDefault(controller);

    private static string Unescape(string path) => path.Contains('\\', StringComparison.Ordinal)
        ? path.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal)
        : path;
}
