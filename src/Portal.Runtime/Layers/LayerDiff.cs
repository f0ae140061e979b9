using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Layers;

/// <summary>
/// What a writable layer in overlayfs form says that the layers below it do not. The comparison is Docker's: type, mode, owner,
/// device, capability, and of what is no folder also size and time; a folder counts as modified when something in it changed.
/// The container may be at work meanwhile: what vanishes while it is looked at is left out.
/// </summary>
/// <param name="stack">The layers.</param>
/// <param name="privileged">overlayfs keeps its marks in trusted attributes. Off for tests without root.</param>
internal sealed class LayerDiff(LayerStack stack, bool privileged)
{
    /// <summary>What the OCI runtime makes to have something to mount on. Of no meaning while it is empty and the image has nothing there.</summary>
    private static readonly HashSet<string> s_placeholders =
        new(["etc", "etc/hosts", "etc/hostname", "etc/resolv.conf", ".dockerenv", "dev", "dev/console", "dev/pts", "dev/shm", "dev/mqueue", "proc", "sys"], StringComparer.Ordinal);

    /// <summary>Every change, a folder before what is in it, names in the order of their bytes.</summary>
    /// <param name="listHidden">Names each path that an opaque folder hides, as Docker's diff does; otherwise only the folder says so.</param>
    /// <exception cref="LinuxException">The disk failed, or a folder is nested more deeply than any path can name.</exception>
    public IEnumerable<LayerChange> Read(bool listHidden)
    {
        // By hand rather than by recursion: a container can nest folders more deeply than a stack is.
        var open = new List<Folder>();
        try
        {
            open.Add(new(OpenFolder(stack.Upper), [.. stack.Lowers.Select(OpenFolder)], [], default, withHidden: false) { IsSaid = true });
            while (open.Count > 0)
            {
                var folder = open[^1];
                if (!folder.Names.TryDequeue(out var name))
                {
                    if (folder.IsOpaque && !folder.IsSaid)
                    {
                        foreach (var above in Say(open))
                        {
                            yield return above;
                        }
                    }

                    open.RemoveAt(open.Count - 1);
                    folder.Dispose();
                    continue;
                }

                byte[] path = folder.Path.Length == 0 ? name : [.. folder.Path, (byte)'/', .. name];
                if (path.Length > PathInRoot.MaximumPath)
                {
                    throw Libc.Failure("open", path.AsSpan(0, 100), Errno.ENAMETOOLONG);
                }

                using var found = Find(folder, name, path, listHidden);
                if (found.Change is { } change)
                {
                    foreach (var above in Say(open))
                    {
                        yield return above;
                    }

                    yield return change;
                }

                if (found.TakeFolder() is { } inside)
                {
                    open.Add(inside);
                }
            }
        }
        finally
        {
            open.ForEach(folder => folder.Dispose());
        }
    }

    /// <summary>The folders on the way to a change, as far as they were not named: they count as modified.</summary>
    private static IEnumerable<LayerChange> Say(List<Folder> open)
    {
        foreach (var folder in open)
        {
            if (!folder.IsSaid)
            {
                folder.IsSaid = true;
                yield return new(folder.Path, LayerChangeKind.Modified, folder.Facts, folder.Upper, folder.IsOpaque);
            }
        }
    }

