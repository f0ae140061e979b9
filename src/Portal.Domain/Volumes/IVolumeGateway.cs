using Portal.Domain.Primitives;

namespace Portal.Domain.Volumes;

/// <summary>Reaches what is in volumes, by the engines of their hosts. Handlers call it after the access check.</summary>
public interface IVolumeGateway
{
    /// <summary>A part of a folder.</summary>
    Task<Result<VolumeFolderView>> ListAsync(VolumePlace folder, string? after, int limit, CancellationToken ct);

    /// <summary>A file's content, or its beginning.</summary>
    Task<Result<VolumeContent>> ReadAsync(VolumePlace file, long? head, CancellationToken ct);

    /// <summary>A file or a folder as a tar archive.</summary>
    Task<Result<VolumeContent>> ReadArchiveAsync(VolumePlace place, CancellationToken ct);

    /// <summary>Makes a file, wholly or not at all.</summary>
    Task<Result> WriteAsync(VolumePlace file, Stream content, bool overwrite, CancellationToken ct);

    /// <summary>Unpacks a tar archive into a folder.</summary>
    Task<Result> WriteArchiveAsync(VolumePlace folder, Stream archive, bool overwrite, CancellationToken ct);

    /// <summary>Makes a folder.</summary>
    Task<Result> MakeFolderAsync(VolumePlace folder, CancellationToken ct);

    /// <summary>Gives something another name or place in the same volume.</summary>
    Task<Result> RenameAsync(VolumePlace from, string to, bool overwrite, CancellationToken ct);

    /// <summary>Deletes something; a folder that is not empty only when <paramref name="recursive"/>.</summary>
    Task<Result> DeleteAsync(VolumePlace place, bool recursive, CancellationToken ct);

    /// <summary>A whole volume as an archive. Its containers go on when it is read to the end, or disposed of.</summary>
    Task<Result<VolumeContent>> BackupAsync(HostId host, string volume, VolumeQuiet quiet, CancellationToken ct);

    /// <summary>Makes a volume, or fills an empty one, from such an archive: wholly or not at all.</summary>
    Task<Result> RestoreAsync(HostId host, string volume, Stream archive, CancellationToken ct);

    /// <summary>Backups and restores that are under way on a host.</summary>
    Task<Result<IReadOnlyList<VolumeWorkView>>> WorkAsync(HostId host, CancellationToken ct);
}
