namespace Portal.Domain.Containers;

/// <summary>The options after the second colon of <c>-v source:target:options</c>. Pure.</summary>
public static class MountModes
{
    private static readonly string[] s_propagations = ["private", "rprivate", "slave", "rslave", "shared", "rshared"];

    /// <summary>Options by what they decide; of each kind there may be one.</summary>
    private static readonly string[][] s_kinds =
    [
        ["ro", "rw"],
        // Relabelling has no effect without SELinux, consistency none on Linux.
        ["z", "Z"],
        ["consistent", "cached", "delegated"],
        ["nocopy"],
        s_propagations,
    ];

    /// <summary>True for a list of options, also an empty one, of which none is unknown or contradicts another.</summary>
    public static bool IsValid(string mode)
    {
        if (mode.Length == 0)
        {
            return true;
        }

        var seen = new bool[s_kinds.Length];
        foreach (var option in mode.Split(','))
        {
            var kind = Array.FindIndex(s_kinds, kind => kind.Contains(option));
            if (kind < 0 || seen[kind])
            {
                return false;
            }

            seen[kind] = true;
        }

        return true;
    }

    public static bool IsReadOnly(string mode) => mode.Split(',').Contains("ro");

    public static bool IsNoCopy(string mode) => mode.Split(',').Contains("nocopy");

    /// <summary>The propagation that a mode asks for; empty for none.</summary>
    public static string PropagationOf(string mode) => Array.Find(mode.Split(','), IsPropagation) ?? "";

    public static bool IsPropagation(string text) => s_propagations.Contains(text);
}
