using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Mounts;

namespace Portal.Runtime.Volumes;

/// <summary>
/// Copies a folder of an image into a new volume: content, owners, modes, times, extended attributes, links of both kinds.
/// Nothing outside the image is read.
/// </summary>
internal sealed class VolumeFill
{
    private const int MaximumDepth = 200;

    private readonly SafeFileHandle _top;

    // Files with several names, by their inode: where the first copy of each is.
    private readonly Dictionary<ulong, byte[]> _linked = [];

    private VolumeFill(SafeFileHandle top) => _top = top;

    /// <summary>A volume, or a folder of it, if it is empty; null when there is something in it, or no such folder.</summary>
    public static SafeFileHandle? OpenEmpty(string volume, string subpath)
    {
        using var top = SafeSubpath.OpenFolder(volume);
        var errno = Libc.OpenBeneath(top, subpath.Length == 0 ? "."u8 : Encoding.UTF8.GetBytes(subpath), Libc.OpenReadOnly | Libc.OpenDirectory, out var folder);
        var there = new List<(byte[] Name, FileKind Kind)>();
        if (errno == 0 && Libc.ReadDirectory(folder!, there) == 0 && there.Count == 0)
        {
            return folder;
        }

        folder?.Dispose();
        return null;
    }

    /// <summary>Copies <paramref name="target"/> of <paramref name="root"/> if there is such a folder.</summary>
    /// <param name="root">Mounted root of the container, owners as on the disk.</param>
    /// <param name="target">Absolute path inside.</param>
    /// <param name="volume">From <see cref="OpenEmpty"/>.</param>
    /// <param name="anonymous">The target names the volume, so a file there is a mistake.</param>
    /// <exception cref="ErrorException">400: a file is in the volume's place.</exception>
    public static void Fill(string root, string target, SafeFileHandle volume, bool anonymous)
    {
        using var rootFolder = DescriptorPassing.OpenFolder(root);
        var errno = Libc.OpenInRoot(rootFolder, Encoding.UTF8.GetBytes(target.TrimStart('/')), Libc.OpenReadOnly | Libc.OpenDirectory, followLinks: true, out var source);
        using (source)
        {
            if (errno == Errno.ENOTDIR && anonymous)
            {
                throw new ErrorException(ErrorKind.Invalid, "container.volume_over_file", $"cannot mount volume over existing file, file exists {target}");
            }

            if (errno != 0)
            {
                return;
            }

            var fill = new VolumeFill(volume);
            fill.Copy(source!, volume, [], 0);
            Check(Libc.StatAt(source!, [], out var facts), "stat"u8);
            CopyAttributes(source!, "."u8, volume, "."u8);
            Check(Libc.ChangeOwnerAt(volume, [], facts.UserId, facts.GroupId), "chown"u8);
            File.SetUnixFileMode(volume, (UnixFileMode)facts.Mode);
            Check(Libc.SetTimeAt(volume, "."u8, facts.Modified), "utimes"u8);
        }
    }

    private void Copy(SafeFileHandle from, SafeFileHandle to, byte[] path, int depth)
    {
        if (depth > MaximumDepth)
        {
            throw new IOException("A folder of the image is nested too deeply to be copied into a volume.");
        }

        var entries = new List<(byte[] Name, FileKind Kind)>();
        Check(Libc.ReadDirectory(from, entries), "."u8);
        foreach (var (name, _) in entries)
        {
            byte[] full = path.Length == 0 ? name : [.. path, (byte)'/', .. name];
            Check(Libc.StatAt(from, name, out var facts), name);
            switch (facts.Kind)
            {
                case FileKind.Directory:
                    Check(Libc.MakeDirectoryAt(to, name, 0x1C0), name);
                    using (var source = Open(from, name))
                    using (var destination = Open(to, name))
                    {
                        Copy(source, destination, full, depth + 1);
                    }

                    break;
                case FileKind.Regular when facts.Links > 1 && !_linked.TryAdd(facts.Inode, full):
                    Check(Libc.LinkAt(_top, _linked[facts.Inode], to, name), name);
                    continue;
                case FileKind.Regular:
                    CopyFile(from, to, name);
                    break;
                case FileKind.SymbolicLink:
                    Check(Libc.MakeSymlinkAt(to, name, ReadLink(from, name)), name);
                    break;
                case FileKind.Fifo:
                case FileKind.CharacterDevice:
                case FileKind.BlockDevice:
                case FileKind.Socket:
                default:
                    Check(Libc.MakeNodeAt(to, name, facts.Kind, facts.Mode, facts.DeviceMajor, facts.DeviceMinor), name);
                    break;
            }

            Apply(from, to, name, facts);
        }
    }

    private static void CopyFile(SafeFileHandle from, SafeFileHandle to, byte[] name)
    {
        const int Create = 0x40, Exclusive = 0x80, WriteOnly = 1;
        Check(Libc.OpenAt(from, name, Libc.OpenReadOnly | Libc.OpenNoFollow, 0, out var source), name);
        using (source)
        {
            Check(Libc.OpenAt(to, name, WriteOnly | Create | Exclusive | Libc.OpenNoFollow, 0x180, out var destination), name);
            using (destination)
            {
                var buffer = new byte[128 * 1024];
                long offset = 0;
                while (RandomAccess.Read(source!, buffer, offset) is var count and > 0)
                {
                    RandomAccess.Write(destination!, buffer.AsSpan(0, count), offset);
                    offset += count;
                }
            }
        }
    }

    private static byte[] ReadLink(SafeFileHandle folder, byte[] name) =>
        Encoding.UTF8.GetBytes(new FileInfo($"/proc/self/fd/{folder.DangerousGetHandle()}/{Encoding.UTF8.GetString(name)}").LinkTarget ?? "");

    private static void Apply(SafeFileHandle from, SafeFileHandle to, ReadOnlySpan<byte> name, FileFacts facts)
    {
        Check(Libc.ChangeOwnerAt(to, name, facts.UserId, facts.GroupId), name);
        if (facts.Kind != FileKind.SymbolicLink)
        {
            // After the owner: chown(2) takes set-user-id away, and file capabilities with it.
            Check(Libc.ChangeModeAt(to, name, facts.Mode), name);
            CopyAttributes(from, name, to, name);
        }

        Check(Libc.SetTimeAt(to, name, facts.Modified), name);
    }

    private static void CopyAttributes(SafeFileHandle from, ReadOnlySpan<byte> fromName, SafeFileHandle to, ReadOnlySpan<byte> toName)
    {
        foreach (var attribute in Libc.ListAttributesAt(from, fromName))
        {
            if (!attribute.AsSpan().StartsWith("trusted.overlay."u8) && Libc.GetAttributeAt(from, fromName, attribute) is { } value
                && Libc.SetAttributeAt(to, toName, attribute, value) is not (0 or Errno.EOPNOTSUPP) and var errno)
            {
                Check(errno, toName);
            }
        }
    }

    private static SafeFileHandle Open(SafeFileHandle folder, ReadOnlySpan<byte> name)
    {
        Check(Libc.OpenAt(folder, name, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow, 0, out var handle), name);
        return handle!;
    }

    private static void Check(Errno errno, ReadOnlySpan<byte> subject)
    {
        if (errno != 0)
        {
            throw Libc.Failure("copy to volume", subject, errno);
        }
    }
}
