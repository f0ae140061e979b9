namespace Portal.Api.Security;

/// <summary>At most so many attempts per source address and minute, whatever account they name. Starts over every minute.</summary>
internal sealed class SourceLimit(TimeProvider time, int perMinute = 100)
{
    private static readonly TimeSpan s_window = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private DateTimeOffset _since;

    /// <summary>Counts an attempt; how long to wait when there were too many, else zero.</summary>
    public TimeSpan Enter(string source)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (now - _since >= s_window)
            {
                _counts.Clear();
                _since = now;
            }

            var count = _counts.GetValueOrDefault(source) + 1;
            _counts[source] = count;
            return count <= perMinute ? TimeSpan.Zero : _since + s_window - now;
        }
    }
}
