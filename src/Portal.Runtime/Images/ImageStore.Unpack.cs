using System.Runtime.ExceptionServices;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Images;

internal sealed partial class ImageStore
{
    /// <summary>
    /// Layers of one image that are unpacked at a time. They hardly ever look at each other; what bounds it is memory, of which the unpacking of a hostile
    /// archive may take up to 128 MiB.
    /// </summary>
    private static readonly int s_parallel = Math.Min(2, Environment.ProcessorCount);

    private async Task UnpackAsync(IReadOnlyList<IncomingLayer> layers, IReadOnlyList<Digest> chain, IReadOnlyList<Digest> diffIds, CancellationToken ct)
    {
        using var failing = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var free = new SemaphoreSlim(s_parallel);
        var running = new List<Task>(chain.Count);
        var below = Task.CompletedTask;
        for (var i = 0; i < chain.Count && !failing.IsCancellationRequested; i++)
        {
            // The lowest ones first: an upper one may wait for those below it, never the other way round.
            await free.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            var one = UnpackOneAsync(i, below);
            running.Add(one);
            below = Task.WhenAll(below, one);
        }

        await below.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ct.ThrowIfCancellationRequested();
        // What made the others stop, not that they did.
        var failures = running.Where(r => r.IsFaulted).Select(r => r.Exception!.InnerException!).ToArray();
        if (failures.FirstOrDefault(f => f is not OperationCanceledException) is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        failing.Token.ThrowIfCancellationRequested();

        async Task UnpackOneAsync(int index, Task lower)
        {
            try
            {
                await UnpackPatientlyAsync(layers[index], chain, index, diffIds[index], lower, failing.Token).ConfigureAwait(false);
                layers[index].Unpacked?.Invoke();
            }
            catch
            {
                await failing.CancelAsync().ConfigureAwait(false);
                throw;
            }
            finally
            {
                free.Release();
            }
        }
    }

    /// <summary>
    /// Unpacks a layer. What goes wrong before all of it has come is not judged before: whether the content is what it has to be shows at its end, and
    /// where it came anew, it is unpacked anew.
    /// </summary>
    private async Task UnpackPatientlyAsync(IncomingLayer layer, IReadOnlyList<Digest> chain, int index, Digest diffId, Task below, CancellationToken ct)
    {
        var wasWhole = layer.Whole.IsCompletedSuccessfully;
        try
        {
            await _layers.UnpackAsync(chain, index, diffId, () => layer.Open(ct), below, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException && !wasWhole)
        {
            _ = await layer.Whole.WaitAsync(ct).ConfigureAwait(false);
            await _layers.UnpackAsync(chain, index, diffId, () => layer.Open(ct), below, ct).ConfigureAwait(false);
        }
    }
}
