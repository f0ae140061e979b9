using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Contexts;

namespace Portal.Agent.BuildKit.Sessions;

/// <summary>A context that comes as an archive, once, whatever is wanted of it and however often.</summary>
/// <param name="receive">Takes it in.</param>
internal sealed class ArchiveFiles(Func<CancellationToken, Task<ReceivedContext>> receive) : IBuildSource, IDisposable
{
    private readonly BuildStep _step = new($"upload:{Guid.NewGuid():n}", "[internal] load remote build context", "", 0, 0, "", 0, []);
    private readonly SemaphoreSlim _first = new(1, 1);
    private ReceivedContext? _received;

    public async Task<IBuildTree> OpenAsync(BuildFilter filter, IBuildProgress progress, CancellationToken ct)
    {
        await _first.WaitAsync(ct);
        try
        {
            _received ??= await ReceiveAsync(progress, ct);
        }
        finally
        {
            _ = _first.Release();
        }

        return await _received.OpenAsync(filter, progress, ct);
    }

    public void Dispose()
    {
        _first.Dispose();
        _received?.Dispose();
    }

    private async Task<ReceivedContext> ReceiveAsync(IBuildProgress progress, CancellationToken ct)
    {
        progress.Started(_step);
        try
        {
            var received = await receive(ct);
            progress.Completed(_step, new(false, null, "", ""));
            return received;
        }
        catch (Exception e)
        {
            progress.Completed(_step, new(false, e is OperationCanceledException ? "context canceled" : e.Message, "", ""));
            throw;
        }
    }
}
