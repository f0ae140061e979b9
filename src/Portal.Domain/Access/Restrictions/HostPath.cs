namespace Portal.Domain.Access.Restrictions;

/// <summary>Paths of a host, as restrictions compare them.</summary>
internal static class HostPath
{
    /// <summary>True for a path, or a path below it. The path is free of dots.</summary>
    public static bool IsBelow(string path, IEnumerable<string> folders) =>
        folders.Any(folder => Normal(folder) is var top && (top == "/" || path == top || path.StartsWith(top + "/", StringComparison.Ordinal)));

    /// <summary>The path without dots and doubled slashes. Links are the engine's matter: below what is open to people nothing may lead out of it.</summary>
    public static string Normal(string path)
    {
        List<string> parts = [];
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."))
        {
            if (part != "..")
            {
                parts.Add(part);
            }
            else if (parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
        }

        return "/" + string.Join('/', parts);
    }
}
