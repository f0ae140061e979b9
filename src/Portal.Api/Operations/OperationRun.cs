using System.Collections.Immutable;
using Portal.Domain.Operations;
using Portal.Domain.Primitives;

namespace Portal.Api.Operations;

/// <summary>How an operation is at one moment, for whoever follows it.</summary>
/// <param name="Operation">It.</param>
/// <param name="Progress">How far it is.</param>
/// <param name="Lines">Output since the moment before.</param>
/// <param name="Missed">How many lines were left out before those: the reader was too slow, or they are no longer kept.</param>
/// <param name="Next">Number of the line that comes next.</param>
/// <param name="Changed">Ends when there is something new.</param>
internal sealed record OperationMoment(Operation Operation, OperationProgress Progress, ImmutableArray<string> Lines, long Missed, long Next, Task Changed);

/// <summary>An operation and what is known of it in this process. Safe for several threads.</summary>
internal sealed class OperationRun(Operation operation) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _admitted = new(TaskCreationOptions.RunContinuationsAsynchronously), _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly OperationOutput _output = new();
    private Operation _operation = operation;
    private OperationProgress _progress = OperationProgress.None;
    private TaskCompletionSource _changed = New();
    private Error? _reason;

    /// <summary>How it is now.</summary>
    public Operation Operation
    {
        get
        {
            lock (_lock)
            {
                return _operation;
            }
        }
    }

    /// <summary>Ends the work.</summary>
    public CancellationToken Stopped => _stop.Token;

    /// <summary>Why it is to end; null for nobody's wish.</summary>
    public Error? Reason
    {
        get
        {
            lock (_lock)
            {
                return _reason;
            }
        }
    }

    /// <summary>Ends when whoever began it may: from then on it is there for others to see.</summary>
    public Task Admitted => _admitted.Task;

    /// <summary>Ends with it.</summary>
    public Task Ended => _ended.Task;

    /// <summary>It was decided on and written down.</summary>
    public void Admit() => _admitted.TrySetResult();

    /// <summary>Has it end. The first reason counts.</summary>
    public Task StopAsync(Error reason)
    {
        lock (_lock)
        {
            if (_operation.HasEnded)
            {
                return Task.CompletedTask;
            }

            _reason ??= reason;
        }

        return _stop.CancelAsync();
    }

    /// <summary>Takes in what the engine says of it.</summary>
    public void Tell(OperationLine line) => Change(() =>
    {
        _progress = _progress.After(line);
        _output.Take(line);
    });

    /// <summary>It is further.</summary>
    public void Become(Operation operation) => Change(() => _operation = operation);

    /// <summary>It has ended, and how is written down.</summary>
    public void End(Operation operation)
    {
        Change(() =>
        {
            _operation = operation;
            _output.End();
        });
        _ended.TrySetResult();
    }

    /// <summary>Forgets what it said; how it ended stays.</summary>
    public void Silence()
    {
        lock (_lock)
        {
            _output.Clear();
            _progress = _progress with { Parts = [] };
        }
    }

    /// <summary>How it is, with its output from a line on.</summary>
    public OperationMoment Look(long line)
    {
        lock (_lock)
        {
            var (lines, missed) = _output.From(line);
            return new(_operation, _progress, lines, missed, _output.Count, _changed.Task);
        }
    }

    public void Dispose() => _stop.Dispose();

    private void Change(Action change)
    {
        TaskCompletionSource before;
        lock (_lock)
        {
            change();
            (before, _changed) = (_changed, New());
        }

        before.TrySetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
