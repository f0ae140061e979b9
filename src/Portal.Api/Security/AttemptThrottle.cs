namespace Portal.Api.Security;

/// <summary>
/// Slows down guessing: after five failures of one key each further one is answered only after a pause that doubles up to
/// 15 minutes. Forgets a key an hour after its last failure. Bounded: an attacker's many keys push out the oldest.
/// </summary>
internal sealed class AttemptThrottle(TimeProvider time, int capacity = 10_000)
{
    private const int FreeFailures = 5;
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan s_memory = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>How long the key must still wait; zero when it may try now.</summary>
    public TimeSpan WaitOf(string key)
    {
        lock (_gate)
        {
            var wait = _entries.TryGetValue(key, out var entry) ? entry.NotBefore - time.GetUtcNow() : TimeSpan.Zero;
            return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
        }
    }

    /// <summary>Counts a failure.</summary>
    public void Failed(string key)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            var failures = _entries.TryGetValue(key, out var entry) && now - entry.Last < s_memory ? entry.Failures + 1 : 1;
            if (entry.Failures == 0 && _entries.Count >= capacity)
            {
                _entries.Remove(_entries.MinBy(pair => pair.Value.Last).Key);
            }

            _entries[key] = new(failures, now, now + PauseAfter(failures));
        }
    }

    /// <summary>Forgets the key's failures.</summary>
    public void Succeeded(string key)
    {
        lock (_gate)
        {
            _entries.Remove(key);
        }
    }

    /// <summary>None for the first four failures, then 1 s, 2 s, 4 s … 15 min.</summary>
    internal static TimeSpan PauseAfter(int failures) => failures < FreeFailures
        ? TimeSpan.Zero
        : TimeSpan.FromSeconds(Math.Min(Math.Pow(2, failures - FreeFailures), s_longest.TotalSeconds));

    private readonly record struct Entry(int Failures, DateTimeOffset Last, DateTimeOffset NotBefore);
}
