using System.Buffers;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Tar;

/// <summary>
/// Unpacks an archive into a directory. The archive is untrusted, and others may be at work in the directory meanwhile:
/// every step of every path is resolved by the kernel within the root, no existing link is written through, what a member is
/// like is set through a descriptor of it, and nothing outside is ever touched.
/// </summary>
/// <param name="root">Where to. Disposed with this object.</param>
/// <param name="privileged">Owners, devices and protected attributes are restored. Off for tests without root.</param>
/// <param name="budget">Bounds what is written; null when only the disk does.</param>
internal abstract partial class TarApplier(PathInRoot root, bool privileged, SpaceBudget? budget) : IDisposable
{
    /// <summary>Mode of directories that an archive uses without a member for them.</summary>
    protected const uint ImpliedMode = 0x1ED; // 0755

    private const int MaximumEntries = 10_000_000;
    private const int MaximumDirectories = 1_000_000;
    private const uint PrivateMode = 0x180; // 0600

    // What a member costs beside its content: an inode and a directory entry, so that millions of empty files count.
    private const int EntryCost = 512;

    private readonly List<(byte[] Path, FileTime Modified)> _directories = [];
    private readonly byte[] _temporary = System.Text.Encoding.ASCII.GetBytes($".unpacking-{Guid.NewGuid():n}");
    private long _written;
    private bool _stale;

    protected PathInRoot Root => root;

    protected bool Privileged => privileged;

    /// <summary>
    /// Others look into the root meanwhile: a file is written under a name of our own and renamed, so that nobody sees half of
    /// it and a full disk leaves the old one.
    /// </summary>
    protected virtual bool IsLive => false;

    /// <summary>The name under which a file is written that others must not see half of.</summary>
    protected virtual ReadOnlySpan<byte> Temporary => _temporary;

    /// <summary>Where a file holds nothing but zeroes it gets a hole, which takes no space.</summary>
    protected virtual bool KeepsHoles => false;

    public virtual void Dispose() => root.Dispose();

    /// <summary>Unpacks everything.</summary>
    /// <param name="archive">A tar stream, uncompressed. It is read to the end of the archive, not of the stream.</param>
    /// <param name="ct">Looked at between members and blocks.</param>
    /// <returns>Bytes written: content of files and targets of symbolic links.</returns>
    /// <exception cref="Domain.Primitives.ErrorException">The archive is damaged, hostile or too big.</exception>
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

                budget?.Charge(EntryCost);
                if (Receive(entry, reader) is { } received)
                {
                    Apply(received, reader, buffer, ct);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        // Last, as every file made in a directory changes its time.
        foreach (var (path, modified) in _directories)
        {
            if (Libc.OpenInRoot(root.Root, path.Length == 0 ? "."u8 : path, Libc.OpenPath | Libc.OpenDirectory | Libc.OpenNoFollow, followLinks: false, out var directory) == 0)
            {
                using (directory)
                {
                    Check(Libc.SetTime(directory!, modified), "utimensat", path);
                }
            }
        }

        return _written;
    }

    /// <summary>Sees a member before anything else does.</summary>
    /// <returns>What it is to be taken for; null when nothing is to be made of it.</returns>
    protected virtual TarEntry? Receive(TarEntry entry, TarReader reader) => entry;

    /// <summary>A member that stands for the root itself.</summary>
    protected virtual void ApplyRoot(TarEntry entry)
    {
    }

    /// <summary>Looks at a member before it is made.</summary>
    /// <returns>False when nothing is to be made of it.</returns>
    protected virtual bool Admit(TarEntry entry, ReadOnlySpan<byte> leaf, byte[] path) => true;

    /// <summary>A member that is a marker rather than a file.</summary>
    /// <returns>True when that was all.</returns>
    protected virtual bool ApplyMarker(SafeFileHandle parent, ReadOnlySpan<byte> leaf, byte[] path) => false;

    /// <summary>Something is in the place of a member that is not a directory over a directory.</summary>
    protected virtual void Replacing(TarEntry entry, FileFacts existing, byte[] path)
    {
    }

    /// <summary>A directory was made for a member; it took the place of <paramref name="replaced"/>, if that is not null.</summary>
    protected virtual void DirectoryMade(SafeFileHandle directory, FileFacts? replaced, byte[] path)
    {
    }

    /// <summary>A directory was made that the archive has no member for.</summary>
    protected virtual void Implied(SafeFileHandle directory, ReadOnlySpan<byte> path)
    {
    }

    /// <summary>A directory is about to be written to; throws when it must not be.</summary>
    protected virtual void Entering(SafeFileHandle directory, ReadOnlySpan<byte> path)
    {
    }

    /// <summary>Who is to own a member.</summary>
    protected virtual (uint User, uint Group) OwnerOf(TarEntry entry) => (entry.UserId, entry.GroupId);

