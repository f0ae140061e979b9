using Portal.Domain.Primitives;
using Portal.Runtime.Layers;

namespace Portal.Runtime.Files;

/// <summary>
/// The files of containers, running or not. Containers are named as the client names them, because messages repeat it. All
/// work is done in this process; nothing of a container is executed.
/// </summary>
public interface IContainerFiles
{
    /// <summary>Looks at a path.</summary>
    /// <exception cref="ErrorException">404 <c>Could not find the file x in container y</c>.</exception>
    Task<PathStatus> StatAsync(string container, string path, CancellationToken ct);

    /// <summary>Writes what is at a path as a tar archive whose first member has the path's last part as its name.</summary>
    /// <param name="container">Id, name or prefix.</param>
    /// <param name="path">From the container's root.</param>
    /// <param name="begin">Called once, when the path was found; answers where to write.</param>
    /// <param name="ct">Ends it.</param>
    Task ReadAsync(string container, string path, Func<PathStatus, Stream> begin, CancellationToken ct);

    /// <summary>Unpacks a tar archive, plain or compressed, into a folder.</summary>
    /// <exception cref="ErrorException">404, 400 when it is no folder, 403 when it is read-only.</exception>
    Task WriteAsync(string container, string path, Stream archive, CopyOptions options, CancellationToken ct);

    /// <summary>What the container changed in its image's files, in the order of paths.</summary>
    Task<IReadOnlyList<ContainerChange>> ChangesAsync(string container, CancellationToken ct);

    /// <summary>Writes the root file system as a tar archive, without what is mounted in it.</summary>
    /// <param name="container">Id, name or prefix.</param>
    /// <param name="begin">Called once, before the first byte; answers where to write.</param>
    /// <param name="ct">Ends it.</param>
    Task ExportAsync(string container, Func<Stream> begin, CancellationToken ct);

    /// <summary>Makes an image of what the container changed over its own image. All of it or nothing.</summary>
    /// <returns>The image's id.</returns>
    Task<Digest> CommitAsync(string container, CommitSpec spec, CancellationToken ct);

    /// <summary>Bytes in a container's writable layer. May be as old as ten times what it took to count them.</summary>
    Task<long> SizeAsync(ContainerId container, CancellationToken ct);
}

/// <param name="KeepKinds">A folder may only replace a folder, and a file a file.</param>
/// <param name="TakeUser">Everything is to belong to the container's user, where it has one.</param>
public sealed record CopyOptions(bool KeepKinds, bool TakeUser);

/// <param name="Path">From the root.</param>
/// <param name="Kind">What became of it.</param>
public sealed record ContainerChange(string Path, LayerChangeKind Kind);
