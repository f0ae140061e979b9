using System.Threading.Channels;
using Portal.Api.Adapters.Hosts;
using Portal.Api.Live;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.Api.Background;

/// <summary>
/// Keeps <see cref="Fleet"/> true: one loop per host. Each connection subscribes to events first and lists afterwards, so nothing
/// falls between; an event only says which container to look at again. Whatever ends the connection, a new one lists anew.
/// </summary>
internal sealed class HostWatcher(IHostDirectory directory, IHostUpstream upstream, Fleet fleet, TimeProvider time, ILogger<HostWatcher> log) : BackgroundService
{
    private const int ListAllBeyond = 32;
    private static readonly TimeSpan s_firstDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>With the jitter, a host that is back is seen within five seconds.</summary>
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(4);

    /// <summary>Brings sentences such as "Up 3 minutes" up to date, and finds whatever an event did not tell.</summary>
    private static readonly TimeSpan s_refresh = TimeSpan.FromSeconds(30);

    /// <summary>Lets a burst of events (start alone has four) become one look.</summary>
    private static readonly TimeSpan s_gather = TimeSpan.FromMilliseconds(50);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(directory.List().Select(host => WatchAsync(host.Id, stoppingToken)));

    private async Task WatchAsync(HostId host, CancellationToken ct)
    {
        fleet.Set(new HostView(host, host.Value, HostState.Connecting, time.GetUtcNow(), null, null));
        var delay = s_firstDelay;
        while (!ct.IsCancellationRequested)
        {
            var connected = false;
            try
            {
                await ConnectAsync(host, () => connected = true, ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception ex)
            {
                delay = connected ? s_firstDelay : delay;
                Lost(host, ex, delay);
            }

            // Many portals, or many hosts, must not come back all in the same instant.
            await Task.Delay(delay * (0.75 + (Random.Shared.NextDouble() / 2)), time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = connected ? s_firstDelay : delay * 2 < s_longestDelay ? delay * 2 : s_longestDelay;
        }
    }

    private async Task ConnectAsync(HostId host, Action connected, CancellationToken ct)
    {
        using var connection = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var description = await upstream.DescribeAsync(host, connection.Token);
        var events = await upstream.OpenEventsAsync(host, connection.Token);
        fleet.SetAll(host, await upstream.ListAsync(host, null, connection.Token));
        connected();
        Reached(host, description);

        var dirty = Channel.CreateUnbounded<ContainerId?>(new UnboundedChannelOptions { SingleReader = true });
        List<Task> parts =
        [
            FollowAsync(events, dirty.Writer, connection.Token), RefreshAsync(host, dirty.Writer, connection.Token), LookAsync(host, dirty.Reader, connection.Token),
        ];
        if (description.HasStats)
        {
            parts.Add(SampleAsync(host, connection.Token));
        }

        try
        {
            await await Task.WhenAny(parts);
        }
        finally
        {
            await connection.CancelAsync();
            await Task.WhenAll(parts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task FollowAsync(IAsyncEnumerable<ContainerId> events, ChannelWriter<ContainerId?> dirty, CancellationToken ct)
    {
        // The engine drops a subscriber that does not read; so reading never waits for looking.
        await foreach (var id in events.WithCancellation(ct))
        {
            dirty.TryWrite(id);
        }
    }

    private async Task RefreshAsync(HostId host, ChannelWriter<ContainerId?> dirty, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(s_refresh, time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            dirty.TryWrite(null);
            Reached(host, await upstream.DescribeAsync(host, ct));
        }
    }

    /// <summary>Looks at what is dirty; null means everything. The only one to ask, so that no older answer comes after a newer one.</summary>
    private async Task LookAsync(HostId host, ChannelReader<ContainerId?> dirty, CancellationToken ct)
    {
        while (await dirty.WaitToReadAsync(ct))
        {
            await Task.Delay(s_gather, time, ct);
            var ids = new HashSet<ContainerId>();
            var all = false;
            while (dirty.TryRead(out var next))
            {
                all |= next is null || ids.Count > ListAllBeyond;
                ids.Add(next ?? default);
            }

            if (all)
            {
                fleet.SetAll(host, await upstream.ListAsync(host, null, ct));
            }
            else
            {
                fleet.SetSome(host, ids, await upstream.ListAsync(host, ids, ct));
            }
        }
    }

    private async Task SampleAsync(HostId host, CancellationToken ct)
    {
        await foreach (var sample in upstream.StatsAsync(host, ct))
        {
            fleet.Stats.Add(host, sample.Host, sample.Containers);
        }
    }

    private void Reached(HostId host, HostDescription description)
    {
        var before = fleet.Hosts.Find(host);
        if (before?.State != HostState.Connected)
        {
            log.HostConnected(host, description.Facts.EngineVersion);
            if (!description.HasStats)
            {
                log.HostWithoutStats(host);
            }
        }

        fleet.Set(new HostView(
            host, description.Name.Length > 0 ? description.Name : host.Value, HostState.Connected,
            before?.State == HostState.Connected ? before.Since : time.GetUtcNow(), null, description.Facts));
    }

    private void Lost(HostId host, Exception exception, TimeSpan delay)
    {
        var error = EngineCalls.Explain(host, exception);
        if (error is null)
        {
            log.HostWatchFailed(exception, host);
        }

        var problem = error?.Message ?? "The portal failed to watch this host; its log has the details.";
        var before = fleet.Hosts.Find(host)!;
        if (before.State != HostState.Unreachable || before.Problem != problem)
        {
            log.HostUnreachable(host, problem, delay);
        }

        fleet.Set(before with
        {
            State = HostState.Unreachable, Problem = problem, Since = before.State == HostState.Unreachable ? before.Since : time.GetUtcNow(),
        });
    }
}
