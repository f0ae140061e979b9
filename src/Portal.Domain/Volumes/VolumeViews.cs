using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>A file in a volume, of whatever kind.</summary>
/// <param name="Name">Its name; what is no text in it is replaced.</param>
/// <param name="IsExact">The name is as on the disk, so that a path can be made of it.</param>
/// <param name="Kind">Kind.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="UserId">Owner.</param>
/// <param name="GroupId">Group.</param>
/// <param name="Modified">UTC.</param>
/// <param name="LinkTarget">What a symbolic link says; null for others.</param>
public sealed record VolumeFileView(string Name, bool IsExact, VolumeEntryKind Kind, long Size, int Mode, long UserId, long GroupId, DateTimeOffset Modified, string? LinkTarget);

/// <summary>A part of a folder in a volume.</summary>
/// <param name="Files">By name.</param>
/// <param name="Total">How many there are in all.</param>
/// <param name="Next">Where the next part begins; null at the end.</param>
public sealed record VolumeFolderView(IReadOnlyList<VolumeFileView> Files, int Total, string? Next);

/// <summary>A backup or restore that is under way.</summary>
/// <param name="Id">Of this work.</param>
/// <param name="Volume">The volume.</param>
/// <param name="IsRestore">A restore, otherwise a backup.</param>
/// <param name="Started">UTC.</param>
/// <param name="Bytes">So far.</param>
/// <param name="TotalBytes">About how many there will be; 0 while that is not known.</param>
public sealed record VolumeWorkView(string Id, string Volume, bool IsRestore, DateTimeOffset Started, long Bytes, long TotalBytes);

/// <summary>What the containers that use a volume do while it is backed up.</summary>
public enum VolumeQuiet
{
    /// <summary>They run on.</summary>
    None,

    /// <summary>They are frozen.</summary>
    Pause,

    /// <summary>They are stopped, and started again.</summary>
    Stop,
}

/// <summary>Content on its way. Its reader disposes of it, at the end or before.</summary>
/// <param name="Stream">The bytes.</param>
/// <param name="Length">How many; null when nobody knows before the end.</param>
public sealed record VolumeContent(Stream Stream, long? Length) : IAsyncDisposable
{
    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}

/// <summary>A volume, or something in it.</summary>
/// <param name="Host">The host it is on.</param>
/// <param name="Volume">Its name.</param>
/// <param name="Path">From the volume's root; empty for the volume itself.</param>
public sealed record VolumePlace(HostId Host, string Volume, string Path)
{
    /// <summary>As the audit log names it.</summary>
    public override string ToString() => Path.Length == 0 ? $"{Host}/{Volume}" : $"{Host}/{Volume}:{Path}";
}
