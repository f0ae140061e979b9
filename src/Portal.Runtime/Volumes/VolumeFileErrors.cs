using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Volumes;

/// <summary>Failures of work on the files of a volume, in one place.</summary>
internal static class VolumeFileErrors
{
    public static ErrorException NotFound(string volume, VolumePath path) => new(ErrorKind.NotFound, "volume.no_file", $"There is no {path} in volume {volume}.");

    public static ErrorException NoFile(string volume, VolumePath path) => new(ErrorKind.Invalid, "volume.not_a_file", $"{path} in volume {volume} is no regular file.");

    public static ErrorException NoFolder(string volume, VolumePath path) => new(ErrorKind.Invalid, "volume.not_a_folder", $"{path} in volume {volume} is no folder.");

    public static ErrorException Exists(string volume, string path) => new(ErrorKind.Conflict, "volume.file_exists", $"{path} is in volume {volume} already.");

    public static ErrorException IsFolder(string volume, string path) => new(ErrorKind.Conflict, "volume.is_a_folder", $"{path} in volume {volume} is a folder; only a folder can take its place.");

    public static ErrorException NotEmpty(string volume, VolumePath path) => new(ErrorKind.Conflict, "volume.not_empty", $"The folder {path} in volume {volume} is not empty.");

    public static ErrorException TheRoot(string volume) => new(ErrorKind.Invalid, "volume.path", $"That is volume {volume} itself; name something in it.");

    public static ErrorException Kernel(string volume) => new(ErrorKind.Forbidden, "volume.kernel", $"That is on a file system of the kernel, which is no data of volume {volume}.");

    /// <summary>What a failed call means for who asked.</summary>
    public static Exception Of(string volume, VolumePath path, Errno errno) => errno switch
    {
        Errno.ENOENT => NotFound(volume, path),
        Errno.ENOTDIR => NoFolder(volume, path),
        Errno.EXDEV => new ErrorException(ErrorKind.Invalid, "volume.escapes", $"{path} leads out of volume {volume}."),
        Errno.ELOOP => new ErrorException(ErrorKind.Invalid, "volume.links", $"{path} in volume {volume} leads through too many symbolic links."),
        Errno.EEXIST => Exists(volume, path.ToString()),
        Errno.EISDIR => IsFolder(volume, path.ToString()),
        Errno.ENOTEMPTY => NotEmpty(volume, path),
        Errno.EINVAL => new ErrorException(ErrorKind.Invalid, "volume.path", $"That cannot be done with {path} in volume {volume}."),
        Errno.EROFS => new ErrorException(ErrorKind.Forbidden, "volume.read_only", $"Volume {volume} is read-only."),
        Errno.EBUSY => new ErrorException(ErrorKind.Conflict, "volume.busy", $"Something is mounted at {path} in volume {volume}."),
        _ => Libc.Failure("open", Encoding.UTF8.GetBytes(path.ToString()), errno),
    };
}
