using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Portal.Runtime.Linux.Netlink;

namespace Portal.Runtime.Networks;

/// <summary>
/// Ends UDP flows that are older than the rules of their port, behind the back of whoever changed the rules: to find them
/// the kernel walks its whole table, so that one walk serves all changes that are waiting.
/// </summary>
internal sealed class FlowReaper(TimeProvider time, ILogger<FlowReaper> logger)
{
    private static readonly TimeSpan s_gathering = TimeSpan.FromMilliseconds(50);

    private readonly Channel<int> _queue = Channel.CreateUnbounded<int>(new() { SingleReader = true });
    private int _isRunning;

    /// <summary>Ends the flows to a host port soon.</summary>
    public void Forget(int port)
    {
        _queue.Writer.TryWrite(port);
        if (Interlocked.Exchange(ref _isRunning, 1) == 0)
        {
            _ = Task.Run(DrainAsync);
        }
    }

    private async Task DrainAsync()
    {
        HashSet<int> ports = [];
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            // Whoever starts many containers at once gets one walk.
            await Task.Delay(s_gathering, time).ConfigureAwait(false);
            ports.Clear();
            while (_queue.Reader.TryRead(out var port))
            {
                ports.Add(port);
            }

            try
            {
                using var flows = new ConntrackSocket();
                flows.ForgetUdp(ports);
            }
            catch (Exception e)
            {
                // The rules are right; old flows end by themselves once their senders pause.
                logger.FlowsStay(string.Join(", ", ports), e);
            }
        }
    }
}
