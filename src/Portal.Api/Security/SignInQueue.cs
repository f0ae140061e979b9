using Portal.Domain.Primitives;

namespace Portal.Api.Security;

/// <summary>
/// How many passwords may wait to be looked at: a bounded number in all, and few from one address, so that who floods the portal from one place does not
/// stand in the way of people elsewhere. Whoever finds no place is told to come again.
/// </summary>
internal sealed class SignInQueue(int most = 64, int mostOfSource = 8)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _waiting = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>What is said to whoever finds no place.</summary>
    public static Error Full { get; } = new(ErrorKind.TooManyRequests, "signin.busy", "Too many sign-ins are under way. Try again in 2 seconds.") { RetryAfter = TimeSpan.FromSeconds(2) };

    /// <summary>A place, left by disposing it; null when there is none.</summary>
    public IDisposable? Enter(string source)
    {
        lock (_gate)
        {
            var own = _waiting.GetValueOrDefault(source);
            if (_count >= most || own >= mostOfSource)
            {
                return null;
            }

            _count++;
            _waiting[source] = own + 1;
            return new Place(this, source);
        }
    }

    private void Leave(string source)
    {
        lock (_gate)
        {
            _count--;
            if (--_waiting[source] is 0)
            {
                _ = _waiting.Remove(source);
            }
        }
    }

    private sealed class Place(SignInQueue queue, string source) : IDisposable
    {
        private SignInQueue? _queue = queue;

        public void Dispose() => Interlocked.Exchange(ref _queue, null)?.Leave(source);
    }
}
