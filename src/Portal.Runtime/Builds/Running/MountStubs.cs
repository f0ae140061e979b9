using System.Text;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Builds.Running;

/// <summary>
/// What the OCI runtime makes in a root to have something to mount on, and what a layer is not to have: noted before the run, taken away
/// after it where it is still empty.
/// </summary>
internal sealed class MountStubs
{
    private readonly List<string> _missing = [];

    /// <param name="root">The mounted root, before the run.</param>
    /// <param name="targets">Absolute paths of mounts.</param>
    public MountStubs(string root, IEnumerable<string> targets)
    {
        using var inside = new PathInRoot(root);
        foreach (var target in targets)
        {
            var path = Copying.SourceTree.Clean(target);
            for (var end = path.Length; end > 0; end = path.LastIndexOf('/', end - 1))
            {
                if (Libc.OpenInRoot(inside.Root, Encoding.UTF8.GetBytes(path[..end]), Libc.OpenPath, followLinks: true, out var node) == 0)
                {
                    node!.Dispose();
                    break;
                }

                _missing.Add(path[..end]);
            }
        }

        // The deepest first.
        _missing.Sort((a, b) => b.Length.CompareTo(a.Length));
    }

    /// <summary>Takes them away. The root is not mounted any more.</summary>
    public void Clear(LayerStack stack)
    {
        if (_missing.Count == 0)
        {
            return;
        }

        using var upper = new PathInRoot(stack.Upper);
        foreach (var path in _missing.Distinct())
        {
            var slash = path.LastIndexOf('/');
            if (Libc.OpenInRoot(upper.Root, Encoding.UTF8.GetBytes(slash < 0 ? "." : path[..slash]), Libc.OpenPath | Libc.OpenDirectory, followLinks: false, out var parent) != 0)
            {
                continue;
            }

            using (parent)
            {
                var leaf = Encoding.UTF8.GetBytes(path[(slash + 1)..]);
                if (Libc.StatAt(parent!, leaf, out var facts) == 0 && (facts.Kind == FileKind.Directory || facts is { Kind: FileKind.Regular, Size: 0 }))
                {
                    // A folder that is not empty stays: something was put there.
                    _ = Libc.UnlinkAt(parent!, leaf, facts.Kind == FileKind.Directory);
                }
            }
        }
    }
}
