using Portal.Domain.Primitives;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Oci;

/// <summary>
/// Looks at what a working directory really is: a symbolic link in the image that leads to a descriptor or the root of a
/// process can be a folder of the host (CVE-2024-21626).
/// </summary>
internal static class WorkingDirectory
{
    private const int MaximumLinks = 40;

    /// <summary>Follows every link on the way, as text, and refuses one that leads to a process.</summary>
    /// <param name="root">Root file system on the host.</param>
    /// <param name="mounts">What is going to be mounted over it; empty for a root that has its mounts.</param>
    /// <param name="path">Absolute path inside.</param>
    /// <exception cref="ErrorException">400: it leads to a process, or in circles.</exception>
    public static void Demand(string root, IReadOnlyList<ResolvedMount> mounts, string path)
    {
        var steps = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        var resolved = new List<string>();
        var links = 0;
        while (steps.TryPop(out var step))
        {
            if (step == ".")
            {
                continue;
            }

            if (step == "..")
            {
                if (resolved.Count > 0)
                {
                    resolved.RemoveAt(resolved.Count - 1);
                }

                continue;
            }

            resolved.Add(step);
            var inside = "/" + string.Join('/', resolved);
            if (OciSpecBuilder.LeadsToProcess(inside))
            {
                throw Refusal(path, "it leads out of the container");
            }

            if (ReadLink(root, mounts, inside) is not { } target)
            {
                continue;
            }

            if (++links > MaximumLinks)
            {
                throw Refusal(path, "it has too many links");
            }

            resolved.RemoveAt(resolved.Count - 1);
            if (target.StartsWith('/'))
            {
                resolved.Clear();
            }

            foreach (var next in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                steps.Push(next);
            }
        }
    }

    // No step of the path is a link, so this reads inside the root; and all it reads is where a link says it leads.
    private static string? ReadLink(string root, IReadOnlyList<ResolvedMount> mounts, string inside)
    {
        var mount = mounts
            .Where(mount => mount.Kind != Domain.Containers.MountKind.Tmpfs && inside.StartsWith(mount.Target.TrimEnd('/') + "/", StringComparison.Ordinal))
            .MaxBy(mount => mount.Target.Length);
        try
        {
            return new FileInfo(mount is null ? root + inside : mount.Source + inside[mount.Target.TrimEnd('/').Length..]).LinkTarget;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static ErrorException Refusal(string path, string reason) =>
        new(ErrorKind.Invalid, "container.working_directory", $"the working directory '{path}' is invalid: {reason}");
}
