using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Files;

/// <summary>
/// Where a symbolic link of a container ends, as text from its root, also when nothing is there. For display: what acts on a
/// path has the kernel follow it.
/// </summary>
internal static class LinkTarget
{
    private const int MaximumLinks = 255;

    /// <summary>Follows every link of <paramref name="path"/>.</summary>
    /// <param name="root">The container's root.</param>
    /// <param name="path">Absolute and clean.</param>
    public static string Resolve(SafeFileHandle root, string path)
    {
        var steps = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        var resolved = new List<string>();
        for (var links = 0; steps.TryPop(out var step);)
        {
            if (step == "..")
            {
                if (resolved.Count > 0)
                {
                    resolved.RemoveAt(resolved.Count - 1);
                }

                continue;
            }

            if (step == ".")
            {
                continue;
            }

            resolved.Add(step);
            if (Read(root, string.Join('/', resolved)) is not { Length: > 0 } target)
            {
                continue;
            }

            if (++links > MaximumLinks)
            {
                return "";
            }

            resolved.RemoveAt(resolved.Count - 1);
            if (target[0] == '/')
            {
                resolved.Clear();
            }

            foreach (var next in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                steps.Push(next);
            }
        }

        return "/" + string.Join('/', resolved);
    }

    private static string? Read(SafeFileHandle root, string path)
    {
        if (Libc.OpenInRoot(root, Encoding.UTF8.GetBytes(path), Libc.OpenPath | Libc.OpenNoFollow, followLinks: true, out var node) != 0)
        {
            return null;
        }

        using (node)
        {
            return Libc.StatAt(node!, [], out var facts) == 0 && facts.Kind == FileKind.SymbolicLink && Libc.ReadLink(node!, out var target) == 0
                ? Encoding.UTF8.GetString(target)
                : null;
        }
    }
}