    /// <summary>What became of a name, and the folder to go into.</summary>
    private Found Find(Folder folder, byte[] name, byte[] path, bool listHidden)
    {
        if (Libc.OpenNode(folder.Upper, name, out var node) != 0)
        {
            // Either it has just vanished, or it is one of those that the folder hides.
            using var hidden = folder.Hides ? folder.Below(name) : null;
            return new(hidden is null ? null : new(path, LayerChangeKind.Deleted, default, null, false), null, null);
        }

        var found = new Found(null, node, null);
        try
        {
            if (Libc.StatAt(node!, [], out var facts) != 0)
            {
                return found;
            }

            // Where a folder hides all below it, a commit says so once; Docker's diff compares all the same.
            using var below = folder.Hides && !listHidden ? null : folder.Below(name);
            if (facts.IsWhiteout)
            {
                return below is null ? found : found with { Change = new(path, LayerChangeKind.Deleted, default, null, false) };
            }

            if (below is null && IsPlaceholder(path, facts, node!))
            {
                return found;
            }

            LayerChangeKind? kind = below is null ? LayerChangeKind.Added
                : Libc.StatAt(below, [], out var before) != 0 || Differs(facts, node!, before, below) ? LayerChangeKind.Modified
                : null;
            var opaque = facts.Kind == FileKind.Directory && below is not null && IsOpaque(node!, privileged);
            if (kind is { } said)
            {
                found = found with { Change = new(path, said, facts, node, opaque) };
            }

            if (facts.Kind != FileKind.Directory)
            {
                return found;
            }

            if (Libc.Reopen(node!, Libc.OpenReadOnly | Libc.OpenDirectory, out var contents) is not 0 and var errno)
            {
                throw Libc.Failure("open", path, errno);
            }

            var inside = new Folder(contents!, below is null ? [] : folder.FoldersBelow(name, privileged), path, facts, listHidden && (opaque || folder.Hides))
            {
                IsSaid = kind is not null,
                IsOpaque = opaque,
                Hides = opaque || folder.Hides,
            };
            return found with { Inside = inside };
        }
        catch
        {
            found.Dispose();
            throw;
        }
    }

    private static bool IsPlaceholder(byte[] path, FileFacts facts, SafeFileHandle node)
    {
        if (path.Length > 24 || !s_placeholders.Contains(System.Text.Encoding.UTF8.GetString(path)))
        {
            return false;
        }

        if (facts.Kind == FileKind.Regular)
        {
            return facts.Size == 0;
        }

        if (facts.Kind != FileKind.Directory || Libc.Reopen(node, Libc.OpenReadOnly | Libc.OpenDirectory, out var contents) != 0)
        {
            return false;
        }

        using (contents)
        {
            var names = new List<(byte[] Name, FileKind Kind)>();
            _ = Libc.ReadDirectory(contents!, names);
            return names.TrueForAll(entry =>
            {
                byte[] inside = [.. path, (byte)'/', .. entry.Name];
                if (Libc.OpenNode(contents!, entry.Name, out var child) != 0)
                {
                    return true;
                }

                using (child)
                {
                    return Libc.StatAt(child!, [], out var childFacts) == 0 && IsPlaceholder(inside, childFacts, child!);
                }
            });
        }
    }

    private static bool Differs(FileFacts now, SafeFileHandle node, FileFacts before, SafeFileHandle below) =>
        now.Kind != before.Kind || now.Mode != before.Mode || now.UserId != before.UserId || now.GroupId != before.GroupId
        || now.DeviceMajor != before.DeviceMajor || now.DeviceMinor != before.DeviceMinor
        || (now.Kind != FileKind.Directory && (now.Size != before.Size || !SameTime(now.Modified, before.Modified)))
        || (now.Kind == FileKind.Regular && !Capability(node).AsSpan().SequenceEqual(Capability(below)));

    /// <summary>Archives of some writers have whole seconds only.</summary>
    private static bool SameTime(FileTime a, FileTime b) => a == b || (a.Seconds == b.Seconds && (a.Nanoseconds == 0 || b.Nanoseconds == 0));

    private static byte[]? Capability(SafeFileHandle node) => Libc.GetAttribute(node, "security.capability"u8);

    private static bool IsOpaque(SafeFileHandle folder, bool privileged) =>
        Libc.GetAttribute(folder, privileged ? "trusted.overlay.opaque"u8 : "user.overlay.opaque"u8) is [(byte)'y', ..];

