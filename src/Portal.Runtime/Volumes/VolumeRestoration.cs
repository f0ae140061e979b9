using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Volumes;

/// <summary>A volume that is being restored. Disposed of before <see cref="Commit"/>, nothing is left of it.</summary>
internal abstract class VolumeRestoration : IDisposable
{
    /// <summary>Where the data is unpacked.</summary>
    public abstract string Folder { get; }

    /// <summary>It is in its place.</summary>
    protected bool Committed { get; set; }

    /// <summary>That folder, open.</summary>
    public SafeFileHandle OpenFolder()
    {
        var path = Encoding.UTF8.GetBytes(Folder);
        var errno = Libc.Open(path, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow, 0, out var handle);
        return errno == 0 ? handle! : throw Libc.Failure("open", path, errno);
    }

    /// <summary>Puts what was unpacked in the volume's place.</summary>
    public abstract void Commit(VolumeManifest manifest);

    public abstract void Dispose();

    /// <summary>What is put in place is on the disk.</summary>
    protected void SyncFolder()
    {
        using var folder = OpenFolder();
        if (Libc.SyncFileSystem(folder) is not 0 and var errno)
        {
            throw Libc.Failure("syncfs", Encoding.UTF8.GetBytes(Folder), errno);
        }
    }
}
