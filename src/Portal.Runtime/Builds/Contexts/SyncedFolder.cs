using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Builds.Contexts;

/// <summary>
/// Makes a folder like the one a client describes, and says which contents it needs for that. What the client says is hostile: every
/// step of a path must have been described as a directory before, is opened without following links below the folder, and everything counts.
/// The owner of everything is root.
/// </summary>
internal sealed class SyncedFolder : IDisposable
{
    /// <summary>Most files of a tree.</summary>
    public const int MaximumEntries = 2_000_000;

    /// <summary>Most bytes of all paths of a tree together.</summary>
    public const long MaximumPathBytes = 512L << 20;

    /// <summary>Files whose content may be on its way at once. Clients send four.</summary>
    private const int MaximumOpen = 64;

    private const int EntryCost = 512;
    private const uint PrivateMode = 0x180; // 0600
    private const uint DirectoryMode = 0x1ED; // 0755

    private readonly SafeFileHandle _root;
    private readonly SpaceBudget? _budget;
    private readonly bool _privileged;
    private readonly HashSet<string> _seen = [];
    private readonly HashSet<string> _directories = [""];
    private readonly List<SyncEntry> _described = [];
    private readonly Dictionary<uint, SyncEntry> _awaited = [];
    private readonly Dictionary<uint, (SafeFileHandle File, long Offset)> _open = [];
    private (string Path, SafeFileHandle Handle)? _parent;
    private uint _next;
    private long _pathBytes;

    /// <param name="folder">An existing folder; what is in it is from an earlier time.</param>
    /// <param name="privileged">Owners and devices are made. Off for tests without root.</param>
    /// <param name="budget">Bounds what is written; null when only the disk does.</param>
    public SyncedFolder(string folder, bool privileged, SpaceBudget? budget)
    {
        (_privileged, _budget) = (privileged, budget);
        var path = Encoding.UTF8.GetBytes(folder);
        var errno = Libc.Open(path, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow, 0, out var root);
        _root = errno == 0 ? root! : throw Libc.Failure("open", path, errno);
    }

    /// <summary>Contents that were asked for and have not come whole.</summary>
    public int Awaited => _awaited.Count;

    public void Dispose()
    {
        foreach (var (file, _) in _open.Values)
        {
            file.Dispose();
        }

        _parent?.Handle.Dispose();
        _root.Dispose();
    }

    /// <summary>Takes the next file of the tree, parents before what is in them.</summary>
    /// <returns>The number to ask for its content by; null when nothing is needed.</returns>
    public uint? Describe(SyncEntry entry)
    {
        var number = _next++;
        var (parentPath, leaf, path) = Place(entry);
        if (entry.Kind is not { } kind)
        {
            // A socket, or what no file system here has: nobody can copy it anywhere.
            return null;
        }

        if (kind is FileKind.CharacterDevice or FileKind.BlockDevice && (!_privileged || entry is { DeviceMajor: 0, DeviceMinor: 0 }))
        {
            return null;
        }

        _budget?.Charge(EntryCost);
        var parent = Parent(parentPath);
        var exists = Libc.StatAt(parent, leaf, out var facts) == 0;
        if (exists && IsSame(entry, kind, facts, parent, leaf))
        {
            Note(entry, kind, path);
            return null;
        }

        if (exists && !(kind == FileKind.Directory && facts.Kind == FileKind.Directory))
        {
            Clear(parent, leaf, facts);
            exists = false;
        }

        var asks = Make(entry, kind, parent, leaf, exists);
        Note(entry, kind, path);
        if (!asks)
        {
            return null;
        }

        _awaited.Add(number, entry);
        return number;
    }

    /// <summary>Takes a piece of content; an empty one is the end of a file.</summary>
    public void Receive(uint number, ReadOnlySpan<byte> content)
    {
        if (!_awaited.TryGetValue(number, out var entry))
        {
            throw Bad($"content {number} was not asked for");
        }

        if (!_open.TryGetValue(number, out var file))
        {
            if (_open.Count >= MaximumOpen)
            {
                throw Bad($"more than {MaximumOpen} files are sent at once");
            }

            var (parentPath, leaf) = Split(entry.Path);
            Check(Libc.OpenAt(Parent(parentPath), leaf, Libc.OpenWriteOnly | Libc.OpenNoFollow, 0, out var handle), "open", entry.Path);
            file = (handle!, 0);
        }

        if (content.IsEmpty)
        {
            using (file.File)
            {
                _ = _open.Remove(number);
                _ = _awaited.Remove(number);
                Dress(file.File, entry);
            }

            return;
        }

        // A file that grows while it is sent is no reason to fail; what it takes is counted.
        _budget?.Charge(content.Length);
        RandomAccess.Write(file.File, content, file.Offset);
        _open[number] = (file.File, file.Offset + content.Length);
    }

