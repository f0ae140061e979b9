using Portal.Domain.Engine;
using Portal.Domain.Primitives;

namespace Portal.Agent.BuildKit.Sessions;

/// <summary>The sessions that clients keep open, by name.</summary>
internal sealed class ClientSessions(TimeProvider time)
{
    private const int MaximumSessions = 256;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, ClientSession> _sessions = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Says no to a session that cannot be, while there is a status to say it with.</summary>
    public void Check(string id)
    {
        if (id.Length is 0 or > 256)
        {
            throw EngineErrors.Invalid("build.session", "the request names no session (X-Docker-Expose-Session-Uuid)");
        }

        lock (_lock)
        {
            if (_sessions.ContainsKey(id))
            {
                throw new ErrorException(ErrorKind.Conflict, "build.session", $"session {id} exists already");
            }

            if (_sessions.Count >= MaximumSessions)
            {
                throw new ErrorException(ErrorKind.TooManyRequests, "build.session", $"there are {MaximumSessions} sessions already");
            }
        }
    }

    /// <summary>Has a session for as long as its connection lasts.</summary>
    public async Task RunAsync(ClientSession session, CancellationToken stopping)
    {
        if (!Change(() => _sessions.TryAdd(session.Id, session)))
        {
            return;
        }

        try
        {
            await session.RunAsync(stopping);
        }
        finally
        {
            _ = Change(() => _sessions.Remove(session.Id));
        }
    }

    /// <summary>The session of a name, which may be about to be opened.</summary>
    public async Task<ClientSession> GetAsync(string id, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var timer = time.CreateTimer(static source => ((CancellationTokenSource)source!).Cancel(), limit, s_patience, Timeout.InfiniteTimeSpan);
        try
        {
            while (true)
            {
                Task changed;
                lock (_lock)
                {
                    if (_sessions.TryGetValue(Bare(id), out var session))
                    {
                        return session;
                    }

                    changed = _changed.Task;
                }

                await changed.WaitAsync(limit.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw EngineErrors.Invalid("build.session", $"no active session for {id}: context deadline exceeded");
        }
    }

    /// <summary>Some clients put a word and a colon before the name, to tell contexts apart.</summary>
    private static string Bare(string id) => id.IndexOf(':', StringComparison.Ordinal) is var colon && colon >= 0 && colon < id.Length - 1 ? id[(colon + 1)..] : id;

    private bool Change(Func<bool> change)
    {
        lock (_lock)
        {
            var changed = change();
            _changed.TrySetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return changed;
        }
    }
}
