using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Contexts;

namespace Portal.Agent.BuildKit.Sessions;

/// <summary>A context that comes as an archive, once, whatever is wanted of it and however often.</summary>
/// <param name="folders">Where it is unpacked.</param>
/// <param name="open">Opens the archive.</param>
internal sealed class ArchiveFiles(ContextFolders folders, Func<CancellationToken, Task<Stream>> open) : IBuildSource, IAsyncDisposable
{
    private static readonly BuildStep s_step = new("upload:context", "[internal] load remote build context", "", 0, 0, "", 0, []);

    private readonly SemaphoreSlim _first = new(1, 1);
    private ContextFolder? _folder;

    public async Task<IBuildTree> OpenAsync(BuildFilter filter, IBuildProgress progress, CancellationToken ct)
    {
        await _first.WaitAsync(ct);
        try
        {
            _folder ??= await UnpackAsync(progress, ct);
            return new View(_folder.Root);
        }
        finally
        {
            _ = _first.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _first.Dispose();
        if (_folder is not null)
        {
            await _folder.DisposeAsync();
        }
    }

    private async Task<ContextFolder> UnpackAsync(IBuildProgress progress, CancellationToken ct)
    {
        progress.Started(s_step);
        var folder = folders.Take("");
        try
        {
            await using var archive = await open(ct);
            await folder.UnpackAsync(archive, ct);
            progress.Completed(s_step, new(false, null, "", ""));
            return folder;
        }
        catch (Exception e)
        {
            progress.Completed(s_step, new(false, e.Message, "", ""));
            await folder.DisposeAsync();
            throw;
        }
    }

    /// <summary>The folder goes with the source, not with who looks at it.</summary>
    private sealed record View(string Root) : IBuildTree
    {
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
