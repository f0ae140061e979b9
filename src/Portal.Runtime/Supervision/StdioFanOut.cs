using System.Threading.Channels;

namespace Portal.Runtime.Supervision;

/// <summary>
/// Hands one process' output to any number of sessions. A session that falls 1 MiB behind holds the producer back for a
/// bounded time; one that has not caught up to half by then is cut off.
/// </summary>
/// <param name="patience">How long a full session may hold the producer back; null for as long as it likes.</param>
/// <param name="time">Clock.</param>
internal sealed class StdioFanOut(TimeSpan? patience, TimeProvider time)
{
    /// <summary>Bytes a session may be behind.</summary>
    public const int SessionLimit = 1 << 20;

    private readonly Lock _lock = new();
    private Session[] _sessions = [];
    private bool _completed;

    /// <summary>True while somebody listens.</summary>
    public bool HasSessions => Volatile.Read(ref _sessions).Length > 0;

    /// <summary>True while a session has more than half of its limit unread.</summary>
    public bool HasFullSession => Array.Exists(Volatile.Read(ref _sessions), session => session.IsFull);

    /// <summary>Adds a listener. On a process that has ended it ends at once.</summary>
    public Session Subscribe(bool stdout, bool stderr)
    {
        var session = new Session(this, stdout, stderr);
        lock (_lock)
        {
            if (_completed)
            {
                session.End();
            }
            else
            {
                _sessions = [.. _sessions, session];
            }
        }

        return session;
    }

    /// <summary>Gives a piece of output to everybody. The memory is copied.</summary>
    public async ValueTask PublishAsync(StdioStream stream, ReadOnlyMemory<byte> data)
    {
        ReadOnlyMemory<byte> copy = default;
        foreach (var session in Volatile.Read(ref _sessions))
        {
            if (!session.Wants(stream))
            {
                continue;
            }

            if (copy.IsEmpty)
            {
                copy = data.ToArray();
            }

            if (!session.TryWrite(stream, copy))
            {
                if (await session.DrainedAsync(patience, time).ConfigureAwait(false))
                {
                    session.TryWrite(stream, copy);
                }
                else if (Remove(session))
                {
                    session.Cut();
                }
            }
        }
    }

    /// <summary>All output was published: every session ends once it has read what is queued.</summary>
    public void Complete()
    {
        Session[] sessions;
        lock (_lock)
        {
            _completed = true;
            (sessions, _sessions) = (_sessions, []);
        }

        foreach (var session in sessions)
        {
            session.End();
        }
    }

    /// <summary>False when it is no session any more: its listener left, or the output is complete.</summary>
    private bool Remove(Session session)
    {
        bool there;
        lock (_lock)
        {
            there = _sessions.Contains(session);
            _sessions = [.. _sessions.Where(other => other != session)];
        }

        session.End();
        return there;
    }

    /// <summary>One listener's queue.</summary>
    internal sealed class Session(StdioFanOut owner, bool stdout, bool stderr)
    {
        private readonly Channel<StdioFrame> _frames = Channel.CreateUnbounded<StdioFrame>(new() { SingleReader = true });
        private readonly TaskCompletionSource _cut = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource<bool>? _drained;
        private int _queued;

        /// <summary>Completes when it is cut off.</summary>
        public Task CutOff => _cut.Task;

        public bool Wants(StdioStream stream) => stream == StdioStream.Stderr ? stderr : stdout;

        public bool IsFull => Volatile.Read(ref _queued) > SessionLimit / 2;

        /// <summary>Queues a frame; false when the queue is full.</summary>
        public bool TryWrite(StdioStream stream, ReadOnlyMemory<byte> data)
        {
            if (Volatile.Read(ref _queued) >= SessionLimit)
            {
                return false;
            }

            Interlocked.Add(ref _queued, data.Length);
            _frames.Writer.TryWrite(new(stream, data));
            return true;
        }

        /// <summary>Waits until half of the queue was read. False when that took too long or the session is over.</summary>
        public async ValueTask<bool> DrainedAsync(TimeSpan? patience, TimeProvider time)
        {
            var drained = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _drained, drained);
            if (Volatile.Read(ref _queued) <= SessionLimit / 2)
            {
                return true;
            }

            if (_frames.Reader.Completion.IsCompleted)
            {
                return false;
            }

            try
            {
                return await (patience is { } limit ? drained.Task.WaitAsync(limit, time) : drained.Task).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                return false;
            }
        }

        public async IAsyncEnumerable<StdioFrame> ReadAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
        {
            await foreach (var frame in _frames.Reader.ReadAllAsync(ct).ConfigureAwait(false))
            {
                yield return frame;
                if (Interlocked.Add(ref _queued, -frame.Data.Length) <= SessionLimit / 2)
                {
                    Interlocked.Exchange(ref _drained, null)?.TrySetResult(true);
                }
            }
        }

        /// <summary>Nothing more comes.</summary>
        public void End()
        {
            _frames.Writer.TryComplete();
            Interlocked.Exchange(ref _drained, null)?.TrySetResult(false);
        }

        /// <summary>It fell behind for too long.</summary>
        public void Cut() => _cut.TrySetResult();

        /// <summary>The listener is gone.</summary>
        public void Leave() => owner.Remove(this);
    }
}
