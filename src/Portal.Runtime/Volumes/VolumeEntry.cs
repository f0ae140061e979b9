using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Volumes;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Volumes;

/// <summary>A file in a volume, of whatever kind.</summary>
/// <param name="Name">As on the disk, which need not be text.</param>
/// <param name="Kind">Kind.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Mode">Permission bits, 07777.</param>
/// <param name="UserId">Owner.</param>
/// <param name="GroupId">Group.</param>
/// <param name="Modified">UTC.</param>
/// <param name="LinkTarget">What a symbolic link says; null for others.</param>
public sealed record VolumeEntry(byte[] Name, VolumeEntryKind Kind, long Size, uint Mode, uint UserId, uint GroupId, DateTimeOffset Modified, byte[]? LinkTarget)
{
    internal static VolumeEntry Of(byte[] name, FileFacts facts, SafeFileHandle? link = null)
    {
        byte[]? target = null;
        if (facts.Kind == FileKind.SymbolicLink && link is not null)
        {
            _ = Libc.ReadLink(link, out target);
        }

        // What no calendar of ours holds is shown as its end.
        var seconds = Math.Clamp(facts.Modified.Seconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        return new(
            name, KindOf(facts.Kind), facts.Size, facts.Mode, facts.UserId, facts.GroupId,
            DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(facts.Modified.Nanoseconds / 100), target);
    }

    /// <summary>The name as text; what is none is replaced.</summary>
    public string Text => Encoding.UTF8.GetString(Name);

    private static VolumeEntryKind KindOf(FileKind kind) => kind switch
    {
        FileKind.Directory => VolumeEntryKind.Folder,
        FileKind.SymbolicLink => VolumeEntryKind.Link,
        FileKind.CharacterDevice => VolumeEntryKind.CharacterDevice,
        FileKind.BlockDevice => VolumeEntryKind.BlockDevice,
        FileKind.Fifo => VolumeEntryKind.Fifo,
        FileKind.Socket => VolumeEntryKind.Socket,
        _ => VolumeEntryKind.File,
    };
}

/// <summary>A part of a folder's list.</summary>
/// <param name="Entries">By name, in the order of the bytes.</param>
/// <param name="Total">How many there are in all.</param>
/// <param name="Next">The name to go on after; null at the end.</param>
public sealed record VolumeListing(IReadOnlyList<VolumeEntry> Entries, int Total, byte[]? Next);
