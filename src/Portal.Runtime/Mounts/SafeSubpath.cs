using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Mounts;

/// <summary>
/// Files and folders inside of a volume or an image, found once and held by a descriptor: a container that swaps a link
/// meanwhile changes nothing any more.
/// </summary>
internal static class SafeSubpath
{
    /// <summary>Opens a path of a volume. Links are followed as long as they stay inside.</summary>
    /// <exception cref="ErrorException">404 when it is not there, 400 when it leads out of the volume; in Docker's words.</exception>
    public static SafeFileHandle OpenInVolume(string volume, string subpath)
    {
        using var folder = OpenFolder(volume);
        var errno = Libc.OpenBeneath(folder, Encoding.UTF8.GetBytes(subpath), Libc.OpenPath, out var found);
        return errno == 0 ? found! : throw Refusal(volume, subpath, errno);
    }

    /// <summary>Opens a path of an image. Links mean what they mean in a container of it.</summary>
    /// <inheritdoc cref="OpenInVolume" path="/exception"/>
    public static SafeFileHandle OpenInImage(string image, string subpath)
    {
        using var folder = OpenFolder(image);
        var errno = Libc.OpenInRoot(folder, Encoding.UTF8.GetBytes(subpath), Libc.OpenPath, followLinks: true, out var found);
        return errno == 0 ? found! : throw Refusal(image, subpath, errno);
    }

    /// <summary>Opens a folder that is itself no link.</summary>
    /// <exception cref="LinuxException">It is not there.</exception>
    public static SafeFileHandle OpenFolder(string path)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        var errno = Libc.Open(bytes, Libc.OpenPath | Libc.OpenDirectory | Libc.OpenNoFollow, 0, out var handle);
        return errno == 0 ? handle! : throw Libc.Failure("open", bytes, errno);
    }

    /// <summary>True for folders, false for everything else.</summary>
    public static bool IsFolder(SafeFileHandle handle, string subject) =>
        Libc.StatAt(handle, [], out var facts) is var errno && errno == 0 ? facts.Kind == FileKind.Directory : throw new LinuxException("stat", subject, errno);

    private static ErrorException Refusal(string folder, string subpath, Errno errno)
    {
        var path = $"{folder}/{subpath.Trim('/')}";
        return errno switch
        {
            Errno.EXDEV => new(ErrorKind.Invalid, "mount.escapes", $"path concatenation escapes the base directory, base: {folder}, subpath: {subpath}"),
            Errno.ENOENT => new(ErrorKind.NotFound, "mount.no_subpath", $"cannot access path {path}: lstat {path}: no such file or directory"),
            Errno.ELOOP => new(ErrorKind.NotFound, "mount.no_subpath", $"cannot access path {path}: too many levels of symbolic links"),
            Errno.ENOTDIR => new(ErrorKind.NotFound, "mount.no_subpath", $"cannot access path {path}: not a directory"),
            _ => new(ErrorKind.Internal, "mount.no_subpath", $"cannot access path {path}: {new LinuxException("openat2", subpath, errno).Message}"),
        };
    }
}
