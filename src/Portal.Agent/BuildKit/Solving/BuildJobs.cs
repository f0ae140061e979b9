using System.Collections.Concurrent;
using Portal.Agent.BuildKit.Wire.Gateway;
using Portal.Domain.Engine;
using Portal.Domain.Primitives;

namespace Portal.Agent.BuildKit.Solving;

/// <summary>A build under way, by the name its client gave it.</summary>
internal sealed class BuildJob(string name, SolveContext context, TimeProvider time)
{
    public string Name => name;

    public StatusJournal Journal { get; } = new(time);

    /// <summary>What a front end on the client's side has asked to be built, by the reference it got for it.</summary>
    public ConcurrentDictionary<string, AskedBuild> Asked { get; } = new(StringComparer.Ordinal);

    /// <summary>What a front end on the client's side has come to in the end.</summary>
    public TaskCompletionSource<ReturnRequest> Returned { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the client wants of the whole.</summary>
    public SolveContext Context => context;

    /// <summary>Somebody else than the caller ends the build.</summary>
    public void Cancel()
    {
        try
        {
            context.Stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }
}

/// <summary>The builds that are under way, and those that have just ended: who asks how they went may be late.</summary>
internal sealed class BuildJobs(TimeProvider time)
{
    private const int MaximumJobs = 1024;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_keep = TimeSpan.FromSeconds(20);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, BuildJob> _jobs = new(StringComparer.Ordinal);
    private readonly HashSet<ITimer> _timers = [];
    private TaskCompletionSource _added = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public BuildJob Add(string name, SolveContext context)
    {
        lock (_lock)
        {
            if (name.Length is 0 or > 256)
            {
                throw EngineErrors.Invalid("build.ref", "a build needs a name (Ref)");
            }

            if (_jobs.Count >= MaximumJobs)
            {
                throw new ErrorException(ErrorKind.TooManyRequests, "build.ref", $"there are {MaximumJobs} builds already");
            }

            var job = new BuildJob(name, context, time);
            if (!_jobs.TryAdd(name, job))
            {
                throw new ErrorException(ErrorKind.Conflict, "build.ref", $"job ID exists: {name}");
            }

            _added.TrySetResult();
            _added = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return job;
        }
    }

    /// <summary>A build that was drawn up, by its reference; null when nobody knows it.</summary>
    public AskedBuild? FindAsked(string reference)
    {
        lock (_lock)
        {
            foreach (var job in _jobs.Values)
            {
                if (job.Asked.TryGetValue(reference, out var asked))
                {
                    return asked;
                }
            }

            return null;
        }
    }

    /// <summary>The build of a name, which may be about to begin.</summary>
    public async Task<BuildJob> GetAsync(string name, CancellationToken ct)
    {
        var until = time.GetTimestamp();
        while (true)
        {
            Task added;
            lock (_lock)
            {
                if (_jobs.TryGetValue(name, out var job))
                {
                    return job;
                }

                added = _added.Task;
            }

            var left = s_patience - time.GetElapsedTime(until);
            if (left <= TimeSpan.Zero)
            {
                throw new ErrorException(ErrorKind.NotFound, "build.ref", $"no such job {name}");
            }

            try
            {
                await added.WaitAsync(left, time, ct);
            }
            catch (TimeoutException)
            {
                // Looked at once more.
            }
        }
    }

    public BuildJob? Find(string name)
    {
        lock (_lock)
        {
            return _jobs.GetValueOrDefault(name);
        }
    }

    /// <summary>The build is over. What is known of it stays a little longer.</summary>
    public void End(BuildJob job, string? error)
    {
        job.Journal.End(error);
        lock (_lock)
        {
            ITimer? timer = null;
            timer = time.CreateTimer(
                _ =>
                {
                    lock (_lock)
                    {
                        _ = _jobs.Remove(job.Name);
                        _ = _timers.Remove(timer!);
                    }

                    timer!.Dispose();
                },
                null, s_keep, Timeout.InfiniteTimeSpan);
            _ = _timers.Add(timer);
        }
    }
}
