using System.Buffers;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Files;
using Portal.Runtime.Linux;
using Portal.Runtime.Mounts;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Volumes;

/// <inheritdoc cref="IVolumeFiles"/>
internal sealed class VolumeFiles(LocalVolumes volumes) : IVolumeFiles
{
    private const uint FileMode = 0x1A4, FolderMode = 0x1ED, PrivateMode = 0x180;
    private const int BlockSize = 128 * 1024;

    public Task<VolumeListing> ListAsync(string volume, VolumePath folder, byte[]? after, int limit, CancellationToken ct) => RunAsync(
        volume, folder,
        root =>
        {
            using var handle = OpenFolder(root, volume, folder);
            var names = new List<(byte[] Name, FileKind Kind)>();
            Check(Libc.Reopen(handle, Libc.OpenReadOnly | Libc.OpenDirectory, out var readable), volume, folder);
            using (readable)
            {
                Check(Libc.ReadDirectory(readable!, names), volume, folder);
            }

            var entries = new List<VolumeEntry>();
            byte[]? last = null, next = null;
            foreach (var (name, _) in names.Where(entry => after is null || entry.Name.AsSpan().SequenceCompareTo(after) > 0).OrderBy(entry => entry.Name, s_byBytes))
            {
                ct.ThrowIfCancellationRequested();
                if (entries.Count == limit)
                {
                    next = last;
                    break;
                }

                // What has gone meanwhile is left out.
                if (Libc.OpenNode(handle, name, out var node) == 0)
                {
                    using (node)
                    {
                        if (Libc.StatAt(node!, [], out var facts) == 0)
                        {
                            entries.Add(VolumeEntry.Of(name, facts, node));
                        }
                    }
                }

                last = name;
            }

            return new VolumeListing(entries, names.Count, next);
        },
        ct);

    public Task<VolumeEntry> StatAsync(string volume, VolumePath path, CancellationToken ct) => RunAsync(
        volume, path,
        root =>
        {
            using var node = Open(root, volume, path, out var facts);
            return VolumeEntry.Of(path.Leaf.ToArray(), facts, node);
        },
        ct);

    public Task ReadAsync(string volume, VolumePath path, long? length, Func<VolumeEntry, long, Stream> begin, CancellationToken ct) => RunAsync(
        volume, path,
        root =>
        {
            using var node = Open(root, volume, path, out var facts);
            if (facts.Kind != FileKind.Regular)
            {
                throw VolumeFileErrors.NoFile(volume, path);
            }

            Check(Libc.Reopen(node, Libc.OpenReadOnly, out var file), volume, path);
            using (file)
            {
                var wanted = Math.Min(facts.Size, length ?? long.MaxValue);
                using var output = new BlockingOutput(begin(VolumeEntry.Of(path.Leaf.ToArray(), facts), wanted), ct);
                var buffer = ArrayPool<byte>.Shared.Rent(BlockSize);
                try
                {
                    for (long offset = 0; offset < wanted;)
                    {
                        ct.ThrowIfCancellationRequested();
                        var read = RandomAccess.Read(file!, buffer.AsSpan(0, (int)Math.Min(buffer.Length, wanted - offset)), offset);
                        offset += read > 0 ? read : throw new IOException($"{path} in volume {volume} became shorter while it was read");
                        output.Write(buffer.AsSpan(0, read));
                    }
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }

                output.Flush();
            }

            return true;
        },
        ct);

    public Task ReadArchiveAsync(string volume, VolumePath path, Func<VolumeEntry, Stream> begin, CancellationToken ct) => RunAsync(
        volume, path,
        root =>
        {
            using var node = Open(root, volume, path, out var facts);
            using var output = new BlockingOutput(begin(VolumeEntry.Of(path.Leaf.ToArray(), facts, node)), ct);
            var writer = new TarWriter(output);
            var name = path.IsRoot ? Encoding.UTF8.GetBytes(volume) : path.Leaf.ToArray();
            new TreeArchive(writer, static (folder, _) => !KernelFileSystems.Holds(folder), null, ct).Add(node, name, withContents: !KernelFileSystems.Holds(node));
            writer.End();
            return true;
        },
        ct);

