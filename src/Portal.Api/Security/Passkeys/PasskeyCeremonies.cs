namespace Portal.Api.Security.Passkeys;

/// <summary>
/// What was asked of devices and not answered yet: each challenge counts once, for five minutes. In memory: none outlives the portal. Anybody may ask, so
/// the oldest goes when there are too many.
/// </summary>
internal sealed class PasskeyCeremonies(TimeProvider time, int capacity = 10_000)
{
    /// <summary>How long a challenge is good.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private readonly OrderedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>Keeps what the answer will be held against; its id.</summary>
    /// <param name="state">Identity's own.</param>
    /// <param name="user">Whom a new passkey is for; null for a sign-in.</param>
    public string Begin(string state, string? user)
    {
        var (id, now) = (Secrets.New(), time.GetUtcNow());
        lock (_gate)
        {
            // They are in the order in which they end.
            while (_entries.Count > 0 && (_entries.GetAt(0).Value.Until <= now || _entries.Count >= capacity))
            {
                _entries.RemoveAt(0);
            }

            _entries.Add(id, new(state, user, now + Life));
            return id;
        }
    }

    /// <summary>What was kept, this once; null when there is none, not any more, or it was for somebody else.</summary>
    public string? Redeem(string id, string? user)
    {
        lock (_gate)
        {
            return _entries.Remove(id, out var entry) && entry.Until > time.GetUtcNow() && entry.User == user ? entry.State : null;
        }
    }

    private sealed record Entry(string State, string? User, DateTimeOffset Until);
}
