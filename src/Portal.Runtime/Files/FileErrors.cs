using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Files;

/// <summary>Failures of work on a container's files, in Docker's words.</summary>
internal static class FileErrors
{
    public static ErrorException NotFound(string path, string container) =>
        new(ErrorKind.NotFound, "files.not_found", $"Could not find the file {path} in container {container}");

    public static ErrorException NoFolder() => new(ErrorKind.Invalid, "files.no_folder", "extraction point is not a directory");

    public static ErrorException ReadOnlyRoot() => new(ErrorKind.Forbidden, "files.read_only", "container rootfs is marked read-only");

    public static ErrorException ReadOnlyVolume() => new(ErrorKind.Forbidden, "files.read_only", "mounted volume is marked read-only");

    public static ErrorException FolderOverFile(ReadOnlySpan<byte> name, string folder) => new(
        ErrorKind.Invalid, "files.overwrite", $"cannot overwrite non-directory \"{Encoding.UTF8.GetString(name)}\" with directory \"{folder}\"");

    public static ErrorException FileOverFolder(ReadOnlySpan<byte> name, string folder) => new(
        ErrorKind.Invalid, "files.overwrite", $"cannot overwrite directory \"{Encoding.UTF8.GetString(name)}\" with non-directory \"{folder}\"");

    /// <summary>Why a path could not be followed.</summary>
    public static ErrorException Unreachable(string path, string container, Errno errno) => errno switch
    {
        Errno.ENOENT => NotFound(path, container),
        Errno.ENOTDIR => new(ErrorKind.Invalid, "files.no_folder", $"lstat {path}: not a directory"),
        Errno.ELOOP => new(ErrorKind.Invalid, "files.links", $"lstat {path}: too many levels of symbolic links"),
        Errno.ENAMETOOLONG => new(ErrorKind.Invalid, "files.name", $"lstat {path}: file name too long"),
        _ => new(ErrorKind.Internal, "files.unreachable", $"lstat {path}: {errno}"),
    };
}
