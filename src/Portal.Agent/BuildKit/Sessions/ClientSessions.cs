using Portal.Agent.EngineApi;
using Portal.Agent.EngineApi.Streams;
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

    /// <summary>Serves <c>POST /session</c> until the client leaves.</summary>
    public async Task ServeAsync(EngineRequest request)
    {
        var headers = request.Http.Request.Headers;
        var id = headers["X-Docker-Expose-Session-Uuid"].ToString();
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

        var stream = await Hijack.TakeForAsync(request, "h2c");
        try
        {
            using var session = new ClientSession(
                id, headers["X-Docker-Expose-Session-Sharedkey"].ToString(), headers["X-Docker-Expose-Session-Grpc-Method"].OfType<string>(), stream);
            if (!Change(() => _sessions.TryAdd(id, session)))
            {
                return;
            }

            try
            {
                await session.RunAsync(request.Stopping);
            }
            finally
            {
                _ = Change(() => _sessions.Remove(id));
            }
        }
        finally
        {
            Hijack.Leave(request.Http);
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
