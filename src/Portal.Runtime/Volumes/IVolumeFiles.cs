using Portal.Domain.Primitives;

namespace Portal.Runtime.Volumes;

/// <summary>
/// The files of volumes. A volume with options is mounted meanwhile. Paths are resolved inside of the volume by the kernel:
/// links that lead out of it are refused, whatever a container does meanwhile, and nothing but regular files is ever opened.
/// </summary>
/// <remarks>Every call throws an <see cref="ErrorException"/>: 404 no such volume or path, 400 a path that cannot be, 403 the volume is read-only.</remarks>
public interface IVolumeFiles
{
    /// <summary>What is in a folder, in part.</summary>
    /// <param name="volume">Name of the volume.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="after">Only names behind this one; null from the beginning.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Gives up.</param>
    Task<VolumeListing> ListAsync(string volume, VolumePath folder, byte[]? after, int limit, CancellationToken ct);

    /// <summary>What is at a path; a link itself, not what it leads to.</summary>
    Task<VolumeEntry> StatAsync(string volume, VolumePath path, CancellationToken ct);

    /// <summary>Writes a file's content to a stream.</summary>
    /// <param name="volume">Name of the volume.</param>
    /// <param name="path">The file.</param>
    /// <param name="length">Only its beginning; null for all.</param>
    /// <param name="begin">Called once the file is open, with how many bytes come; answers where they go.</param>
    /// <param name="ct">Gives up.</param>
    Task ReadAsync(string volume, VolumePath path, long? length, Func<VolumeEntry, long, Stream> begin, CancellationToken ct);

    /// <summary>Writes a file, or a folder with all that is in it, to a stream as a tar archive.</summary>
    Task ReadArchiveAsync(string volume, VolumePath path, Func<VolumeEntry, Stream> begin, CancellationToken ct);

    /// <summary>Makes a file. It is there wholly or not at all; it belongs to whom the old one did, or the folder does.</summary>
    /// <exception cref="ErrorException">409: something is there already, and may not be replaced, or is a folder.</exception>
    Task WriteAsync(string volume, VolumePath path, Stream content, bool overwrite, CancellationToken ct);

    /// <summary>Unpacks a tar archive, plain or packed, into a folder. Every file is there wholly or not at all.</summary>
    /// <exception cref="ErrorException">400 a bad archive, 409 something is there already and may not be replaced.</exception>
    Task WriteArchiveAsync(string volume, VolumePath folder, Stream archive, bool overwrite, CancellationToken ct);

    /// <summary>Makes a folder.</summary>
    Task MakeFolderAsync(string volume, VolumePath path, CancellationToken ct);

    /// <summary>Gives something another name or place in the same volume.</summary>
    Task RenameAsync(string volume, VolumePath from, VolumePath to, bool overwrite, CancellationToken ct);

    /// <summary>Deletes something; a folder that is not empty only with <paramref name="recursive"/>.</summary>
    Task DeleteAsync(string volume, VolumePath path, bool recursive, CancellationToken ct);
}
