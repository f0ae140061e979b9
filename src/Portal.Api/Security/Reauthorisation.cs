using System.Runtime.CompilerServices;
using System.Security.Claims;
using Portal.Domain.Access;
using Portal.Domain.Access.Users;
using Portal.Domain.Primitives;

namespace Portal.Api.Security;

/// <summary>Ends streams that stay open longer than the right to them: looks again every few seconds.</summary>
internal sealed class Reauthorisation(IHttpContextAccessor http, IActors actors, TimeProvider time)
{
    /// <summary>Code of what ends by it.</summary>
    public const string Revoked = "access.revoked";

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(4);

    /// <summary>The stream for a request's caller.</summary>
    public IAsyncEnumerable<T> Guard<T>(Actor actor, IAsyncEnumerable<T> stream, CancellationToken ct) =>
        Guard(http.HttpContext?.User ?? new ClaimsPrincipal(), actor, stream, ct);

    /// <summary>The stream, until the principal is no longer the actor it was: then <c>access.revoked</c>.</summary>
    public async IAsyncEnumerable<T> Guard<T>(ClaimsPrincipal principal, Actor actor, IAsyncEnumerable<T> stream, [EnumeratorCancellation] CancellationToken ct)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var revoked = WatchAsync(principal, now => now.HasRightsOf(actor), ended);
        await using var items = stream.GetAsyncEnumerator(ended.Token);
        try
        {
            while (true)
            {
                try
                {
                    if (!await items.MoveNextAsync())
                    {
                        yield break;
                    }
                }
                catch (OperationCanceledException) when (!ct.IsCancellationRequested && ended.IsCancellationRequested)
                {
                    throw new ErrorException(ErrorKind.Forbidden, Revoked, "Your rights have changed. Sign in or subscribe again.");
                }

                yield return items.Current;
            }
        }
        finally
        {
            await ended.CancelAsync();
            await revoked.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Work, until the principal has lost any right that the actor had: then <c>access.revoked</c>. More rights than before end nothing.</summary>
    public async Task<T> RunAsync<T>(ClaimsPrincipal principal, Actor actor, Func<CancellationToken, Task<T>> work, CancellationToken ct)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var revoked = WatchAsync(principal, now => now.KeepsRightsOf(actor), ended);
        try
        {
            return await work(ended.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested && ended.IsCancellationRequested)
        {
            throw new ErrorException(ErrorKind.Forbidden, Revoked, $"{actor.Name} has lost rights meanwhile.");
        }
        finally
        {
            await ended.CancelAsync();
            await revoked.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WatchAsync(ClaimsPrincipal principal, Func<Actor, bool> isStill, CancellationTokenSource ended)
    {
        using var timer = new PeriodicTimer(s_interval, time);
        while (await timer.WaitForNextTickAsync(ended.Token))
        {
            bool same;
            try
            {
                var now = await actors.FindAsync(principal, ended.Token);
                same = isStill(now);
            }
            catch (Exception) when (!ended.IsCancellationRequested)
            {
                // A right that cannot be checked is no right.
                same = false;
            }

            if (!same)
            {
                await ended.CancelAsync();
            }
        }
    }
}
