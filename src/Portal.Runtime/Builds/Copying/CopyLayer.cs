using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Builds.Copying;

/// <summary>
/// Writes what a COPY or ADD brings as the archive of a layer, straight from where it is. The rules are BuildKit's: folders are merged, those
/// that are there already keep what they are like at the top and take it over further down, and a folder does not take the place of a file
/// or a link.
/// </summary>
internal sealed class CopyLayer(TarWriter writer, LayerView view, CopyOptions options, DateTimeOffset now, CancellationToken ct)
{
    private const uint FolderMode = 0x1ED;

    private readonly FileArchive _files = new(writer, mappings: null, ct);

    /// <summary>Writes everything.</summary>
    /// <returns>False when there was nothing.</returns>
    public bool Write(IReadOnlyList<CopyItem> items)
    {
        foreach (var item in items)
        {
            switch (item)
            {
                case TreeItem tree:
                    WriteTree(tree);
                    break;
                case ArchiveItem archive:
                    WriteArchive(archive);
                    break;
                case FileItem file:
                    using (var content = File.OpenRead(file.File))
                    {
                        WriteFile(Place(file.Name), content, file.Mode, file.Modified ?? now);
                    }

                    break;
                case TextItem text:
                    using (var content = new MemoryStream(text.Text))
                    {
                        WriteFile(Place(text.Name), content, 0x1A4, now);
                    }

                    break;
                default:
                    throw new InvalidOperationException();
            }
        }

        return items.Count > 0;
    }

    /// <summary>Makes a folder and those above it, unless they are there; for WORKDIR.</summary>
    /// <returns>False when all of it is there.</returns>
    public bool MakeFolder(string path)
    {
        var resolved = view.Resolve(path, followLast: true);
        if (view.Find(resolved) is { } there)
        {
            return there.Kind == FileKind.Directory ? false : throw NoFolder(resolved);
        }

        Folders(resolved);
        return true;
    }

    private void WriteTree(TreeItem item)
    {
        if (item.Tree.TryOpen(item.Path, followLast: true, out var node) is not 0 and var errno)
        {
            throw Libc.Failure("open", Encoding.UTF8.GetBytes(item.Path), errno);
        }

        using (node)
        {
            if (Libc.StatAt(node!, [], out var facts) is not 0 and var failure)
            {
                throw Libc.Failure("stat", Encoding.UTF8.GetBytes(item.Path), failure);
            }

            if (item.Pivot is { } pivot)
            {
                WriteParents(item, pivot);
            }

            if (!item.IsFolder)
            {
                Add(item.Pivot is null ? Place(item.Name) : Inside(item.Pivot), node!, facts, item.Tree);
                return;
            }

            var top = item.Pivot is null ? Top() : Inside(item.Pivot);
            if (view.Find(top) is { Kind: not FileKind.Directory })
            {
                throw NoFolder(top);
            }

            if (view.Find(top) is null)
            {
                Folders(top);
            }

            foreach (var (path, inside, insideFacts) in TreeWalk.Below(item.Tree, item.Path, node!, options.Exclude))
            {
                Add(Join(top, Encoding.UTF8.GetString(path)), inside, insideFacts, item.Tree);
            }
        }
    }

    /// <summary>Folders above a source that come along (<c>--parents</c>) are like those they come from.</summary>
    private void WriteParents(TreeItem item, string pivot)
    {
        var above = item.Path[..^pivot.Length];
        for (var slash = pivot.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = pivot.IndexOf('/', slash + 1))
        {
            var folder = pivot[..slash];
            var target = Inside(folder);
            if (view.Find(target) is null && item.Tree.TryOpen(above + folder, followLast: true, out var node) == 0)
            {
                using (node)
                {
                    if (Libc.StatAt(node!, [], out var facts) == 0)
                    {
                        Add(target, node!, facts, item.Tree);
                    }
                }
            }
        }
    }

