using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Builds.Copying;

/// <summary>What is at a path of the tree that a layer is written for.</summary>
/// <param name="Kind">Kind.</param>
/// <param name="Target">Of symbolic links.</param>
/// <param name="Facts">What the layers below say of it; null when this layer has it.</param>
internal sealed record ViewEntry(FileKind Kind, byte[] Target, FileFacts? Facts);

/// <summary>
/// The tree below a layer that is being written, with what the layer has so far. Links are resolved here, step by step and never out of
/// the root, so that a layer's paths go through none: whoever unpacks the layer need not follow any.
/// </summary>
/// <param name="below">The tree below; null for an empty one.</param>
/// <param name="independent">The layer is put on whatever is below: folders there stay as they are, everything else gives way and no link is followed.</param>
internal sealed class LayerView(SafeFileHandle? below, bool independent = false)
{
    private const int MaximumLinks = 40;

    private readonly Dictionary<string, ViewEntry> _own = new(StringComparer.Ordinal) { [""] = new(FileKind.Directory, [], null) };

    // Folders of this layer that took the place of something that was none: nothing below shows through.
    private readonly HashSet<string> _opaque = new(StringComparer.Ordinal);

    /// <summary>What is at a path that has no links in it; null for nothing.</summary>
    public ViewEntry? Find(string path)
    {
        if (_own.TryGetValue(path, out var own))
        {
            return own;
        }

        if (below is null || IsHidden(path))
        {
            return null;
        }

        if (Libc.OpenInRoot(below, Encoding.UTF8.GetBytes(path), Libc.OpenPath | Libc.OpenNoFollow, followLinks: false, out var node) != 0)
        {
            return null;
        }

        using (node)
        {
            if (Libc.StatAt(node!, [], out var facts) != 0 || (independent && facts.Kind != FileKind.Directory))
            {
                return null;
            }

            byte[] target = [];
            if (facts.Kind == FileKind.SymbolicLink)
            {
                _ = Libc.ReadLink(node!, out target);
            }

            return new(facts.Kind, target, facts);
        }
    }

    /// <summary>Whether this layer has the path itself.</summary>
    public bool Has(string path) => _own.ContainsKey(path);

    /// <summary>Notes what the layer has at a path.</summary>
    public void Add(string path, FileKind kind, byte[] target)
    {
        if (kind == FileKind.Directory && Find(path) is not { Kind: FileKind.Directory })
        {
            _opaque.Add(path);
        }
        else if (kind != FileKind.Directory && Find(path) is { Kind: FileKind.Directory })
        {
            foreach (var inside in _own.Keys.Where(own => own.StartsWith(path + "/", StringComparison.Ordinal)).ToArray())
            {
                _own.Remove(inside);
            }
        }

        _own[path] = new(kind, target, null);
    }

    /// <summary>The path without links that a path leads to. What is not there is taken as it stands.</summary>
    /// <exception cref="ErrorException">400: it leads in circles.</exception>
    public string Resolve(string path, bool followLast)
    {
        var steps = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        var resolved = new List<string>();
        var links = 0;
        while (steps.TryPop(out var step))
        {
            if (step is "." or "..")
            {
                if (step == ".." && resolved.Count > 0)
                {
                    resolved.RemoveAt(resolved.Count - 1);
                }

                continue;
            }

            resolved.Add(step);
            if ((steps.Count == 0 && !followLast) || Find(string.Join('/', resolved)) is not { Kind: FileKind.SymbolicLink } link)
            {
                continue;
            }

            if (++links > MaximumLinks)
            {
                throw new ErrorException(ErrorKind.Invalid, "build.links", $"/{path}: too many levels of symbolic links");
            }

            var target = Encoding.UTF8.GetString(link.Target);
            resolved.RemoveAt(resolved.Count - 1);
            if (target.StartsWith('/'))
            {
                resolved.Clear();
            }

            foreach (var part in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                steps.Push(part);
            }
        }

        var clean = string.Join('/', resolved);
        return Encoding.UTF8.GetByteCount(clean) <= PathInRoot.MaximumPath ? clean : throw ArchiveErrors.TooBig($"the path {clean[..100]}… is longer than {PathInRoot.MaximumPath} bytes");
    }

    private bool IsHidden(string path)
    {
        for (var slash = path.Length; slash > 0; slash = path.LastIndexOf('/', slash - 1))
        {
            var folder = path[..slash];
            if (_opaque.Contains(folder) || (slash < path.Length && _own.TryGetValue(folder, out var own) && own.Kind != FileKind.Directory))
            {
                return true;
            }
        }

        return false;
    }
}
