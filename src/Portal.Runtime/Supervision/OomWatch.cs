using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;

namespace Portal.Runtime.Supervision;

/// <summary>
/// Sees when the kernel kills a process of a container for memory, be it its first or any other, and tells of it at once. The
/// cgroup's own counter decides; the kernel's notice only says when to look, so that none is missed and none told twice.
/// </summary>
internal sealed partial class OomWatch(
    IMemoryNotices notices, ICgroupFiles files, CgroupLocator locator, ContainerStore store, IRuntimeEvents events, TimeProvider time, ILogger<OomWatch> log,
    string procRoot = "/proc")
{
    // Between two events of one container: a storm of kills is one story.
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(50);

    // v1 gives notice before it kills, which may take the kernel a while.
    private static readonly TimeSpan[] s_looks = [.. new[] { 0, 5, 20, 50, 100, 200, 500 }.Select(milliseconds => TimeSpan.FromMilliseconds(milliseconds))];

    private readonly ConcurrentDictionary<ContainerId, Watched> _watched = new();

    /// <summary>Begins to watch a run whose first process exists. The container's gate is held.</summary>
    /// <param name="container">The container.</param>
    /// <param name="run">The run.</param>
    /// <param name="known">What the counter says now was told already, by an earlier agent.</param>
    public void Begin(Container container, ContainerRun run, bool known)
    {
        if (FolderOf(container.Id, run.Record.Pid) is not { } folder)
        {
            return;
        }

        var watched = new Watched(container, run, folder);
        if (known && OomState.TryRead(files, folder) is { } state)
        {
            watched.Told = state.Kills;
        }

        watched.Notices = notices.Watch(folder, () => Look(watched));
        _watched[container.Id] = watched;

        // What happened before there was a watch gave no notice.
        Look(watched);
    }

    /// <summary>Ends the watch of a run that is over, while its cgroup is still there. The container's gate is held.</summary>
    /// <returns>There were kills nobody was told of.</returns>
    public bool End(Container container)
    {
        if (!_watched.TryRemove(container.Id, out var watched))
        {
            return false;
        }

        watched.Notices?.Dispose();
        return OomState.TryRead(files, watched.Folder) is { } state && state.Kills > watched.Told;
    }

    private void Look(Watched watched)
    {
        if (Interlocked.Increment(ref watched.Pending) == 1)
        {
            _ = Task.Run(() => FollowAsync(watched));
        }
    }

    private async Task FollowAsync(Watched watched)
    {
        try
        {
            int seen;
            do
            {
                seen = Volatile.Read(ref watched.Pending);
                await LookAsync(watched).ConfigureAwait(false);
                await Task.Delay(s_quiet, time).ConfigureAwait(false);
            }
            while (Interlocked.Add(ref watched.Pending, -seen) > 0);
        }
        catch (Exception ex)
        {
            // The next notice tries again.
            Volatile.Write(ref watched.Pending, 0);
            LogFailed(watched.Container.Id, ex);
        }
    }

    private async Task LookAsync(Watched watched)
    {
        foreach (var delay in s_looks)
        {
            if (delay > TimeSpan.Zero)
            {
                await Task.Delay(delay, time).ConfigureAwait(false);
            }

            if (OomState.TryRead(files, watched.Folder) is not { } state || !IsCurrent(watched))
            {
                return;
            }

            if (state.Kills > watched.Told || state.Waiting != watched.Waiting)
            {
                await TellAsync(watched, state).ConfigureAwait(false);
                return;
            }

            if (locator.Version == CgroupVersion.V2)
            {
                return;
            }
        }
    }

    private async Task TellAsync(Watched watched, OomState state)
    {
        var container = watched.Container;
        await container.Gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (container.Run != watched.Run || !IsCurrent(watched))
            {
                return;
            }

            var told = state.Kills > watched.Told || (state.Waiting && !watched.Waiting);
            watched.Waiting = state.Waiting;
            watched.Told = Math.Max(watched.Told, state.Kills);
            var status = container.Snapshot.Status;
            if (state.Kills > 0 && !status.OomKilled)
            {
                container.Change(container.Record with { Container = container.Snapshot with { Status = status with { OomKilled = true } } });
                store.Save(container, durable: false);
            }

            if (told)
            {
                events.Publish(ContainerEvent.Of(container.Snapshot, "oom", time.GetUtcNow()));
            }
        }
        finally
        {
            container.Gate.Release();
        }
    }

    private bool IsCurrent(Watched watched) => _watched.TryGetValue(watched.Container.Id, out var current) && current == watched;

    private string? FolderOf(ContainerId container, int pid)
    {
        var (root, controller) = locator.Version == CgroupVersion.V2 ? (locator.Unified, "") : (locator.PathOf("memory"), "memory");
        return root is not null && ProcessCgroups.TryRead(pid, procRoot)?.PathOf(controller, container) is { } path ? root + path : null;
    }

    private sealed class Watched(Container container, ContainerRun run, string folder)
    {
        public Container Container => container;

        public ContainerRun Run => run;

        public string Folder => folder;

        public IDisposable? Notices { get; set; }

        /// <summary>Kills that an event told of. Changed under the container's gate.</summary>
        public ulong Told { get; set; }

        /// <summary>Its processes were last seen waiting for memory.</summary>
        public bool Waiting { get; set; }

        /// <summary>Notices that were not looked into yet.</summary>
        public int Pending;
    }

    [LoggerMessage(3310, LogLevel.Warning, "Looking for processes of container {Container} that were killed for memory failed.")]
    private partial void LogFailed(ContainerId container, Exception failure);
}
