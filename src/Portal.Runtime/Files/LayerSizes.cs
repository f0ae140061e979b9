using System.Collections.Concurrent;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Files;

/// <summary>
/// Sizes of writable layers. To count means to look at every file, so a count that took long is kept for ten times as long: a
/// list of hundreds of containers, asked for every second, spends at most a tenth of a processor on it. Who asks while a count
/// is under way gets its result.
/// </summary>
internal sealed class LayerSizes(ContainerStore store, ILayerStore layers, TimeProvider time) : IDisposable
{
    private const int KeepFactor = 10;
    private const int AtOnce = 2;

    private readonly ConcurrentDictionary<ContainerId, Count> _counts = new();
    private readonly SemaphoreSlim _turns = new(AtOnce);

    public Task<long> OfContainerAsync(ContainerId container, CancellationToken ct)
    {
        var count = _counts.AddOrUpdate(container, _ => new(this, container), (_, old) => old.IsOver(time) ? new(this, container) : old);
        return count.Bytes.WaitAsync(ct);
    }

    /// <summary>The layer has changed, or is gone.</summary>
    public void Forget(ContainerId container) => _counts.TryRemove(container, out _);

    public void Dispose() => _turns.Dispose();

    private async Task<long> CountAsync(ContainerId container, Count count)
    {
        await _turns.WaitAsync().ConfigureAwait(false);
        try
        {
            var began = time.GetTimestamp();
            var bytes = await ArchiveThread.RunAsync(() => TreeSize.Of(layers.Stack(container).Upper, CancellationToken.None), CancellationToken.None).ConfigureAwait(false);
            count.KeepUntil = time.GetUtcNow() + (KeepFactor * time.GetElapsedTime(began));
            return bytes;
        }
        catch (IOException)
        {
            // Removed meanwhile.
            return 0;
        }
        finally
        {
            _turns.Release();
            if (!store.Contains(container))
            {
                Forget(container);
            }
        }
    }

    /// <summary>One count of one layer. Begins when its result is first asked for, so that of two that race for the table one is never run.</summary>
    private sealed class Count
    {
        private readonly Lazy<Task<long>> _bytes;

        public Count(LayerSizes sizes, ContainerId container) => _bytes = new(() => sizes.CountAsync(container, this));

        public Task<long> Bytes => _bytes.Value;

        public DateTimeOffset KeepUntil { get; set; }

        public bool IsOver(TimeProvider time) => _bytes.IsValueCreated && _bytes.Value.IsCompleted && (!_bytes.Value.IsCompletedSuccessfully || time.GetUtcNow() >= KeepUntil);
    }
}
