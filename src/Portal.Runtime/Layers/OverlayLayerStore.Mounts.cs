using System.Text;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Layers;

/// <summary>Overlay mounts, however many layers there are.</summary>
internal sealed partial class OverlayLayerStore
{
    /// <summary>The options of an overlay mount.</summary>
    internal static string MountData(string linkFolder, IReadOnlyList<string> links, string folder, bool ephemeral)
    {
        var data = new StringBuilder("lowerdir=");
        foreach (var link in links)
        {
            data.Append(linkFolder).Append('/').Append(link).Append(':');
        }

        // The index only serves NFS exports and hard links across copy-up, and refuses a work directory in use elsewhere. With
        // redirects, or copies of metadata alone, a writable layer could not be read by itself: no diff, no commit.
        data.Length--;
        data.Append(",upperdir=").Append(folder).Append("/diff,workdir=").Append(folder).Append("/work,index=off,redirect_dir=off,metacopy=off");
        return data.Append(ephemeral ? ",volatile" : "").ToString();
    }

    private void MountOverlay(string folder, string merged, string[] links, bool ephemeral)
    {
        var options = MountData(_links, links, folder, ephemeral);
        if (options.Length <= MaximumMountData && folder.AsSpan().IndexOfAny(":,\\") < 0)
        {
            Libc.Mount("overlay", merged, "overlay", MountFlags.None, options);
        }
        else
        {
            MountByHandle(folder, merged, links, ephemeral);
        }
    }

    /// <summary>
    /// For very many layers, or a data root with characters that mount options give a meaning: the same paths through
    /// directory handles, 24 bytes a layer whatever the data root is called.
    /// </summary>
    private void MountByHandle(string folder, string merged, string[] links, bool ephemeral)
    {
        using var linkFolder = OpenFolder(_links);
        using var container = OpenFolder(folder);
        var data = MountData($"/proc/self/fd/{linkFolder.DangerousGetHandle()}", links, $"/proc/self/fd/{container.DangerousGetHandle()}", ephemeral);
        Libc.Mount("overlay", merged, "overlay", MountFlags.None, data);
    }

    private static Microsoft.Win32.SafeHandles.SafeFileHandle OpenFolder(string path)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        var errno = Libc.Open(bytes, Libc.OpenPath | Libc.OpenDirectory, 0, out var handle);
        return errno == 0 ? handle! : throw Libc.Failure("open", bytes, errno);
    }
}
