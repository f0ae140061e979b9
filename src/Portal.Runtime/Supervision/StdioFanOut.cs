using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Portal.Runtime.Supervision;

/// <summary>
/// Hands one process' output to any number of sessions. What a session is behind with is kept for it, in memory first and then on
/// the disk; one that does not read is cut off. Only a session that may hold the producer back ever does.
/// </summary>
/// <param name="patience">How long a session may hold the producer back without reading anything; null for as long as it likes.</param>
/// <param name="time">Clock.</param>
/// <param name="spills">Folder of what is put aside on the disk; null for memory alone.</param>
internal sealed class StdioFanOut(TimeSpan? patience, TimeProvider time, string? spills = null)
{
    /// <summary>Bytes of a session that are kept in memory.</summary>
    public const int SessionLimit = 1 << 20;

    // A session that has more than memory holds and reads nothing for so long is one that nobody looks at.
    private static readonly TimeSpan s_stalled = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private Session[] _sessions = [];
    private bool _completed;

    /// <summary>True while somebody listens.</summary>
    public bool HasSessions => Volatile.Read(ref _sessions).Length > 0;

    /// <summary>True while a session has more than half of its limit unread.</summary>
    public bool HasFullSession => Array.Exists(Volatile.Read(ref _sessions), session => session.IsFull);

    /// <summary>Adds a listener. On a process that has ended it ends at once.</summary>
    /// <param name="stdout">It gets the standard output.</param>
    /// <param name="stderr">It gets the errors.</param>
    /// <param name="holds">When nothing more can be kept for it and it reads on, the producer waits.</param>
    public Session Subscribe(bool stdout, bool stderr, bool holds = true)
    {
        var session = new Session(this, stdout, stderr, holds);
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

            while (!session.TryWrite(stream, copy))
            {
                if (!session.Holds || !await session.DrainedAsync().ConfigureAwait(false))
                {
                    if (Remove(session))
                    {
                        session.Cut();
                    }

                    break;
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
    internal sealed class Session(StdioFanOut owner, bool stdout, bool stderr, bool holds)
    {
        private readonly Channel<StdioFrame> _frames = Channel.CreateUnbounded<StdioFrame>(new() { SingleReader = true });
        private readonly TaskCompletionSource _cut = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock _lock = new();
        private TaskCompletionSource<bool>? _drained;
        private StdioSpill? _spill;
        private bool _cannotSpill = owner.Spills is null;
        private bool _ended, _stalled;
        private long _lastRead = owner.Time.GetTimestamp();
        private int _queued;

        /// <summary>Completes when it is cut off.</summary>
        public Task CutOff => _cut.Task;

        /// <summary>The producer may be made to wait for it.</summary>
        public bool Holds => holds;

        public bool Wants(StdioStream stream) => stream == StdioStream.Stderr ? stderr : stdout;

        public bool IsFull => Volatile.Read(ref _queued) > SessionLimit / 2;

        /// <summary>Queues a frame; false when there is no room for it, or nobody has read for too long.</summary>
        public bool TryWrite(StdioStream stream, ReadOnlyMemory<byte> data)
        {
            lock (_lock)
            {
                if (_ended)
                {
                    // Its listener has just left.
                    return true;
                }

                if (_spill is not { Unread: > 0 } && _queued < SessionLimit)
                {
                    _queued += data.Length;
                    _frames.Writer.TryWrite(new(stream, data));
                    return true;
                }

                return TrySpill(stream, data.Span);
            }
        }

        /// <summary>Waits until there is room again. False when it does not read, or is over.</summary>
        public async ValueTask<bool> DrainedAsync()
        {
            var drained = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_lock)
            {
                if (_ended || _stalled || HasRoom)
                {
                    return !_ended && !_stalled;
                }

                _drained = drained;
            }

            if (owner.Patience is not { } limit)
            {
                return await drained.Task.ConfigureAwait(false);
            }

            while (true)
            {
                var seen = Volatile.Read(ref _lastRead);
                try
                {
                    return await drained.Task.WaitAsync(limit, owner.Time).ConfigureAwait(false);
                }
                catch (TimeoutException)
                {
                    if (seen == Volatile.Read(ref _lastRead))
                    {
                        return false;
                    }
                }
            }
        }

        public async IAsyncEnumerable<StdioFrame> ReadAsync([EnumeratorCancellation] CancellationToken ct)
        {
            while (true)
            {
                ct.ThrowIfCancellationRequested();
                if (TryTake(out var frame, out var queued))
                {
                    yield return frame;
                    Taken(queued);
                }
                else if (!await _frames.Reader.WaitToReadAsync(ct).ConfigureAwait(false) && !HasMore)
                {
                    yield break;
                }
            }
        }

        /// <summary>Nothing more comes.</summary>
        public void End()
        {
            TaskCompletionSource<bool>? waiting;
            lock (_lock)
            {
                _ended = true;
                (waiting, _drained) = (_drained, null);
            }

            _frames.Writer.TryComplete();
            waiting?.TrySetResult(false);
        }

        /// <summary>It fell behind too far, or for too long.</summary>
        public void Cut() => _cut.TrySetResult();

        /// <summary>The listener is gone.</summary>
        public void Leave()
        {
            owner.Remove(this);
            lock (_lock)
            {
                _spill?.Dispose();
                (_spill, _cannotSpill) = (null, true);
            }
        }

        private bool HasMore
        {
            get
            {
                lock (_lock)
                {
                    return _spill is { Unread: > 0 } || _frames.Reader.TryPeek(out _);
                }
            }
        }

        // By half of what memory holds, so that the producer is not woken for each frame.
        private bool HasRoom => _spill is { Unread: > 0 } spill ? !_cannotSpill && spill.Unread <= StdioSpill.Limit - (SessionLimit / 2) : _queued <= SessionLimit / 2;

        private bool TrySpill(StdioStream stream, ReadOnlySpan<byte> data)
        {
            if (_cannotSpill)
            {
                return false;
            }

            _spill ??= StdioSpill.TryOpen(owner.Spills!);
            if (_spill is { Unread: 0 })
            {
                // From now on it is behind; how long it had nothing to read before does not count.
                Volatile.Write(ref _lastRead, owner.Time.GetTimestamp());
            }
            else if (owner.Time.GetElapsedTime(Volatile.Read(ref _lastRead)) > s_stalled)
            {
                _stalled = true;
                return false;
            }

            if (_spill?.TryWrite(stream, data) == true)
            {
                return true;
            }

            // Full; or else the disk is, and then memory is all there is, once this was read.
            _cannotSpill = _spill?.HasRoomFor(data.Length) != false;
            return false;
        }

        /// <summary>The oldest frame: what is in memory came before what is on the disk.</summary>
        private bool TryTake(out StdioFrame frame, out int queued)
        {
            lock (_lock)
            {
                if (_frames.Reader.TryRead(out frame))
                {
                    queued = frame.Data.Length;
                    return true;
                }

                queued = 0;
                if (_spill is not { Unread: > 0 } spill)
                {
                    return false;
                }

                frame = spill.Read();
                return true;
            }
        }

        private void Taken(int queued)
        {
            TaskCompletionSource<bool>? waiting = null;
            lock (_lock)
            {
                _queued -= queued;
                Volatile.Write(ref _lastRead, owner.Time.GetTimestamp());
                if (_drained is not null && HasRoom)
                {
                    (waiting, _drained) = (_drained, null);
                }
            }

            waiting?.TrySetResult(true);
        }
    }

    private TimeSpan? Patience => patience;

    private TimeProvider Time => time;

    private string? Spills => spills;
}
