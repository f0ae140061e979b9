using Microsoft.AspNetCore.Components;
using Portal.Domain.Access;
using Portal.Domain.Primitives;

namespace Portal.Web.Live;

/// <summary>A component that shows something live: it subscribes once, renders once per batch, and ends the subscription when it goes.</summary>
public abstract class LiveComponent : ComponentBase, IAsyncDisposable
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource _leaving = new();
    private readonly List<Task> _watches = [];
    private readonly Dictionary<int, Error> _problems = [];

    [Inject] private TimeProvider Time { get; set; } = default!;

    /// <summary>Who looks.</summary>
    [CascadingParameter] public Actor Actor { get; set; } = Actor.Anonymous;

    /// <summary>The clock.</summary>
    protected TimeProvider Clock => Time;

    /// <summary>Cancelled when the component goes.</summary>
    protected CancellationToken Leaving => _leaving.Token;

    /// <summary>Why something live is missing at the moment, or null.</summary>
    protected Error? Problem => _problems.Count > 0 ? _problems.Values.First() : null;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _leaving.CancelAsync();
        await Task.WhenAll(_watches).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await LeaveAsync();
        _leaving.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>What else a component gives back when it goes.</summary>
    protected virtual ValueTask LeaveAsync() => ValueTask.CompletedTask;

    /// <summary>Follows a feed: the snapshot, then every batch. One that fell behind subscribes again and starts from a fresh snapshot.</summary>
    protected void Watch<T>(Func<Result<FeedSubscription<T>>> subscribe, Action<IReadOnlyList<T>> reset, Action<IReadOnlyList<Change<T>>> apply) =>
        Keep(async (watch, ct) =>
        {
            var result = subscribe();
            if (result.Error is { } error)
            {
                return error;
            }

            var (snapshot, changes) = result.Value;
            await RenderAsync(watch, () => reset(snapshot));
            await foreach (var batch in changes.WithCancellation(ct))
            {
                await RenderAsync(watch, () => apply(batch));
            }

            return null;
        });

    /// <summary>Follows a stream of batches; when it ends it is opened again.</summary>
    protected void Watch<T>(Func<CancellationToken, Result<IAsyncEnumerable<IReadOnlyList<T>>>> open, Action<IReadOnlyList<T>> apply) =>
        Keep(async (watch, ct) =>
        {
            var result = open(ct);
            if (result.Error is { } error)
            {
                return error;
            }

            await foreach (var batch in result.Value.WithCancellation(ct))
            {
                await RenderAsync(watch, () => apply(batch));
            }

            return null;
        });

    /// <summary>Runs something for as long as the component lives. Failures reach the error boundary.</summary>
    protected void While(Func<CancellationToken, Task> run) => _watches.Add(GuardAsync(run, _leaving.Token));

    private void Keep(Func<int, CancellationToken, Task<Error?>> read)
    {
        var watch = _watches.Count;
        While(async ct =>
        {
            while (!ct.IsCancellationRequested)
            {
                Error? error;
                try
                {
                    error = await read(watch, ct);
                }
                catch (ErrorException lost)
                {
                    error = lost.Error;
                }

                if (error is not null && error.Code != "feed.lagged")
                {
                    await InvokeAsync(() =>
                    {
                        _problems[watch] = error;
                        StateHasChanged();
                    });
                    if (error.Kind is ErrorKind.Forbidden or ErrorKind.NotFound or ErrorKind.Unauthorized)
                    {
                        return;
                    }
                }

                await Task.Delay(error?.Code == "feed.lagged" ? TimeSpan.FromMilliseconds(100) : s_retry, Time, ct);
            }
        });
    }

    private Task RenderAsync(int watch, Action change) => InvokeAsync(() =>
    {
        _problems.Remove(watch);
        change();
        StateHasChanged();
    });

    private async Task GuardAsync(Func<CancellationToken, Task> run, CancellationToken ct)
    {
        // Away from the caller's stack: a feed that answers at once must not render before the component's first render.
        await Task.Yield();
        try
        {
            await run(ct);
        }
        catch (Exception) when (ct.IsCancellationRequested)
        {
            // The reader left; whatever its streams say about that is of no interest.
        }
        catch (Exception ex)
        {
            await DispatchExceptionAsync(ex);
        }
    }
}
