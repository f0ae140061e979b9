using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Tar;

/// <summary>How each kind of member is made.</summary>
internal abstract partial class TarApplier
{
    private void MakeDirectory(SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path, TarEntry entry)
    {
        FileFacts? replaced = null;
        var exists = Libc.StatAt(parent, leaf, out var facts) == 0;
        if (exists && facts.Kind != FileKind.Directory)
        {
            replaced = facts;
            Replacing(entry, facts, path);
            Clear(parent, leaf, path);
            exists = false;
        }

        if (!exists)
        {
            Check(Libc.MakeDirectoryAt(parent, leaf, ImpliedMode), "mkdir", path);
        }

        using var directory = Open(parent, leaf, path, FileKind.Directory);
        if (!exists)
        {
            DirectoryMade(directory, replaced, path);
        }

        Describe(directory, path, entry);
    }

    private void MakeHardLink(SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path, TarEntry entry)
    {
        var target = TarName.Clean(entry.LinkName);
        if (target.AsSpan().SequenceEqual(path))
        {
            return;
        }

        var targetLeaf = target.AsSpan(TarName.LeafOf(target));
        var errno = root.TryOpenOwned(target.AsSpan(0, Math.Max(0, TarName.LeafOf(target) - 1)), out var targetParent);
        using (targetParent)
        {
            if (errno == 0)
            {
                errno = Libc.StatAt(targetParent!, targetLeaf, out var facts);
                errno = errno == 0 && (facts.IsWhiteout || facts.Kind == FileKind.Directory) ? Errno.ENOENT : errno;
            }

            if (errno != 0)
            {
                throw ArchiveErrors.Bad($"the hard link {ArchiveErrors.Show(path)} leads to {ArchiveErrors.Show(entry.LinkName)}, which is no file of this archive or layer");
            }

            ClearFor(entry, parent, leaf, path);
            Check(Libc.LinkAt(targetParent!, targetLeaf, parent, leaf), "link", path);
        }
    }

    private void MakeNode(SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path, TarEntry entry)
    {
        ClearFor(entry, parent, leaf, path);
        if (entry.Kind == TarKind.SymbolicLink)
        {
            if (entry.LinkName.Length is 0 or > PathInRoot.MaximumPath || entry.LinkName.AsSpan().Contains((byte)0))
            {
                throw ArchiveErrors.Bad($"the symbolic link {ArchiveErrors.Show(path)} has an impossible target");
            }

            Check(Libc.MakeSymlinkAt(parent, leaf, entry.LinkName), "symlink", path);
            _written += entry.LinkName.Length;
            using var link = Open(parent, leaf, path, FileKind.SymbolicLink);
            Describe(link, path, entry);
            return;
        }

        var kind = entry.Kind switch { TarKind.Fifo => FileKind.Fifo, TarKind.BlockDevice => FileKind.BlockDevice, _ => FileKind.CharacterDevice };
        Check(Libc.MakeNodeAt(parent, leaf, kind, PrivateMode, entry.DeviceMajor, entry.DeviceMinor), "mknod", path);
        using var node = Open(parent, leaf, path, kind);
        Describe(node, path, entry);
    }

    private void WriteFile(SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path, TarEntry entry, TarReader reader, byte[] buffer, CancellationToken ct)
    {
        if (!IsLive)
        {
            ClearFor(entry, parent, leaf, path);
        }

        var name = IsLive ? Temporary : leaf;
        Check(Libc.OpenAt(parent, name, Libc.OpenReadWrite | Libc.OpenCreate | Libc.OpenExclusive | Libc.OpenNoFollow, PrivateMode, out var file), "open", path);
        try
        {
            using (file)
            {
                // Holes count too, where they are not kept: who reads the file meets them, and what copies it may fill them.
                long end = 0;
                for (int read; (read = reader.Read(buffer, out var position)) > 0;)
                {
                    ct.ThrowIfCancellationRequested();
                    position = Math.Max(position, end);
                    if (KeepsHoles)
                    {
                        WriteParts(file!, buffer.AsSpan(0, read), position, path);
                    }
                    else
                    {
                        budget?.Charge(position + read - end);
                        Write(file!, buffer.AsSpan(0, read), position, path);
                    }

                    end = position + read;
                }

                if (end < entry.Size && !KeepsHoles)
                {
                    budget?.Charge(entry.Size - end);
                }

                if (end < entry.Size || KeepsHoles)
                {
                    RandomAccess.SetLength(file!, entry.Size);
                }

                Describe(file!, path, entry);
                _written += entry.Size;
            }

            if (IsLive)
            {
                Publish(parent, leaf, path, entry);
            }
        }
        catch
        {
            _ = Libc.UnlinkAt(parent, name, isDirectory: false);
            throw;
        }
    }

