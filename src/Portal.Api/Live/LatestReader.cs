using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Portal.Domain.Primitives;

namespace Portal.Api.Live;

/// <summary>A reader that sees, per host, the newest value only: what it did not read in time is replaced.</summary>
internal sealed class LatestReader<T>(Func<HostId, bool> wanted)
{
    private readonly Lock _gate = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private Dictionary<HostId, T> _pending = [];

    /// <summary>Offers a value.</summary>
    public void Post(HostId host, T value)
    {
        if (!wanted(host))
        {
            return;
        }

        lock (_gate)
        {
            _pending[host] = value;
        }

        _signal.Writer.TryWrite(true);
    }

    /// <summary>Values as they come.</summary>
    public async IAsyncEnumerable<T> ReadAllAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var _ in _signal.Reader.ReadAllAsync(ct))
        {
            Dictionary<HostId, T> taken;
            lock (_gate)
            {
                (taken, _pending) = (_pending, []);
            }

            foreach (var value in taken.Values)
            {
                yield return value;
            }
        }
    }
}