    /// <summary>All has come: what the client has no longer goes, and directories get their times.</summary>
    public void Finish(CancellationToken ct)
    {
        _parent?.Handle.Dispose();
        _parent = null;
        Sweep(_root, "", ct);
        for (var i = _described.Count - 1; i >= 0; i--)
        {
            var entry = _described[i];
            Check(Libc.OpenInRoot(_root, entry.Path, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow, followLinks: false, out var directory), "open", entry.Path);
            using (directory)
            {
                Dress(directory!, entry);
            }
        }
    }

    private static ErrorException Bad(string problem) => new(ErrorKind.Invalid, "build.bad-context", $"The files of the client are refused: {problem}.");

    private static void Check(Errno errno, string call, ReadOnlySpan<byte> path)
    {
        if (errno != 0)
        {
            throw Libc.Failure(call, path, errno);
        }
    }

    private static (string Parent, byte[] Leaf) Split(byte[] path)
    {
        var slash = Array.LastIndexOf(path, (byte)'/');
        return (slash < 0 ? "" : Key(path.AsSpan(0, slash)), path[(slash + 1)..]);
    }

    /// <summary>A path as a key: every byte is a character, so that no two paths are the same.</summary>
    private static string Key(ReadOnlySpan<byte> path) => Encoding.Latin1.GetString(path);

    private (string Parent, byte[] Leaf, string Path) Place(SyncEntry entry)
    {
        var path = entry.Path;
        if (path.Length is 0 or > PathInRoot.MaximumPath || path.AsSpan().Contains((byte)0))
        {
            throw Bad($"{ArchiveErrors.Show(path)} is no path");
        }

        foreach (var step in path.AsSpan().Split((byte)'/'))
        {
            if (path.AsSpan()[step] is [] or [(byte)'.'] or [(byte)'.', (byte)'.'])
            {
                throw Bad($"the path {ArchiveErrors.Show(path)} does not stay inside");
            }
        }

        if (_seen.Count >= MaximumEntries || (_pathBytes += path.Length) > MaximumPathBytes)
        {
            throw Bad("there are too many of them");
        }

        var (parent, leaf) = Split(path);
        var key = Key(path);
        return !_directories.Contains(parent) ? throw Bad($"{ArchiveErrors.Show(path)} comes before its directory")
            : !_seen.Add(key) ? throw Bad($"{ArchiveErrors.Show(path)} comes twice")
            : (parent, leaf, key);
    }

    private void Note(SyncEntry entry, FileKind kind, string path)
    {
        if (kind == FileKind.Directory)
        {
            _ = _directories.Add(path);
            _described.Add(entry);
        }
    }

    /// <summary>The file is as it was at an earlier time. Its content is taken to be, as by everybody who compares sizes and times.</summary>
    private static bool IsSame(SyncEntry entry, FileKind kind, FileFacts facts, SafeFileHandle parent, byte[] leaf)
    {
        if (facts.Kind != kind || !entry.Attributes.All(a => Libc.GetAttributeAt(parent, leaf, a.Name) is { } value && value.AsSpan().SequenceEqual(a.Value)))
        {
            return false;
        }

        switch (kind)
        {
            case FileKind.Regular:
                return !entry.IsHardLink && facts.Mode == entry.UnixMode && facts.Size == entry.Size && facts.Modified == entry.Modified;
            case FileKind.SymbolicLink:
                if (facts.Modified != entry.Modified || Libc.OpenNode(parent, leaf, out var link) != 0)
                {
                    return false;
                }

                using (link)
                {
                    return Libc.ReadLink(link!, out var target) == 0 && target.AsSpan().SequenceEqual(entry.LinkName);
                }

            default:
                return false;
        }
    }

    private SafeFileHandle Parent(string path)
    {
        if (path.Length == 0)
        {
            return _root;
        }

        if (_parent is { } known && known.Path == path)
        {
            return known.Handle;
        }

        _parent?.Handle.Dispose();
        _parent = null;
        var bytes = Encoding.Latin1.GetBytes(path);
        Check(Libc.OpenInRoot(_root, bytes, Libc.OpenPath | Libc.OpenDirectory | Libc.OpenNoFollow, followLinks: false, out var handle), "open", bytes);
        _parent = (path, handle!);
        return handle!;
    }