    /// <summary>Writes what is not zero, in blocks as file systems have them.</summary>
    private void WriteParts(SafeFileHandle file, ReadOnlySpan<byte> content, long offset, byte[] path)
    {
        const int Block = 4096;
        var start = 0;
        for (var end = 0; start < content.Length; start = end)
        {
            // Up to the next block's beginning in the file; then as far as the blocks are of the same kind.
            var isHole = true;
            for (end = start; end < content.Length;)
            {
                var next = (int)Math.Min(content.Length, end + Block - ((offset + end) % Block));
                var isZero = !content[end..next].ContainsAnyExcept((byte)0);
                if (end == start)
                {
                    isHole = isZero;
                }
                else if (isZero != isHole)
                {
                    break;
                }

                end = next;
            }

            if (!isHole)
            {
                budget?.Charge(end - start);
                Write(file, content[start..end], offset + start, path);
            }
        }
    }

    private void Publish(SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path, TarEntry entry)
    {
        if (Libc.StatAt(parent, leaf, out var existing) == 0)
        {
            Replacing(entry, existing, path);
            if (existing.Kind == FileKind.Directory)
            {
                Clear(parent, leaf, path);
            }

            // What was remembered of a path through a link is void.
            _stale |= existing.Kind == FileKind.SymbolicLink;
        }

        Check(Libc.RenameAt(parent, Temporary, parent, leaf), "rename", path);
    }

    private static void Write(SafeFileHandle file, ReadOnlySpan<byte> content, long offset, byte[] path)
    {
        try
        {
            RandomAccess.Write(file, content, offset);
        }
        catch (IOException e)
        {
            throw new IOException($"write {System.Text.Encoding.UTF8.GetString(path)}: {e.Message}", e);
        }
    }

    private void SetAttribute(SafeFileHandle node, byte[] path, ReadOnlySpan<byte> name, byte[] value)
    {
        // These steer overlayfs itself: an archive could point a directory at another.
        if (name.StartsWith("trusted.overlay."u8) || name.StartsWith("user.overlay."u8) || name.Contains((byte)0) || (!privileged && !name.StartsWith("user."u8)))
        {
            return;
        }

        var errno = Libc.SetAttribute(node, name, value);
        if (errno is Errno.EINVAL or Errno.ERANGE or Errno.E2BIG)
        {
            throw ArchiveErrors.Bad($"the attribute {ArchiveErrors.Show(name)} of {ArchiveErrors.Show(path)} is not possible ({errno})");
        }

        // A file system without this sort of attribute, or a kind of file that cannot carry it: as tar does, go on without.
        Check(errno is Errno.EOPNOTSUPP or Errno.EPERM ? 0 : errno, "setxattr", path);
    }

    private void ClearFor(TarEntry entry, SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path)
    {
        if (Libc.StatAt(parent, leaf, out var existing) == 0)
        {
            Replacing(entry, existing, path);
            Clear(parent, leaf, path);
        }
    }

    /// <summary>Removes what is under a name so that something new can take it.</summary>
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

    private static SafeFileHandle Open(SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path, FileKind kind)
    {
        Check(Libc.OpenNode(parent, leaf, out var node), "open", path);
        if (Libc.StatAt(node!, [], out var facts) == 0 && facts.Kind == kind)
        {
            return node!;
        }

        node!.Dispose();
        throw Libc.Failure("open", path, Errno.EAGAIN);
    }
}
