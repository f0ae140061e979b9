using System.Buffers;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Tar;

/// <summary>
/// Writes files of the disk into an archive: owners, modes, times, contents, capabilities and user attributes, and the hard
/// links among them. Only regular files are ever opened; sockets have no place in an archive and are left out.
/// </summary>
/// <param name="writer">The archive.</param>
/// <param name="mappings">How the owners on the disk are known where the archive is for; null for the same.</param>
/// <param name="ct">Looked at between files and blocks.</param>
/// <param name="allAttributes">Access lists and trusted attributes too: the archive is to become what its source is.</param>
internal sealed class FileArchive(TarWriter writer, IdMappings? mappings, CancellationToken ct, bool allAttributes = false)
{
    // Beyond so many files whose other names have not come yet, further ones are written as files of their own.
    private const int MaximumLinks = 500_000;

    private readonly Dictionary<(ulong FileSystem, ulong Inode), (byte[] Name, uint Left)> _links = [];

    /// <summary>Adds what <paramref name="node"/> is.</summary>
    /// <param name="node">A descriptor of it, of any kind.</param>
    /// <param name="facts">What it was when it was looked at.</param>
    /// <param name="name">Its name in the archive; a folder gets its slash.</param>
    public void Add(SafeFileHandle node, FileFacts facts, byte[] name)
    {
        ct.ThrowIfCancellationRequested();
        if (KindOf(facts.Kind) is not { } kind)
        {
            return;
        }

        if (mappings is not null)
        {
            facts = facts with { UserId = mappings.UserInside(facts.UserId), GroupId = mappings.GroupInside(facts.GroupId) };
        }

        if (FirstNameOf(facts, name) is { } first)
        {
            writer.Write(Entry(facts, name, TarKind.HardLink) with { LinkName = first });
            return;
        }

        var entry = Entry(facts, kind == TarKind.Directory && name is not [.., (byte)'/'] ? [.. name, (byte)'/'] : name, kind) with { Attributes = Attributes(node) };
        switch (kind)
        {
            case TarKind.SymbolicLink:
                if (Libc.ReadLink(node, out var target) is not 0 and var errno)
                {
                    throw Libc.Failure("readlink", name, errno);
                }

                writer.Write(entry with { LinkName = target });
                break;
            case TarKind.File when facts.Size > 0:
                AddContent(node, entry with { Size = facts.Size });
                break;
            case TarKind.CharacterDevice or TarKind.BlockDevice:
                writer.Write(entry with { DeviceMajor = facts.DeviceMajor, DeviceMinor = facts.DeviceMinor });
                break;
            default:
                writer.Write(entry);
                break;
        }
    }

    private void AddContent(SafeFileHandle node, TarEntry entry)
    {
        if (Libc.Reopen(node, Libc.OpenReadOnly, out var file) is not 0 and var errno)
        {
            throw Libc.Failure("open", entry.Name, errno);
        }

        var buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        try
        {
            using (file)
            {
                writer.Write(entry);
                for (long offset = 0; RandomAccess.Read(file!, buffer, offset) is var read and > 0; offset += read)
                {
                    ct.ThrowIfCancellationRequested();
                    if (!writer.WriteContent(buffer.AsSpan(0, read)))
                    {
                        break;
                    }
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The name under which a file of several names is in the archive already; null when this is the first.</summary>
    private byte[]? FirstNameOf(FileFacts facts, byte[] name)
    {
        if (facts.Links < 2 || facts.Kind == FileKind.Directory)
        {
            return null;
        }

        var key = (facts.FileSystem, facts.Inode);
        if (!_links.TryGetValue(key, out var seen))
        {
            if (_links.Count < MaximumLinks)
            {
                _links[key] = (name, facts.Links - 1);
            }

            return null;
        }

        // The last name of it can be forgotten, so that memory does not grow with the archive.
        if (seen.Left <= 1)
        {
            _links.Remove(key);
        }
        else
        {
            _links[key] = (seen.Name, seen.Left - 1);
        }

        return seen.Name;
    }

    private static TarEntry Entry(FileFacts facts, byte[] name, TarKind kind) =>
        new(name, kind, [], 0, facts.Mode, facts.UserId, facts.GroupId, facts.Modified, 0, 0, []);

    /// <summary>Capabilities and what users gave it. Not what steers this machine's security modules or overlayfs.</summary>
    private List<(byte[] Name, byte[] Value)> Attributes(SafeFileHandle node)
    {
        var attributes = new List<(byte[] Name, byte[] Value)>();
        foreach (var name in Libc.ListAttributes(node))
        {
            var wanted = name.AsSpan().SequenceEqual("security.capability"u8) || (name.AsSpan().StartsWith("user."u8) && !name.AsSpan().StartsWith("user.overlay."u8))
                || (allAttributes && (name.AsSpan().StartsWith("system.posix_acl_"u8) || (name.AsSpan().StartsWith("trusted."u8) && !name.AsSpan().StartsWith("trusted.overlay."u8))));
            if (wanted && Libc.GetAttribute(node, name) is { } value)
            {
                attributes.Add((name, value));
            }
        }

        return attributes;
    }

    private static TarKind? KindOf(FileKind kind) => kind switch
    {
        FileKind.Regular => TarKind.File,
        FileKind.Directory => TarKind.Directory,
        FileKind.SymbolicLink => TarKind.SymbolicLink,
        FileKind.CharacterDevice => TarKind.CharacterDevice,
        FileKind.BlockDevice => TarKind.BlockDevice,
        FileKind.Fifo => TarKind.Fifo,
        _ => null,
    };
}