    public Task WriteAsync(string volume, VolumePath path, Stream content, bool overwrite, CancellationToken ct) => RunAsync(
        volume, path,
        root =>
        {
            using var parent = OpenParent(root, volume, path);
            Check(Libc.StatAt(parent, [], out var folder), volume, path);
            var exists = Libc.StatAt(parent, path.Leaf, out var old) == 0;
            if (exists && old.Kind == FileKind.Directory)
            {
                throw VolumeFileErrors.IsFolder(volume, path.ToString());
            }

            if (exists && !overwrite)
            {
                throw VolumeFileErrors.Exists(volume, path.ToString());
            }

            var isFile = exists && old.Kind == FileKind.Regular;
            using var upload = volumes.BeginUpload(volume, path.Parent);
            Check(Libc.OpenAt(parent, upload.Name, Libc.OpenReadWrite | Libc.OpenCreate | Libc.OpenExclusive | Libc.OpenNoFollow, PrivateMode, out var file), volume, path);
            try
            {
                using (file)
                {
                    Copy(content, file!, SpaceBudget.For(volumes.Resolve(volume).MountPoint), ct);
                    var owner = isFile ? old : folder;
                    if (Environment.IsPrivilegedProcess)
                    {
                        Check(Libc.ChangeOwner(file!, owner.UserId, owner.GroupId), volume, path);
                    }

                    Check(Libc.ChangeMode(file!, isFile ? old.Mode : FileMode), volume, path);
                    Check(Libc.Sync(file!), volume, path);
                }

                Check(overwrite ? Libc.RenameAt(parent, upload.Name, parent, path.Leaf) : Libc.RenameNewAt(parent, upload.Name, parent, path.Leaf), volume, path);
            }
            catch
            {
                _ = Libc.UnlinkAt(parent, upload.Name, isDirectory: false);
                throw;
            }

            return true;
        },
        ct);

    public Task WriteArchiveAsync(string volume, VolumePath folder, Stream archive, bool overwrite, CancellationToken ct) => RunAsync(
        volume, folder,
        root =>
        {
            var handle = OpenFolder(root, volume, folder);
            using var upload = volumes.BeginUpload(volume, folder.Bytes);
            using var applier = new VolumeApplier(handle, volume, upload, overwrite, SpaceBudget.For(volumes.Resolve(volume).MountPoint));
            using var blocking = new BlockingStream(archive, ct);
            using var tar = Compression.Unpack(blocking);
            try
            {
                applier.Apply(tar, ct);
                tar.CopyTo(Stream.Null);
            }
            catch (InvalidDataException ex)
            {
                throw ArchiveErrors.Damaged(ex);
            }

            return true;
        },
        ct);

    public Task MakeFolderAsync(string volume, VolumePath path, CancellationToken ct) => RunAsync(
        volume, path,
        root =>
        {
            using var parent = OpenParent(root, volume, path);
            Check(Libc.StatAt(parent, [], out var owner), volume, path);
            Check(Libc.MakeDirectoryAt(parent, path.Leaf, FolderMode), volume, path);
            Check(Libc.OpenNode(parent, path.Leaf, out var made), volume, path);
            using (made)
            {
                // Whoever swapped it for something else meanwhile had better not get an owner's gift.
                if (Environment.IsPrivilegedProcess && Libc.StatAt(made!, [], out var facts) == 0 && facts is { Kind: FileKind.Directory, UserId: 0, GroupId: 0 })
                {
                    Check(Libc.ChangeOwner(made!, owner.UserId, owner.GroupId), volume, path);
                }
            }

            return true;
        },
        ct);

    public Task RenameAsync(string volume, VolumePath from, VolumePath to, bool overwrite, CancellationToken ct) => RunAsync(
        volume, from,
        root =>
        {
            using var source = OpenParent(root, volume, from);
            using var target = OpenParent(root, volume, to);
            Check(Libc.StatAt(source, from.Leaf, out _), volume, from);
            Check(overwrite ? Libc.RenameAt(source, from.Leaf, target, to.Leaf) : Libc.RenameNewAt(source, from.Leaf, target, to.Leaf), volume, to);
            return true;
        },
        ct);

