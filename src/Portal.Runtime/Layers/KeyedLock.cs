namespace Portal.Runtime.Layers;

/// <summary>One holder at a time per key; different keys do not wait for each other.</summary>
internal sealed class KeyedLock<TKey> where TKey : notnull
{
    private readonly Dictionary<TKey, Gate> _gates = [];

    /// <summary>Waits for the key; disposing the answer passes it on.</summary>
    public async Task<IDisposable> EnterAsync(TKey key, CancellationToken ct)
    {
        Gate? gate;
        lock (_gates)
        {
            if (!_gates.TryGetValue(key, out gate))
            {
                _gates[key] = gate = new Gate();
            }

            gate.Users++;
        }

        try
        {
            await gate.Turn.WaitAsync(ct).ConfigureAwait(false);
        }
        catch
        {
            Leave(key, gate);
            throw;
        }

        return new Holder(this, key, gate);
    }

    private void Leave(TKey key, Gate gate)
    {
        lock (_gates)
        {
            if (--gate.Users == 0)
            {
                _gates.Remove(key);
                gate.Turn.Dispose();
            }
        }
    }

    private sealed class Gate
    {
        public SemaphoreSlim Turn { get; } = new(1);

        public int Users { get; set; }
    }

    private sealed class Holder(KeyedLock<TKey> owner, TKey key, Gate gate) : IDisposable
    {
        public void Dispose()
        {
            gate.Turn.Release();
            owner.Leave(key, gate);
        }
    }
}
