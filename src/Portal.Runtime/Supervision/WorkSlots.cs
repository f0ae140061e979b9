namespace Portal.Runtime.Supervision;

/// <summary>
/// Lets few at a time do what keeps processors and disk busy: making, starting, taking down containers. However many are asked for
/// at once, the others wait without a thread, the machine does not drown in processes, and what is quickly answered is.
/// </summary>
/// <param name="count">How many at a time.</param>
/// <param name="patience">Who has waited for so long goes ahead all the same: what holds the slots may hang.</param>
internal sealed class WorkSlots(int count, TimeSpan patience) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(count);

    /// <summary>Waits for a slot, first come, first served; disposing the answer gives it back. Nobody asks for one who has one.</summary>
    public async ValueTask<IDisposable> EnterAsync() => new Slot(await _slots.WaitAsync(patience).ConfigureAwait(false) ? _slots : null);

    public void Dispose() => _slots.Dispose();

    private sealed class Slot(SemaphoreSlim? slots) : IDisposable
    {
        private SemaphoreSlim? _slots = slots;

        public void Dispose() => Interlocked.Exchange(ref _slots, null)?.Release();
    }
}