    private static SafeFileHandle OpenFolder(string path)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(path);
        var errno = Libc.Open(bytes, Libc.OpenReadOnly | Libc.OpenDirectory, 0, out var handle);
        return errno == 0 ? handle! : throw Libc.Failure("open", bytes, errno);
    }

    /// <param name="Change">What became of a name; null for nothing.</param>
    /// <param name="Node">The name's descriptor.</param>
    /// <param name="Inside">The folder it is; null when it is none.</param>
    private sealed record Found(LayerChange? Change, SafeFileHandle? Node, Folder? Inside) : IDisposable
    {
        private bool _taken;

        public Folder? TakeFolder()
        {
            _taken = true;
            return Inside;
        }

        public void Dispose()
        {
            Node?.Dispose();
            if (!_taken)
            {
                Inside?.Dispose();
            }
        }
    }

    /// <summary>A folder of the writable layer with the folders below it.</summary>
    private sealed class Folder : IDisposable
    {
        private readonly SafeFileHandle[] _lowers;

        /// <param name="upper">In the writable layer.</param>
        /// <param name="lowers">Below, topmost first, as far as they show through each other.</param>
        /// <param name="path">Below the root.</param>
        /// <param name="facts">What it is like.</param>
        /// <param name="withHidden">Names that only the layers below have are looked at too.</param>
        public Folder(SafeFileHandle upper, SafeFileHandle[] lowers, byte[] path, FileFacts facts, bool withHidden)
        {
            (Upper, _lowers, Path, Facts) = (upper, lowers, path, facts);
            var names = new SortedSet<byte[]>(ByteOrder.Instance);
            Add(upper, names);
            foreach (var lower in withHidden ? lowers : [])
            {
                Add(lower, names);
            }

            Names = new(names);
        }

        public SafeFileHandle Upper { get; }

        public byte[] Path { get; }

        public FileFacts Facts { get; }

        /// <summary>Names still to be looked at.</summary>
        public Queue<byte[]> Names { get; }

        /// <summary>It was named already, or need not be.</summary>
        public bool IsSaid { get; set; }

        /// <summary>It is marked as hiding what is below.</summary>
        public bool IsOpaque { get; init; }

        /// <summary>It, or a folder above it, hides what is below.</summary>
        public bool Hides { get; init; }

        public void Dispose()
        {
            Upper.Dispose();
            foreach (var lower in _lowers)
            {
                lower.Dispose();
            }
        }

        /// <summary>What the layers below show under a name; null for nothing.</summary>
        public SafeFileHandle? Below(byte[] name)
        {
            foreach (var lower in _lowers)
            {
                if (Libc.OpenNode(lower, name, out var node) == 0)
                {
                    if (Libc.StatAt(node!, [], out var facts) == 0 && !facts.IsWhiteout)
                    {
                        return node;
                    }

                    node!.Dispose();
                    return null;
                }
            }

            return null;
        }

        /// <summary>The folders below of a name, topmost first, as far as they show through each other.</summary>
        public SafeFileHandle[] FoldersBelow(byte[] name, bool privileged)
        {
            var found = new List<SafeFileHandle>();
            foreach (var lower in _lowers)
            {
                var errno = Libc.OpenAt(lower, name, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow, 0, out var folder);
                if (errno == Errno.ENOENT)
                {
                    continue;
                }

                if (errno != 0)
                {
                    break;
                }

                found.Add(folder!);
                if (LayerDiff.IsOpaque(folder!, privileged))
                {
                    break;
                }
            }

            return [.. found];
        }

        private static void Add(SafeFileHandle folder, SortedSet<byte[]> names)
        {
            var entries = new List<(byte[] Name, FileKind Kind)>();
            if (Libc.ReadDirectory(folder, entries) is not 0 and var errno)
            {
                throw Libc.Failure("getdents", "a folder"u8, errno);
            }

            foreach (var (name, _) in entries)
            {
                names.Add(name);
            }
        }
    }
}
