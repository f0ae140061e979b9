using Portal.Domain.Primitives;

namespace Portal.Runtime.Volumes;

/// <summary>What the containers that use a volume do while it is backed up.</summary>
public enum QuietMode
{
    /// <summary>They run on; files that are written meanwhile may be half new.</summary>
    None,

    /// <summary>They are frozen.</summary>
    Pause,

    /// <summary>They are stopped, and started again.</summary>
    Stop,
}

/// <summary>What is being done to a volume just now.</summary>
/// <param name="Id">Of this work.</param>
/// <param name="Volume">Name of the volume.</param>
/// <param name="IsRestore">A restore, otherwise a backup.</param>
/// <param name="Started">UTC.</param>
/// <param name="Bytes">Of the archive, unpacked, so far.</param>
/// <param name="TotalBytes">About how many there will be; 0 while that is not known.</param>
public sealed record VolumeWork(string Id, string Volume, bool IsRestore, DateTimeOffset Started, long Bytes, long TotalBytes);

/// <summary>
/// Whole volumes as archives: a tar archive packed with zstd, which begins with what the volume is and ends with a checksum of
/// all before.
/// </summary>
public interface IVolumeBackups
{
    /// <summary>Writes a volume to a stream.</summary>
    /// <param name="volume">Name of the volume.</param>
    /// <param name="quiet">What the containers that use it do meanwhile. Undone in any case, at the next start at the latest.</param>
    /// <param name="begin">Called once the archive begins; answers where it goes.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="ErrorException">404 no such volume, 409 a container cannot be paused or stopped.</exception>
    Task BackupAsync(string volume, QuietMode quiet, Func<VolumeManifest, Stream> begin, CancellationToken ct);

    /// <summary>Makes a volume, or fills an empty one, from a backup. Nothing of it is seen before the checksum is found right.</summary>
    /// <param name="volume">Name of the volume; a new one gets the labels of the backup.</param>
    /// <param name="archive">The backup.</param>
    /// <param name="ct">Gives up; nothing is left then.</param>
    /// <exception cref="ErrorException">400 a bad archive, 409 the volume is used or not empty.</exception>
    Task<VolumeManifest> RestoreAsync(string volume, Stream archive, CancellationToken ct);

    /// <summary>What is under way.</summary>
    IReadOnlyList<VolumeWork> List();
}
