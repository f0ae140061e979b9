using System.Buffers;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Layers;

/// <summary>
/// Unpacks one layer archive into a directory in overlayfs form. The archive is untrusted: every step of every path is
/// resolved by the kernel within the root, no existing link is written through, and nothing outside is ever touched.
/// The directory holds this layer only: files of lower layers are not in it.
/// </summary>
/// <param name="lowers">Unpacked lower layers, topmost first: directories that the archive implies take owner and mode from there.</param>
/// <param name="privileged">Owners, devices and protected attributes are restored. Off for tests without root.</param>
/// <param name="budget">Bounds what is written.</param>
internal sealed class TarApplier(string root, IReadOnlyList<string> lowers, bool privileged, SpaceBudget budget) : IDisposable
{
    private const int MaximumEntries = 10_000_000;
    private const int MaximumDirectories = 1_000_000;
    private const uint ImpliedMode = 0x1ED; // 0755

    // What a member costs beside its content: an inode and a directory entry, so that millions of empty files count.
    private const int EntryCost = 512;

    private readonly PathInRoot _root = new(root);
    private readonly List<(byte[] Path, FileTime Modified)> _directories = [];
    private PathInRoot[]? _lowers;
    private long _written;
    private bool _stale;

    public void Dispose()
    {
        _root.Dispose();
        foreach (var lower in _lowers ?? [])
        {
            lower.Dispose();
        }
    }

