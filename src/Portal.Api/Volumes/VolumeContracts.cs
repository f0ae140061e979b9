using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Portal.Api.Http;
using Portal.Domain.Volumes;

namespace Portal.Api.Volumes;

/// <summary>A volume.</summary>
/// <param name="Host">The host it is on.</param>
/// <param name="Name">Its name.</param>
/// <param name="Driver">Such as <c>local</c>.</param>
/// <param name="Scope"><c>local</c>, or <c>global</c> for one that other hosts see too.</param>
/// <param name="Created">UTC; null where the engine does not say.</param>
/// <param name="Mountpoint">Its folder on the host.</param>
/// <param name="Options">Options of its driver, without names and passwords of accounts.</param>
/// <param name="Labels">Labels.</param>
public sealed record VolumeItem(
    string Host, string Name, string Driver, string Scope, DateTimeOffset? Created, string Mountpoint, IReadOnlyDictionary<string, string> Options, IReadOnlyDictionary<string, string> Labels);

/// <summary>A new volume.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NewVolume
{
    /// <summary>Its name; left out, the engine makes one up.</summary>
    [MaxLength(255), RegularExpression("^[a-zA-Z0-9][a-zA-Z0-9_.-]*$")]
    public string? Name { get; init; }

    /// <summary>Such as <c>local</c>, which it is when left out.</summary>
    [MaxLength(255)]
    public string? Driver { get; init; }

    /// <summary>Options of its driver.</summary>
    [MaxLength(64), NoNulls]
    public IReadOnlyDictionary<string, string>? Options { get; init; }

    /// <summary>Labels.</summary>
    [MaxLength(256), NoNulls]
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Without the options, where passwords are.</summary>
    public override string ToString() => $"NewVolume {{ Name = {Name} }}";
}

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

/// <summary>What became of a new volume.</summary>
/// <param name="Name">Its name.</param>
public sealed record CreatedVolume(string Name);