    private void WriteArchive(ArchiveItem item)
    {
        if (item.Tree.TryOpen(item.Path, followLast: true, out var node) is not 0 and var errno)
        {
            throw Libc.Failure("open", Encoding.UTF8.GetBytes(item.Path), errno);
        }

        using (node)
        {
            if (Libc.Reopen(node!, Libc.OpenReadOnly, out var handle) is not 0 and var failure)
            {
                throw Libc.Failure("open", Encoding.UTF8.GetBytes(item.Path), failure);
            }

            var top = Top();
            if (view.Find(top) is { Kind: not FileKind.Directory })
            {
                throw NoFolder(top);
            }

            Folders(top);
            using var file = new FileStream(handle!, FileAccess.Read);
            using var tar = Compression.Unpack(item.Packing, file);
            try
            {
                CopyArchive(new TarReader(tar), top);
            }
            catch (InvalidDataException e)
            {
                throw ArchiveErrors.Damaged(e);
            }
        }
    }

    private void CopyArchive(TarReader reader, string top)
    {
        var buffer = new byte[128 * 1024];
        while (reader.Next() is { } entry)
        {
            ct.ThrowIfCancellationRequested();
            var clean = Encoding.UTF8.GetString(TarName.Clean(entry.Name));
            if (clean.Length == 0 || entry is { Kind: TarKind.CharacterDevice, DeviceMajor: 0, DeviceMinor: 0 })
            {
                continue;
            }

            // Links of the archive itself, and of what is there, are followed for folders only, as in the root. Owners are the archive's.
            var path = ResolveIn(top, clean);
            Folders(Parent(path), root: true);
            entry = entry with
            {
                Name = Encoding.UTF8.GetBytes(path + (entry.Kind == TarKind.Directory ? "/" : "")),
                Mode = options.Mode?.Apply(entry.Mode, entry.Kind == TarKind.Directory) ?? entry.Mode,
            };
            if (entry.Kind == TarKind.HardLink)
            {
                var target = ResolveIn(top, Encoding.UTF8.GetString(TarName.Clean(entry.LinkName)));
                entry = entry with { LinkName = Encoding.UTF8.GetBytes(view.Has(target) ? target : throw ArchiveErrors.Bad($"the hard link {ArchiveErrors.Show(entry.Name)} leads to no file of this archive")) };
            }

            Demand(path);
            writer.Write(entry);
            for (int read; (read = reader.Read(buffer)) > 0;)
            {
                ct.ThrowIfCancellationRequested();
                _ = writer.WriteContent(buffer.AsSpan(0, read));
            }

            view.Add(path, KindOf(entry.Kind), entry.Kind == TarKind.SymbolicLink ? entry.LinkName : []);
        }
    }

    private void WriteFile(string path, Stream content, uint mode, DateTimeOffset modified)
    {
        if (view.Find(path) is { Kind: FileKind.Directory })
        {
            throw FileOverFolder(path);
        }

        Folders(Parent(path));
        Demand(path);
        var (user, group) = options.Owner ?? (0, 0);
        writer.Write(new(
            Encoding.UTF8.GetBytes(path), TarKind.File, [], content.Length, options.Mode?.Apply(mode, false) ?? mode, user, group,
            new(modified.ToUnixTimeSeconds(), modified.Nanosecond + (modified.Microsecond * 1000L) + (modified.Millisecond * 1_000_000L)), 0, 0, []));
        var buffer = new byte[128 * 1024];
        for (int read; (read = content.Read(buffer)) > 0;)
        {
            ct.ThrowIfCancellationRequested();
            _ = writer.WriteContent(buffer.AsSpan(0, read));
        }

        view.Add(path, FileKind.Regular, []);
    }

