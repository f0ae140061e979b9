using Portal.Domain.Primitives;

namespace Portal.Runtime.Builds.Contexts;

/// <summary>Takes contexts in that come as a whole, before the build begins.</summary>
public interface IBuildContexts
{
    /// <summary>Unpacks an archive (plain, gzip, bzip2, xz or zstd).</summary>
    /// <exception cref="ErrorException">400: it is damaged, hostile or too big.</exception>
    Task<ReceivedContext> ReceiveAsync(Stream archive, CancellationToken ct);

    /// <summary>Fetches a git repository, an archive, or a file that is the Dockerfile itself.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="keepGit">A repository's own folder stays in it.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="ErrorException">400: it cannot be had.</exception>
    Task<ReceivedContext> FetchAsync(string address, bool keepGit, CancellationToken ct);
}

/// <summary>A context on this machine, until it is disposed.</summary>
public abstract class ReceivedContext : IBuildSource, IDisposable
{
    /// <inheritdoc/>
    public abstract Task<IBuildTree> OpenAsync(BuildFilter filter, IBuildProgress progress, CancellationToken ct);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Deletes it.</summary>
    protected abstract void Dispose(bool disposing);
}
