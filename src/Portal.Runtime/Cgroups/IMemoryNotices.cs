using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Cgroups;

/// <summary>Tells when a cgroup may have run out of memory.</summary>
internal interface IMemoryNotices
{
    /// <summary>Watches a cgroup; null when it cannot be watched (it is gone).</summary>
    /// <param name="folder">Its folder in the hierarchy of the memory controller.</param>
    /// <param name="changed">Called often rather than rarely; must be quick.</param>
    /// <returns>Ends the watch.</returns>
    IDisposable? Watch(string folder, Action changed);
}

/// <summary>Of cgroup v1: a counter registered with <c>memory.oom_control</c>. The kernel raises it before it kills.</summary>
internal sealed class OomControlNotices : IMemoryNotices
{
    public IDisposable? Watch(string folder, Action changed)
    {
        var counter = EventCounter.Open();
        try
        {
            using SafeFileHandle control = File.OpenHandle(folder + "/memory.oom_control");
            using var register = new FileStream(folder + "/cgroup.event_control", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            register.Write(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{counter.Number} {control.DangerousGetHandle()}")));
        }
        catch (IOException)
        {
            counter.Dispose();
            return null;
        }

        _ = FollowAsync(counter, changed);
        return counter;
    }

    private static async Task FollowAsync(EventCounter counter, Action changed)
    {
        while (await counter.WaitAsync(CancellationToken.None).ConfigureAwait(false))
        {
            changed();
        }
    }
}

/// <summary>Of cgroup v2: <c>memory.events</c>, whose changes the kernel tells by inotify(7).</summary>
internal sealed class MemoryEventsNotices : IMemoryNotices
{
    public IDisposable? Watch(string folder, Action changed)
    {
        var path = folder + "/memory.events";
        if (FileNotices.Shared.TryWatch(path) is not { } first)
        {
            return null;
        }

        var ended = new CancellationTokenSource();
        _ = FollowAsync(path, first, changed, ended.Token);
        return new Ending(ended);
    }

    private static async Task FollowAsync(string path, FileNotices.Watch first, Action changed, CancellationToken ct)
    {
        // Each tells of one change: the next is there before what the last told of is looked at. There is none once the cgroup is gone.
        for (var watch = first; watch is not null; watch = FileNotices.Shared.TryWatch(path))
        {
            if (watch != first)
            {
                changed();
            }

            using (watch)
            {
                await watch.Changed.WaitAsync(ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            if (ct.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private sealed class Ending(CancellationTokenSource ended) : IDisposable
    {
        public void Dispose()
        {
            ended.Cancel();
            ended.Dispose();
        }
    }
}
