using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Files;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Volumes;

/// <summary>Unpacks an archive into a folder of a volume that others may be using.</summary>
/// <param name="folder">The folder. Closed with this object.</param>
/// <param name="volume">Name of the volume.</param>
/// <param name="upload">Has the name of files that are not whole yet.</param>
/// <param name="overwrite">Files take the place of files.</param>
/// <param name="budget">Bounds what is written.</param>
internal sealed class VolumeApplier(SafeFileHandle folder, string volume, VolumeUpload upload, bool overwrite, SpaceBudget budget)
    : TarApplier(new PathInRoot(folder), Environment.IsPrivilegedProcess, budget)
{
    protected override bool IsLive => true;

    protected override ReadOnlySpan<byte> Temporary => upload.Name;

    protected override void Replacing(TarEntry entry, FileFacts existing, byte[] name)
    {
        if (!overwrite)
        {
            throw VolumeFileErrors.Exists(volume, Encoding.UTF8.GetString(name));
        }

        if (existing.Kind == FileKind.Directory)
        {
            throw VolumeFileErrors.IsFolder(volume, Encoding.UTF8.GetString(name));
        }

        if (entry.Kind == TarKind.Directory)
        {
            throw new ErrorException(ErrorKind.Conflict, "volume.is_a_file", $"{Encoding.UTF8.GetString(name)} in volume {volume} is a file; a folder does not take its place.");
        }
    }

    protected override void Entering(SafeFileHandle directory, ReadOnlySpan<byte> inside)
    {
        if (KernelFileSystems.Holds(directory))
        {
            throw VolumeFileErrors.Kernel(volume);
        }
    }
}