    public Task DeleteAsync(string volume, VolumePath path, bool recursive, CancellationToken ct) => RunAsync(
        volume, path,
        root =>
        {
            using var parent = OpenParent(root, volume, path);
            Check(Libc.StatAt(parent, path.Leaf, out var facts), volume, path);
            if (facts.Kind == FileKind.Directory && recursive)
            {
                try
                {
                    DirectoryTree.DeleteAt(parent, path.Leaf);
                }
                catch (LinuxException ex)
                {
                    throw VolumeFileErrors.Of(volume, path, ex.Errno);
                }
            }
            else
            {
                Check(Libc.UnlinkAt(parent, path.Leaf, facts.Kind == FileKind.Directory), volume, path);
            }

            return true;
        },
        ct);

    private static readonly Comparer<byte[]> s_byBytes = Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b));

    private Task<T> RunAsync<T>(string volume, VolumePath path, Func<SafeFileHandle, T> work, CancellationToken ct) => ArchiveThread.RunAsync(
        () =>
        {
            using var used = volumes.Use(volume);
            using var root = SafeSubpath.OpenFolder(volumes.Resolve(volume).MountPoint);
            try
            {
                return work(root);
            }
            catch (LinuxException ex) when (ex.Errno == Errno.EROFS)
            {
                throw VolumeFileErrors.Of(volume, path, ex.Errno);
            }
        },
        ct);

    private static void Copy(Stream content, SafeFileHandle file, SpaceBudget budget, CancellationToken ct)
    {
        using var blocking = new BlockingStream(content, ct);
        var buffer = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            for (long offset = 0; blocking.Read(buffer) is var read and > 0; offset += read)
            {
                budget.Charge(read);
                RandomAccess.Write(file, buffer.AsSpan(0, read), offset);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What is at a path; a link at its end is not followed.</summary>
    private static SafeFileHandle Open(SafeFileHandle root, string volume, VolumePath path, out FileFacts facts)
    {
        SafeFileHandle? node;
        if (path.IsRoot)
        {
            Check(Libc.OpenBeneath(root, "."u8, Libc.OpenPath, out node), volume, path);
        }
        else
        {
            using var parent = OpenFolder(root, volume, path.Parent, path);
            Check(Libc.OpenNode(parent, path.Leaf, out node), volume, path);
        }

        var errno = Libc.StatAt(node!, [], out facts);
        if (errno == 0 && (facts.Kind == FileKind.Directory || !KernelFileSystems.Holds(node!)))
        {
            return node!;
        }

        node!.Dispose();
        throw errno == 0 ? VolumeFileErrors.Kernel(volume) : VolumeFileErrors.Of(volume, path, errno);
    }

    private static SafeFileHandle OpenParent(SafeFileHandle root, string volume, VolumePath path) =>
        path.IsRoot ? throw VolumeFileErrors.TheRoot(volume) : OpenFolder(root, volume, path.Parent, path);

    private static SafeFileHandle OpenFolder(SafeFileHandle root, string volume, VolumePath path) => OpenFolder(root, volume, path.Bytes, path);

    /// <summary>A folder; links on the way are followed as long as they stay inside.</summary>
    private static SafeFileHandle OpenFolder(SafeFileHandle root, string volume, ReadOnlySpan<byte> path, VolumePath asked)
    {
        Check(Libc.OpenBeneath(root, path, Libc.OpenPath | Libc.OpenDirectory, out var folder), volume, asked);
        if (KernelFileSystems.Holds(folder!))
        {
            folder!.Dispose();
            throw VolumeFileErrors.Kernel(volume);
        }

        return folder!;
    }

    private static void Check(Errno errno, string volume, VolumePath path)
    {
        if (errno != 0)
        {
            throw VolumeFileErrors.Of(volume, path, errno);
        }
    }
}