    /// <summary>Unpacks everything.</summary>
    /// <param name="archive">A tar stream, uncompressed. It is read to the end of the archive, not of the stream.</param>
    /// <param name="ct">Looked at between members and blocks.</param>
    /// <returns>Bytes of file content written.</returns>
    /// <exception cref="Portal.Domain.Primitives.ErrorException">The archive is damaged, hostile or too big. The directory is then to be deleted.</exception>
    /// <exception cref="LinuxException">The disk failed.</exception>
    public long Apply(Stream archive, CancellationToken ct)
    {
        var reader = new TarReader(archive);
        var buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        try
        {
            for (var count = 0; reader.Next() is { } entry; count++)
            {
                ct.ThrowIfCancellationRequested();
                if (count >= MaximumEntries)
                {
                    throw ArchiveErrors.TooBig($"it has more than {MaximumEntries} members");
                }

                budget.Charge(EntryCost);
                Apply(entry, reader, buffer, ct);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        // Last, as every file made in a directory changes its time.
        foreach (var (path, modified) in _directories)
        {
            if (_root.TryStat(path, out var facts) == 0 && facts.Kind == FileKind.Directory && _root.TryOpen(path, out var directory) == 0)
            {
                Check(Libc.SetTimeAt(directory!, "."u8, modified), "utimensat", path);
            }
        }

        return _written;
    }

    private void Apply(TarEntry entry, TarReader reader, byte[] buffer, CancellationToken ct)
    {
        var path = TarName.Clean(entry.Name);
        if (path.Length == 0)
        {
            if (entry.Kind != TarKind.Directory)
            {
                throw ArchiveErrors.Bad($"the member {ArchiveErrors.Show(entry.Name)} would replace the root");
            }

            Describe(_root.Root, "."u8, path, entry);
            return;
        }

        var leafAt = TarName.LeafOf(path);
        var leaf = path.AsSpan(leafAt);
        var parentPath = path.AsSpan(0, Math.Max(0, leafAt - 1));
        var whiteout = Whiteout.Parse(leaf, out var hidden);
        if (whiteout == WhiteoutKind.Bookkeeping || entry is { Kind: TarKind.CharacterDevice, DeviceMajor: 0, DeviceMinor: 0 })
        {
            // A 0:0 device in an archive is not allowed to act as a whiteout; archives have markers for that.
            return;
        }

        var parent = Parent(parentPath);
        switch (whiteout)
        {
            case WhiteoutKind.Opaque:
                MakeOpaque(parent, "."u8, path);
                break;
            case WhiteoutKind.Deleted:
                Hide(parent, hidden, path);
                break;
            default:
                Make(parent, leaf, path, entry, reader, buffer, ct);
                break;
        }
    }

    private void Make(SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path, TarEntry entry, TarReader reader, byte[] buffer, CancellationToken ct)
    {
        if (entry.Kind == TarKind.Directory)
        {
            MakeDirectory(parent, leaf, path);
            Describe(parent, leaf, path, entry);
            return;
        }

        if (entry.Kind == TarKind.HardLink)
        {
            MakeHardLink(parent, leaf, path, entry);
            return;
        }

        var isDevice = entry.Kind is TarKind.CharacterDevice or TarKind.BlockDevice;
        if (isDevice && !privileged)
        {
            return;
        }

        Clear(parent, leaf, path);
        switch (entry.Kind)
        {
            case TarKind.File:
                WriteFile(parent, leaf, path, reader, buffer, ct);
                break;
            case TarKind.SymbolicLink:
                if (entry.LinkName.Length > PathInRoot.MaximumPath || entry.LinkName.AsSpan().Contains((byte)0))
                {
                    throw ArchiveErrors.Bad($"the symbolic link {ArchiveErrors.Show(path)} has an impossible target");
                }

                Check(Libc.MakeSymlinkAt(parent, leaf, entry.LinkName), "symlink", path);
                break;
            default:
                var kind = entry.Kind switch { TarKind.Fifo => FileKind.Fifo, TarKind.BlockDevice => FileKind.BlockDevice, _ => FileKind.CharacterDevice };
                Check(Libc.MakeNodeAt(parent, leaf, kind, 0x180, entry.DeviceMajor, entry.DeviceMinor), "mknod", path);
                break;
        }

        Describe(parent, leaf, path, entry);
    }

    private void MakeDirectory(SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path)
    {
        var wasHidden = false;
        if (Libc.StatAt(parent, leaf, out var facts) == 0)
        {
            if (facts.Kind == FileKind.Directory)
            {
                return;
            }

            wasHidden = facts.IsWhiteout;
            Clear(parent, leaf, path);
        }

        Check(Libc.MakeDirectoryAt(parent, leaf, ImpliedMode), "mkdir", path);
        if (wasHidden)
        {
            // Deleted and made anew: what the lower layers have in it must not shine through.
            MakeOpaque(parent, leaf, path);
        }
    }

    private void MakeHardLink(SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path, TarEntry entry)
    {
        var target = TarName.Clean(entry.LinkName);
        if (target.AsSpan().SequenceEqual(path))
        {
            return;
        }

        var targetLeaf = target.AsSpan(TarName.LeafOf(target));
        var errno = _root.TryOpenOwned(target.AsSpan(0, Math.Max(0, TarName.LeafOf(target) - 1)), out var targetParent);
        using (targetParent)
        {
            if (errno == 0)
            {
                errno = Libc.StatAt(targetParent!, targetLeaf, out var facts);
                errno = errno == 0 && (facts.IsWhiteout || facts.Kind == FileKind.Directory) ? Errno.ENOENT : errno;
            }

            if (errno != 0)
            {
                throw ArchiveErrors.Bad($"the hard link {ArchiveErrors.Show(path)} leads to {ArchiveErrors.Show(entry.LinkName)}, which is no file of this layer");
            }

            Clear(parent, leaf, path);
            Check(Libc.LinkAt(targetParent!, targetLeaf, parent, leaf), "link", path);
        }
    }

    private void WriteFile(SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path, TarReader reader, byte[] buffer, CancellationToken ct)
    {
        Check(Libc.OpenAt(parent, leaf, Libc.OpenWriteOnly | Libc.OpenCreate | Libc.OpenExclusive | Libc.OpenNoFollow, 0x180, out var file), "open", path);
        using (file)
        {
            long offset = 0;
            for (int read; (read = reader.Read(buffer)) > 0; offset += read)
            {
                ct.ThrowIfCancellationRequested();
                budget.Charge(read);
                RandomAccess.Write(file!, buffer.AsSpan(0, read), offset);
            }

            _written += offset;
        }
    }

    /// <summary>Hides what lower layers have under a name. What this layer itself has there stays.</summary>
    private void Hide(SafeFileHandle parent, ReadOnlySpan<byte> name, byte[] path)
    {
        if (Libc.StatAt(parent, name, out var facts) != 0)
        {
            Check(Libc.MakeNodeAt(parent, name, FileKind.CharacterDevice, 0, 0, 0), "mknod", path);
        }
        else if (facts.Kind == FileKind.Directory)
        {
            MakeOpaque(parent, name, path);
        }
    }

    private void MakeOpaque(SafeFileHandle parent, ReadOnlySpan<byte> name, byte[] path)
    {
        var errno = Libc.SetAttributeAt(parent, name, privileged ? "trusted.overlay.opaque"u8 : "user.overlay.opaque"u8, "y"u8);
        Check(errno == Errno.EOPNOTSUPP && !privileged ? 0 : errno, "setxattr", path);
    }

    /// <summary>Owner, then attributes (a change of owner drops capabilities), then mode (it also drops setuid), then time.</summary>
    private void Describe(SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path, TarEntry entry)
    {
        if (privileged)
        {
            Check(Libc.ChangeOwnerAt(parent, leaf, entry.UserId, entry.GroupId), "chown", path);
        }

        foreach (var (name, value) in entry.Attributes)
        {
            SetAttribute(parent, leaf, path, name, value);
        }

        if (entry.Kind != TarKind.SymbolicLink)
        {
            Check(Libc.ChangeModeAt(parent, leaf, entry.Mode), "chmod", path);
        }

        if (entry.Kind != TarKind.Directory)
        {
            Check(Libc.SetTimeAt(parent, leaf, entry.Modified), "utimensat", path);
        }
        else if (_directories.Count < MaximumDirectories)
        {
            _directories.Add((path, entry.Modified));
        }
        else
        {
            throw ArchiveErrors.TooBig($"it has more than {MaximumDirectories} directories");
        }
    }

    private void SetAttribute(SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path, ReadOnlySpan<byte> name, byte[] value)
    {
        // These steer overlayfs itself: an archive could point a directory at another.
        if (name.StartsWith("trusted.overlay."u8) || name.StartsWith("user.overlay."u8) || name.Contains((byte)0) || (!privileged && !name.StartsWith("user."u8)))
        {
            return;
        }

        var errno = Libc.SetAttributeAt(parent, leaf, name, value);
        // A file system without this sort of attribute, or a kind of file that cannot carry it: as tar does, go on without.
        Check(errno is Errno.EOPNOTSUPP or Errno.EPERM ? 0 : errno, "setxattr", path);
    }

    /// <summary>Removes what this layer has under a name so that something new can take it.</summary>
    private void Clear(SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path)
    {
        if (Libc.StatAt(parent, leaf, out var facts) != 0)
        {
            return;
        }

        if (facts.Kind == FileKind.Directory)
        {
            DirectoryTree.DeleteAt(parent, leaf);
        }
        else
        {
            Check(Libc.UnlinkAt(parent, leaf, isDirectory: false), "unlink", path);
        }

        if (facts.Kind is FileKind.Directory or FileKind.SymbolicLink)
        {
            _stale = true;
        }
    }

    /// <summary>The directory at a clean path; missing ones are made.</summary>
    private SafeFileHandle Parent(ReadOnlySpan<byte> path)
    {
        if (_stale)
        {
            _root.Forget();
            _stale = false;
        }

        var errno = _root.TryOpen(path, out var directory);
        if (errno == Errno.ENOENT)
        {
            for (var end = 0; end < path.Length;)
            {
                var next = path[(end == 0 ? 0 : end + 1)..].IndexOf((byte)'/');
                var start = end == 0 ? 0 : end + 1;
                var stop = next < 0 ? path.Length : start + next;
                var step = _root.TryOpen(path[..stop], out directory);
                if (step == Errno.ENOENT)
                {
                    Imply(path[..end], path[start..stop], path[..stop]);
                    step = _root.TryOpen(path[..stop], out directory);
                }

                if (step != 0)
                {
                    throw Unusable(path[..stop], step);
                }

                end = stop;
            }

            return directory!;
        }

        return errno == 0 ? directory! : throw Unusable(path, errno);
    }

    /// <summary>A directory the archive uses without a member for it: in a merged tree it must look as the lower one does.</summary>
    private void Imply(ReadOnlySpan<byte> parentPath, ReadOnlySpan<byte> leaf, ReadOnlySpan<byte> path)
    {
        var errno = _root.TryOpen(parentPath, out var parent);
        if (errno != 0)
        {
            throw Unusable(parentPath, errno);
        }

        errno = Libc.MakeDirectoryAt(parent!, leaf, ImpliedMode);
        if (errno != 0)
        {
            // EEXIST: a symbolic link that leads to nothing in this layer.
            throw Unusable(path, errno);
        }

        Check(Libc.ChangeModeAt(parent!, leaf, ImpliedMode), "chmod", path);
        foreach (var lower in _lowers ??= [.. lowers.Select(l => new PathInRoot(l))])
        {
            if (lower.TryStat(path, out var facts) != 0)
            {
                continue;
            }

            if (facts.Kind == FileKind.Directory)
            {
                if (privileged)
                {
                    Check(Libc.ChangeOwnerAt(parent!, leaf, facts.UserId, facts.GroupId), "chown", path);
                }

                Check(Libc.ChangeModeAt(parent!, leaf, facts.Mode), "chmod", path);
                _directories.Add((path.ToArray(), facts.Modified));
            }

            return;
        }
    }

    private static Domain.Primitives.ErrorException Unusable(ReadOnlySpan<byte> path, Errno errno) =>
        ArchiveErrors.Bad($"{ArchiveErrors.Show(path)} is used as a directory and is none ({errno})");

    private static void Check(Errno errno, string call, ReadOnlySpan<byte> path)
    {
        if (errno != 0)
        {
            throw Libc.Failure(call, path, errno);
        }
    }
}