    /// <summary>Has a directory's time set at the end.</summary>
    protected void SetTimeLater(byte[] path, FileTime modified)
    {
        if (_directories.Count >= MaximumDirectories)
        {
            throw ArchiveErrors.TooBig($"it has more than {MaximumDirectories} directories");
        }

        _directories.Add((path, modified));
    }

    /// <summary>Owner, then attributes (a change of owner drops capabilities), then mode (it also drops setuid), then time.</summary>
    protected void Describe(SafeFileHandle node, byte[] path, TarEntry entry)
    {
        if (privileged)
        {
            var (user, group) = OwnerOf(entry);
            Check(Libc.ChangeOwner(node, user, group), "chown", path);
        }

        foreach (var (name, value) in entry.Attributes)
        {
            SetAttribute(node, path, name, value);
        }

        if (entry.Kind != TarKind.SymbolicLink)
        {
            Check(Libc.ChangeMode(node, entry.Mode), "chmod", path);
        }

        if (entry.Kind == TarKind.Directory)
        {
            SetTimeLater(path, entry.Modified);
        }
        else
        {
            Check(Libc.SetTime(node, entry.Modified), "utimensat", path);
        }
    }

    protected static void Check(Errno errno, string call, ReadOnlySpan<byte> path)
    {
        if (errno != 0)
        {
            throw Libc.Failure(call, path, errno);
        }
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

            ApplyRoot(entry);
            return;
        }

        var leafAt = TarName.LeafOf(path);
        var leaf = path.AsSpan(leafAt);
        var isDevice = entry.Kind is TarKind.CharacterDevice or TarKind.BlockDevice;

        // A 0:0 device in an archive is not allowed to act as a whiteout; archives have markers for that.
        if ((isDevice && (!privileged || entry is { DeviceMajor: 0, DeviceMinor: 0 })) || !Admit(entry, leaf, path))
        {
            return;
        }

        var parent = Parent(path.AsSpan(0, Math.Max(0, leafAt - 1)));
        if (ApplyMarker(parent, leaf, path))
        {
            return;
        }

        switch (entry.Kind)
        {
            case TarKind.Directory:
                MakeDirectory(parent, leaf, path, entry);
                break;
            case TarKind.HardLink:
                MakeHardLink(parent, leaf, path, entry);
                break;
            case TarKind.File:
                WriteFile(parent, leaf, path, entry, reader, buffer, ct);
                break;
            default:
                MakeNode(parent, leaf, path, entry);
                break;
        }
    }

    /// <summary>The directory at a clean path; missing ones are made.</summary>
    private SafeFileHandle Parent(ReadOnlySpan<byte> path)
    {
        if (_stale)
        {
            root.Forget();
            _stale = false;
        }

        var errno = root.TryOpen(path, out var directory);
        if (errno == Errno.ENOENT)
        {
            Imply(path);
            errno = root.TryOpen(path, out directory);
        }

        if (errno != 0)
        {
            throw Unusable(path, errno);
        }

        Entering(directory!, path);
        return directory!;
    }

    /// <summary>Makes a directory and those on the way to it: from the last one that is there on, each in the one before.</summary>
    private void Imply(ReadOnlySpan<byte> path)
    {
        var errno = Errno.ENOENT;
        SafeFileHandle? parent = null;
        var there = path.Length;
        while (errno == Errno.ENOENT && there > 0)
        {
            there = Math.Max(0, path[..there].LastIndexOf((byte)'/'));
            errno = root.TryOpenOwned(path[..there], out parent);
        }

        try
        {
            while (errno == 0 && there < path.Length)
            {
                Entering(parent!, path[..there]);
                var start = there == 0 ? 0 : there + 1;
                var length = path[start..].IndexOf((byte)'/');
                there = length < 0 ? path.Length : start + length;
                budget?.Charge(EntryCost);
                errno = Libc.MakeDirectoryAt(parent!, path[start..there], ImpliedMode);
                if (errno == 0)
                {
                    var made = Open(parent!, path[start..there], path[..there].ToArray(), FileKind.Directory);
                    parent!.Dispose();
                    parent = made;
                    Check(Libc.ChangeMode(made, ImpliedMode), "chmod", path[..there]);
                    Implied(made, path[..there]);
                }
            }
        }
        finally
        {
            parent?.Dispose();
        }

        if (errno != 0)
        {
            // EEXIST: a symbolic link that leads to nothing here.
            throw Unusable(path[..there], errno);
        }
    }

    private static Domain.Primitives.ErrorException Unusable(ReadOnlySpan<byte> path, Errno errno) => errno is Errno.ENOSPC or Errno.EDQUOT or Errno.EROFS
        ? throw Libc.Failure("mkdir", path, errno)
        : ArchiveErrors.Bad($"{ArchiveErrors.Show(path)} is used as a directory and is none ({errno})");
}
