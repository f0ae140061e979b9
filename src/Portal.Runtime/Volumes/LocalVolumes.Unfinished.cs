using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Mounts;

namespace Portal.Runtime.Volumes;

/// <summary>
/// What is half done in a volume is written down beside it, so that the next agent undoes what one that was killed has left. These notes are
/// not flushed: a kill loses nothing that was written.
/// </summary>
internal sealed partial class LocalVolumes
{
    /// <summary>A file that is being uploaded: its temporary name, and in the note the folder it is in.</summary>
    private const string UploadPrefix = ".uploading-";

    /// <summary>A volume that gets what an image has in its place: in the note the folder of the volume that is filled.</summary>
    private const string FillName = "filling";

    // What is searched for a file that was being uploaded.
    private const int MaximumDepth = 200;

    // Found at the start: what is written from then on is no leftover.
    private readonly List<(string Volume, string Note)> _cutUploads = [];

    // By name: containers with the same volume wait for each other.
    private readonly Lock[] _fills = [.. Enumerable.Range(0, 16).Select(_ => new Lock())];

    /// <summary>A name for a file that is not whole yet, in a folder of a volume or below it. Until the answer is disposed of it is swept if the agent ends.</summary>
    /// <param name="name">The volume.</param>
    /// <param name="folder">In it.</param>
    public VolumeUpload BeginUpload(string name, ReadOnlySpan<byte> folder)
    {
        var temporary = UploadPrefix + Guid.NewGuid().ToString("n");
        var note = $"{Root}/{name}/{temporary}";
        File.WriteAllBytes(note, folder);
        return new(note, Encoding.ASCII.GetBytes(temporary));
    }

    /// <summary>
    /// Begins to fill a volume, or a folder of it, if that is empty; null when there is something in it, or no such folder. What is not
    /// committed is emptied again, now or by the next agent, so that half an image's folder is never taken for the user's data.
    /// </summary>
    public VolumeFilling? BeginFill(string name, string path, string subpath)
    {
        // One at a time: of two containers that come to be at once the second finds what the first has brought.
        var turn = _fills[(uint)name.GetHashCode(StringComparison.Ordinal) % _fills.Length];
        turn.Enter();
        VolumeFilling? filling = null;
        try
        {
            return filling = VolumeFill.OpenEmpty(path, subpath) is { } folder ? new(folder, $"{Root}/{name}/{FillName}", subpath, turn) : null;
        }
        finally
        {
            if (filling is null)
            {
                turn.Exit();
            }
        }
    }

    /// <summary>Undoes a fill that was cut short, unless somebody has used the volume since.</summary>
    private void SettleFill(VolumeSnapshot volume, bool isUsed)
    {
        var note = $"{Root}/{volume.Name}/{FillName}";
        if (!File.Exists(note))
        {
            return;
        }

        try
        {
            if (VolumeFilling.Read(note) is { } subpath && !isUsed)
            {
                using var used = mounts.Use(volume);
                VolumeFilling.Empty(volume.MountPoint, subpath);
            }

            File.Delete(note);
        }
        catch (Exception ex) when (ex is IOException or ErrorException)
        {
            LogUnfinishedLeft(volume.Name, ex.Message);
        }
    }

    /// <summary>Takes away files whose upload was cut short. A server may be slow to show its volume, and nothing waits for this.</summary>
    private void SweepUploads()
    {
        foreach (var (name, note) in _cutUploads)
        {
            try
            {
                var volume = Resolve(name);
                using var used = mounts.Use(volume);
                using var root = SafeSubpath.OpenFolder(volume.MountPoint);
                if (Libc.OpenBeneath(root, File.ReadAllBytes(note), Libc.OpenReadOnly | Libc.OpenDirectory, out var folder) == 0)
                {
                    using (folder)
                    {
                        Unlink(folder!, Encoding.ASCII.GetBytes(Path.GetFileName(note)), 0);
                    }
                }

                File.Delete(note);
            }
            catch (Exception ex) when (ex is IOException or ErrorException)
            {
                LogUnfinishedLeft(name, ex.Message);
            }
        }

        _cutUploads.Clear();
    }

    /// <summary>Deletes a file wherever it is below a folder: that of an archive's member is in any of them.</summary>
    private static bool Unlink(SafeFileHandle folder, byte[] name, int depth)
    {
        if (Libc.UnlinkAt(folder, name, isDirectory: false) == 0)
        {
            return true;
        }

        var entries = new List<(byte[] Name, FileKind Kind)>();
        if (depth == MaximumDepth || Libc.ReadDirectory(folder, entries) != 0)
        {
            return false;
        }

        foreach (var (child, kind) in entries)
        {
            if (kind is FileKind.Directory or 0
                && Libc.StatAt(folder, child, out var facts) == 0 && facts is { Kind: FileKind.Directory, IsMountRoot: false }
                && Libc.OpenAt(folder, child, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow, 0, out var handle) == 0)
            {
                using (handle)
                {
                    if (Unlink(handle!, name, depth + 1))
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    [LoggerMessage(3323, LogLevel.Warning, "What an earlier agent had begun in volume {Volume} cannot be cleared away now; the next start tries again. {Problem}")]
    private partial void LogUnfinishedLeft(string volume, string problem);
}