    private void Add(string path, SafeFileHandle node, FileFacts facts, SourceTree tree)
    {
        var isFolder = facts.Kind == FileKind.Directory;
        if (view.Find(path) is { } there && (there.Kind == FileKind.Directory) != isFolder)
        {
            throw isFolder ? NoFolder(path) : FileOverFolder(path);
        }

        Folders(Parent(path));
        Demand(path);
        var (user, group) = options.Owner ?? (tree.KeepsOwners ? (facts.UserId, facts.GroupId) : (0, 0));
        var mode = facts.Kind == FileKind.SymbolicLink ? facts.Mode : options.Mode?.Apply(facts.Mode, isFolder) ?? facts.Mode;
        _files.Add(node, facts with { UserId = user, GroupId = group, Mode = mode }, Encoding.UTF8.GetBytes(path));
        byte[] target = [];
        if (facts.Kind == FileKind.SymbolicLink)
        {
            _ = Libc.ReadLink(node, out target);
        }

        view.Add(path, facts.Kind, target);
    }

    /// <summary>
    /// Has the layer name a folder and those above it. Those that are there are named as they are: who unpacks a layer without them would
    /// make them anew, with other owners and modes.
    /// </summary>
    /// <param name="path">The folder.</param>
    /// <param name="root">New ones are root's, whoever is to own the rest.</param>
    private void Folders(string path, bool root = false)
    {
        for (var end = path.IndexOf('/', StringComparison.Ordinal); path.Length > 0; end = path.IndexOf('/', end + 1))
        {
            var folder = end < 0 ? path : path[..end];
            if (!view.Has(folder))
            {
                var there = view.Find(folder);
                if (there is { Kind: not FileKind.Directory })
                {
                    throw NoFolder(folder);
                }

                Demand(folder);
                var (user, group) = root ? (0, 0) : options.Owner ?? (0, 0);
                writer.Write(there?.Facts is { } facts
                    ? new(Encoding.UTF8.GetBytes(folder + "/"), TarKind.Directory, [], 0, facts.Mode, facts.UserId, facts.GroupId, facts.Modified, 0, 0, [])
                    : new(Encoding.UTF8.GetBytes(folder + "/"), TarKind.Directory, [], 0, FolderMode, user, group, new(now.ToUnixTimeSeconds(), 0), 0, 0, []));
                view.Add(folder, FileKind.Directory, []);
            }

            if (end < 0)
            {
                return;
            }
        }
    }

    /// <summary>The destination as a folder.</summary>
    private string Top() => view.Resolve(options.Destination, followLast: true);

    private string Inside(string path) => Join(Top(), path);

    /// <summary>Where a single file goes.</summary>
    private string Place(string name)
    {
        var path = Top();
        return options.IsFolder || view.Find(path) is { Kind: FileKind.Directory } ? Join(path, name) : path;
    }

    private string ResolveIn(string top, string path)
    {
        var parent = Parent(path);
        var folder = view.Resolve(Join(top, parent), followLast: true);
        return Join(folder, path[(parent.Length == 0 ? 0 : parent.Length + 1)..]);
    }

    /// <summary>A layer has no way to say that a file is really called so.</summary>
    private static void Demand(string path)
    {
        if (path.AsSpan(path.LastIndexOf('/') + 1).StartsWith(".wh."))
        {
            throw new ErrorException(ErrorKind.Invalid, "build.whiteout", $"/{path} cannot be part of an image: names that begin with \".wh.\" mark what layers delete");
        }
    }

    private static string Join(string folder, string name) => folder.Length == 0 ? name : name.Length == 0 ? folder : $"{folder}/{name}";

    private static string Parent(string path) => path[..Math.Max(0, path.LastIndexOf('/'))];

    private static FileKind KindOf(TarKind kind) => kind switch
    {
        TarKind.Directory => FileKind.Directory,
        TarKind.SymbolicLink => FileKind.SymbolicLink,
        TarKind.Fifo => FileKind.Fifo,
        TarKind.CharacterDevice => FileKind.CharacterDevice,
        TarKind.BlockDevice => FileKind.BlockDevice,
        TarKind.File or TarKind.HardLink => FileKind.Regular,
    };

    private ErrorException NoFolder(string path) => new(ErrorKind.Invalid, "build.no-folder", $"{options.Word} failed: cannot copy to non-directory: /{path}");

    private ErrorException FileOverFolder(string path) => new(ErrorKind.Invalid, "build.folder", $"{options.Word} failed: cannot replace the directory /{path} by a file");
}
