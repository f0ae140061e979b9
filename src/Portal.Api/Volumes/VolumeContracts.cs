using System.ComponentModel.DataAnnotations;
using Portal.Domain.Volumes;

namespace Portal.Api.Volumes;

/// <summary>A file in a volume, of whatever kind.</summary>
/// <param name="Name">Its name; what is no text in it is replaced.</param>
/// <param name="IsExact">The name is as on the disk, so that a path can be made of it.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Mode">Permission bits in octal digits, for instance <c>0644</c>.</param>
/// <param name="UserId">Owner.</param>
/// <param name="GroupId">Group.</param>
/// <param name="Modified">UTC.</param>
/// <param name="LinkTarget">What a symbolic link says.</param>
public sealed record VolumeFileItem(string Name, bool IsExact, VolumeEntryKind Kind, long Size, string Mode, long UserId, long GroupId, DateTimeOffset Modified, string? LinkTarget)
{
    internal static VolumeFileItem From(VolumeFileView file) => new(
        file.Name, file.IsExact, file.Kind, file.Size, Convert.ToString(file.Mode & 0xFFF, 8).PadLeft(4, '0'), file.UserId, file.GroupId, file.Modified, file.LinkTarget);
}

/// <summary>A part of a folder in a volume.</summary>
/// <param name="Items">By name.</param>
/// <param name="Total">How many there are in all.</param>
/// <param name="Next">What to give as <c>after</c> for the next part; null at the end.</param>
public sealed record VolumeFilePage(IReadOnlyList<VolumeFileItem> Items, int Total, string? Next);

/// <summary>A backup or restore that is under way.</summary>
/// <param name="Id">Of this work.</param>
/// <param name="Volume">The volume.</param>
/// <param name="IsRestore">A restore, otherwise a backup.</param>
/// <param name="Started">UTC.</param>
/// <param name="Bytes">So far.</param>
/// <param name="TotalBytes">About how many there will be; 0 while that is not known.</param>
public sealed record VolumeWorkItem(string Id, string Volume, bool IsRestore, DateTimeOffset Started, long Bytes, long TotalBytes)
{
    internal static VolumeWorkItem From(VolumeWorkView work) => new(work.Id, work.Volume, work.IsRestore, work.Started, work.Bytes, work.TotalBytes);
}

/// <summary>Where a volume is to be copied.</summary>
/// <param name="Host" example="local">The host's id; it may be the same.</param>
/// <param name="Volume" example="data-copy">Name of the volume there, a new or an empty one.</param>
/// <param name="Quiet">What the containers that use it do meanwhile.</param>
public sealed record VolumeCopyRequest([property: Required, MaxLength(255)] string Host, [property: Required, MaxLength(255)] string Volume, VolumeQuiet Quiet = VolumeQuiet.None);