    /// <returns>Its content is needed.</returns>
    private bool Make(SyncEntry entry, FileKind kind, SafeFileHandle parent, byte[] leaf, bool exists)
    {
        switch (kind)
        {
            case FileKind.Directory:
                if (!exists)
                {
                    Check(Libc.MakeDirectoryAt(parent, leaf, DirectoryMode), "mkdir", entry.Path);
                }

                // How it is meant to be it becomes at the end: whoever sends it may have taken the right to write away.
                return false;
            case FileKind.Regular when entry.IsHardLink:
                Link(entry, parent, leaf);
                return false;
            case FileKind.Regular:
                Check(Libc.OpenAt(parent, leaf, Libc.OpenWriteOnly | Libc.OpenCreate | Libc.OpenExclusive | Libc.OpenNoFollow, PrivateMode, out var file), "open", entry.Path);
                using (file)
                {
                    if (entry.Size > 0)
                    {
                        return true;
                    }

                    Dress(file!, entry);
                    return false;
                }

            case FileKind.SymbolicLink:
                if (entry.LinkName.Length is 0 or > PathInRoot.MaximumPath || entry.LinkName.AsSpan().Contains((byte)0))
                {
                    throw Bad($"the symbolic link {ArchiveErrors.Show(entry.Path)} has an impossible target");
                }

                Check(Libc.MakeSymlinkAt(parent, leaf, entry.LinkName), "symlink", entry.Path);
                Check(Libc.SetTimeAt(parent, leaf, entry.Modified), "utimensat", entry.Path);
                return false;
            default:
                Check(Libc.MakeNodeAt(parent, leaf, kind, PrivateMode, entry.DeviceMajor, entry.DeviceMinor), "mknod", entry.Path);
                Check(Libc.OpenNode(parent, leaf, out var node), "open", entry.Path);
                using (node)
                {
                    Dress(node!, entry);
                }

                return false;
        }
    }

    private void Link(SyncEntry entry, SafeFileHandle parent, byte[] leaf)
    {
        var (otherParent, otherLeaf) = Split(entry.LinkName);
        if (!_seen.Contains(Key(entry.LinkName)) || !_directories.Contains(otherParent) || entry.LinkName.AsSpan().SequenceEqual(entry.Path))
        {
            throw Bad($"the hard link {ArchiveErrors.Show(entry.Path)} leads to {ArchiveErrors.Show(entry.LinkName)}, which has not come");
        }

        var path = Encoding.Latin1.GetBytes(otherParent);
        Check(Libc.OpenInRoot(_root, path.Length == 0 ? "."u8 : path, Libc.OpenPath | Libc.OpenDirectory | Libc.OpenNoFollow, followLinks: false, out var directory), "open", path);
        using (directory)
        {
            if (Libc.StatAt(directory!, otherLeaf, out var facts) != 0 || facts.Kind != FileKind.Regular)
            {
                throw Bad($"the hard link {ArchiveErrors.Show(entry.Path)} leads to {ArchiveErrors.Show(entry.LinkName)}, which is no file");
            }

            Check(Libc.LinkAt(directory!, otherLeaf, parent, leaf), "link", entry.Path);
        }
    }

    private void Dress(SafeFileHandle node, SyncEntry entry)
    {
        if (_privileged)
        {
            Check(Libc.ChangeOwner(node, 0, 0), "chown", entry.Path);
        }

        foreach (var (name, value) in entry.Attributes)
        {
            // These steer overlayfs itself.
            var ours = name.AsSpan().StartsWith("trusted.overlay."u8) || name.AsSpan().StartsWith("user.overlay."u8) || name.AsSpan().Contains((byte)0);
            if (!ours && (_privileged || name.AsSpan().StartsWith("user."u8)) && Libc.SetAttribute(node, name, value) is not (0 or Errno.EOPNOTSUPP or Errno.EPERM) and var errno)
            {
                throw Libc.Failure("setxattr", entry.Path, errno);
            }
        }

        Check(Libc.ChangeMode(node, entry.UnixMode), "chmod", entry.Path);
        Check(Libc.SetTime(node, entry.Modified), "utimensat", entry.Path);
    }

    private static void Clear(SafeFileHandle parent, byte[] leaf, FileFacts facts)
    {
        if (facts.Kind == FileKind.Directory)
        {
            DirectoryTree.DeleteAt(parent, leaf);
        }
        else
        {
            Check(Libc.UnlinkAt(parent, leaf, isDirectory: false), "unlink", leaf);
        }
    }

    /// <summary>Removes what was not described. Goes into directories that were, so never deeper than the client's tree.</summary>
    private void Sweep(SafeFileHandle directory, string prefix, CancellationToken ct)
    {
        var folders = new Stack<string>([prefix]);
        while (folders.TryPop(out var folder))
        {
            ct.ThrowIfCancellationRequested();
            var path = Encoding.Latin1.GetBytes(folder);
            Check(Libc.OpenInRoot(directory, path.Length == 0 ? "."u8 : path, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow, followLinks: false, out var handle), "open", path);
            using (handle)
            {
                var names = new List<(byte[] Name, FileKind Kind)>();
                Check(Libc.ReadDirectory(handle!, names), "readdir", path);
                foreach (var (name, _) in names)
                {
                    var key = folder.Length == 0 ? Key(name) : $"{folder}/{Key(name)}";
                    if (_directories.Contains(key))
                    {
                        folders.Push(key);
                    }
                    else if (!_seen.Contains(key) && Libc.StatAt(handle!, name, out var facts) == 0)
                    {
                        Clear(handle!, name, facts);
                    }
                }
            }
        }
    }
}
