using System.Collections.Concurrent;
using System.Data.Common;
using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using Portal.Api.Adapters.Hosts;
using Portal.Api.Adapters.Storage;
using Portal.Api.Security;
using Portal.Domain.Access;
using Portal.Domain.Operations;
using Portal.Domain.Primitives;

namespace Portal.Api.Operations;

/// <summary>Does the work of an operation. It calls <paramref name="admit"/> when the work is decided on, and waits for it before it begins.</summary>
internal delegate Task<Result<OperationResult>> OperationWork(OperationRun run, Func<CancellationToken, Task> admit, CancellationToken ct);

/// <summary>
/// Long work that requests have begun. It goes on without them, ends when its caller loses rights, and is known after a restart. A few run at a time on each
/// host, the others wait.
/// </summary>
internal sealed class OperationBoard(OperationStore store, Reauthorisation rights, TimeProvider time, ILogger<OperationBoard> log) : IHostedService, IDisposable
{
    /// <summary>How many run at a time on one host, and how many may be under way for one caller and in all.</summary>
    public const int MostRunning = 4, MostOfOne = 32, MostInAll = 256;

    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, OperationRun> _runs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Subject> _underWay = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<HostId, SemaphoreSlim> _turns = new();

    /// <summary>All operations, in no order.</summary>
    public IEnumerable<OperationRun> Runs => _runs.Values;

    /// <summary>One of them, or null.</summary>
    public OperationRun? Find(string id) => _runs.GetValueOrDefault(id);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var operation in await store.ListAsync(cancellationToken))
        {
            var known = operation;
            if (!known.HasEnded)
            {
                known = known.Abandon(time.GetUtcNow());
                await store.KeepAsync(known, cancellationToken);
            }

            var run = new OperationRun(known);
            run.End(known);
            _runs[known.Id] = run;
        }

        await TrimAsync();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        var live = _runs.Values.Where(run => _underWay.ContainsKey(run.Operation.Id)).ToArray();
        foreach (var run in live)
        {
            await run.StopAsync(Operation.Restarted);
        }

        await Task.WhenAny(Task.WhenAll(live.Select(run => run.Ended)), Task.Delay(s_farewell, time, cancellationToken));
    }

    public void Dispose()
    {
        foreach (var run in _runs.Values)
        {
            run.Dispose();
        }

        foreach (var turn in _turns.Values)
        {
            turn.Dispose();
        }
    }

    /// <summary>Begins an operation. What is refused before any work is no operation.</summary>
    /// <param name="actor">Who begins it.</param>
    /// <param name="principal">Who that is, to look again whether they still may.</param>
    /// <param name="kind">What it does.</param>
    /// <param name="host">Where.</param>
    /// <param name="target">To what, in words.</param>
    /// <param name="work">Does it.</param>
    /// <returns>The operation, under way. Errors: <c>operation.full</c> (429), and those of the work before it was admitted.</returns>
    public async Task<Result<OperationRun>> BeginAsync(Actor actor, ClaimsPrincipal principal, OperationKind kind, HostId host, string target, OperationWork work)
    {
        var run = new OperationRun(Operation.Of(Secrets.NewId(), kind, host, target, actor, time.GetUtcNow()));
        var (id, owner) = (run.Operation.Id, run.Operation.Owner);
        _underWay[id] = owner;
        if (_underWay.Count > MostInAll || _underWay.Values.Count(other => other == owner) > MostOfOne)
        {
            _underWay.TryRemove(id, out _);
            return new Error(ErrorKind.TooManyRequests, "operation.full", "Too many operations are under way. Wait until some have ended, or cancel them.") { RetryAfter = TimeSpan.FromSeconds(10) };
        }

        // On its own from here on: the request may end before it.
        var working = Task.Run(() => RunAsync(run, actor, PrincipalOf.Lasting(principal), work));
        await Task.WhenAny(run.Admitted, working);
        return run.Admitted.IsCompleted ? run : await working is { } refusal ? refusal : run;
    }

    /// <summary>Why it was not admitted; null when it was.</summary>
    private async Task<Error?> RunAsync(OperationRun run, Actor actor, ClaimsPrincipal principal, OperationWork work)
    {
        var turn = _turns.GetOrAdd(run.Operation.Host, _ => new SemaphoreSlim(MostRunning));
        var hasTurn = false;
        var end = run.Operation;
        try
        {
            var result = await rights.RunAsync(principal, actor, ct => work(run, AdmitAsync, ct), run.Stopped);
            end = (result.Error, run.Reason) switch
            {
                ({ }, { } reason) => Ended(run, reason),
                ({ } error, null) => run.Operation.Fail(error, time.GetUtcNow()),
                _ => run.Operation.Succeed(result.Value, time.GetUtcNow()),
            };
        }
        catch (OperationCanceledException) when (run.Reason is not null)
        {
            end = Ended(run, run.Reason!);
        }
        catch (ErrorException ex) when (ex.Error.Code == Reauthorisation.Revoked)
        {
            end = run.Operation.Cancel(ex.Error, time.GetUtcNow());
        }
        catch (Exception ex)
        {
            if (EngineCalls.Explain(run.Operation.Host, ex) is not { } error)
            {
                log.OperationFailed(ex, run.Operation.Id);
                error = new(ErrorKind.Internal, "portal.failed", "The portal failed to carry this out. Its log has the details under the operation's id.");
            }

            end = run.Operation.Fail(error, time.GetUtcNow());
        }
        finally
        {
            if (hasTurn)
            {
                turn.Release();
            }

            _underWay.TryRemove(run.Operation.Id, out _);
        }

        if (!run.Admitted.IsCompleted)
        {
            return end.Error ?? new Error(ErrorKind.Internal, "portal.failed", "The portal failed to carry this out.");
        }

        await KeepAsync(end);
        run.End(end);
        await TrimAsync();
        return null;

        async Task AdmitAsync(CancellationToken ct)
        {
            if (run.Admitted.IsCompleted)
            {
                return;
            }

            await store.KeepAsync(run.Operation, ct);
            _runs[run.Operation.Id] = run;
            run.Admit();
            await turn.WaitAsync(ct);
            hasTurn = true;
            run.Become(run.Operation.Begin(time.GetUtcNow()));
        }
    }

    private Operation Ended(OperationRun run, Error reason) =>
        reason == Operation.Restarted ? run.Operation.Abandon(time.GetUtcNow()) : run.Operation.Cancel(reason, time.GetUtcNow());

    private async Task KeepAsync(Operation operation)
    {
        try
        {
            await store.KeepAsync(operation, CancellationToken.None);
        }
        catch (Exception ex) when (ex is DbException or DbUpdateException)
        {
            log.OperationNotWritten(ex, operation.Id);
        }
    }

    private async Task TrimAsync()
    {
        var all = _runs.Values.Select(run => run.Operation).ToArray();
        var forgotten = OperationRetention.Forgotten(all, time.GetUtcNow());
        foreach (var operation in forgotten)
        {
            _runs.TryRemove(operation.Id, out _);
        }

        foreach (var operation in OperationRetention.Silenced(all))
        {
            Find(operation.Id)?.Silence();
        }

        if (forgotten.Count == 0)
        {
            return;
        }

        try
        {
            await store.RemoveAsync([.. forgotten.Select(operation => operation.Id)], CancellationToken.None);
        }
        catch (Exception ex) when (ex is DbException or DbUpdateException)
        {
            log.OperationNotWritten(ex, forgotten[0].Id);
        }
    }
}
