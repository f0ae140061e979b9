using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Volumes;

/// <summary>Copies a folder of an image into a new volume: content, owners, modes, times, links. Nothing outside the image is read.</summary>
internal static class VolumeFill
{
    private const int MaximumDepth = 200;

    /// <summary>Copies <paramref name="target"/> of <paramref name="root"/>; absent or not a folder is nothing to copy.</summary>
    /// <param name="root">Mounted root of the container.</param>
    /// <param name="target">Absolute path inside.</param>
    /// <param name="volume">Empty folder of the volume.</param>
    public static void Fill(string root, string target, string volume)
    {
        using var rootFolder = DescriptorPassing.OpenFolder(root);
        var errno = Libc.OpenInRoot(rootFolder, Encoding.UTF8.GetBytes(target.TrimStart('/')), Libc.OpenReadOnly | Libc.OpenDirectory, followLinks: true, out var source);
        using (source)
        {
            if (errno != 0)
            {
                return;
            }

            using var destination = Open(null, Encoding.UTF8.GetBytes(volume));
            Copy(source!, destination, 0);
            Check(Libc.StatAt(source!, [], out var facts), "stat"u8);
            using var parent = Open(null, Encoding.UTF8.GetBytes(Path.GetDirectoryName(volume)!));
            Apply(parent, Encoding.UTF8.GetBytes(Path.GetFileName(volume)), facts);
        }
    }

    private static void Copy(SafeFileHandle from, SafeFileHandle to, int depth)
    {
        if (depth > MaximumDepth)
        {
            throw new IOException("A folder of the image is nested too deeply to be copied into a volume.");
        }

        var entries = new List<(byte[] Name, FileKind Kind)>();
        Check(Libc.ReadDirectory(from, entries), "."u8);
        foreach (var (name, _) in entries)
        {
            Check(Libc.StatAt(from, name, out var facts), name);
            switch (facts.Kind)
            {
                case FileKind.Directory:
                    Check(Libc.MakeDirectoryAt(to, name, 0x1C0), name);
                    using (var source = Open(from, name))
                    using (var destination = Open(to, name))
                    {
                        Copy(source, destination, depth + 1);
                    }

                    break;
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

            Apply(to, name, facts);
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

    private static void Apply(SafeFileHandle folder, ReadOnlySpan<byte> name, FileFacts facts)
    {
        Check(Libc.ChangeOwnerAt(folder, name, facts.UserId, facts.GroupId), name);
        if (facts.Kind != FileKind.SymbolicLink)
        {
            // After the owner: chown(2) takes set-user-id away.
            Check(Libc.ChangeModeAt(folder, name, facts.Mode), name);
        }

        Check(Libc.SetTimeAt(folder, name, facts.Modified), name);
    }

    private static SafeFileHandle Open(SafeFileHandle? folder, ReadOnlySpan<byte> name)
    {
        SafeFileHandle? handle;
        Check(folder is null
            ? Libc.Open(name, Libc.OpenReadOnly | Libc.OpenDirectory, 0, out handle)
            : Libc.OpenAt(folder, name, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow, 0, out handle), name);
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
