using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Portal.Runtime.Linux.Netlink;

namespace Portal.Runtime.Networks;

/// <summary>
/// Deletes links behind the back of whoever stops a container: the kernel takes tens of milliseconds for one, and most of
/// them go by themselves with their namespace meanwhile.
/// </summary>
internal sealed class LinkReaper(ILogger<LinkReaper> logger)
{
    private readonly Channel<(string Link, Action OnGone)> _queue = Channel.CreateUnbounded<(string, Action)>(new() { SingleReader = true });
    private int _isRunning;

    /// <summary>Deletes the link soon.</summary>
    /// <param name="link">Absent is success.</param>
    /// <param name="onGone">Called once it is gone; not called when it could not be deleted.</param>
    public void Delete(string link, Action onGone)
    {
        _queue.Writer.TryWrite((link, onGone));
        if (Interlocked.Exchange(ref _isRunning, 1) == 0)
        {
            _ = Task.Run(DrainAsync);
        }
    }

    private async Task DrainAsync()
    {
        // A socket of its own: the kernel answers late, and nobody who starts a container may wait behind that.
        using var routes = new RouteSocket();
        await foreach (var (link, onGone) in _queue.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                routes.DeleteLink(link);
                onGone();
            }
            catch (Exception e)
            {
                // Its address stays taken, and the next start of the agent sweeps the link.
                logger.LinkStays(link, e);
            }
        }
    }
}
