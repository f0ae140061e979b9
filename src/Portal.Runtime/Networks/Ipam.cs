using System.Net;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>
/// Which addresses of a subnet are taken. Goes on behind the last one given out and wraps around, so that an address
/// rests as long as possible before somebody else has it. No I/O; not safe for concurrent use.
/// </summary>
internal sealed class Ipam
{
    private readonly Ipv4Subnet _subnet;
    private readonly ulong[] _taken;
    private int _last = 1;

    public Ipam(Ipv4Subnet subnet)
    {
        _subnet = subnet;
        _taken = new ulong[(subnet.Size + 63) / 64];
        Mark(0);
        Mark(1);
        Mark(subnet.Size - 1);
    }

    /// <summary>Takes the next free address.</summary>
    /// <exception cref="ErrorException">All are taken.</exception>
    public IPAddress Allocate()
    {
        for (var step = 1; step <= _subnet.Size; step++)
        {
            var offset = (_last + step) & (_subnet.Size - 1);
            if (!IsTaken(offset))
            {
                Mark(offset);
                _last = offset;
                return _subnet.At(offset);
            }
        }

        throw new ErrorException(ErrorKind.Internal, "network.pool_exhausted", $"no available IPv4 addresses on this network's address pools: {_subnet}");
    }

    /// <summary>Takes this address; false when it is taken already or not in the subnet.</summary>
    public bool Reserve(IPAddress address)
    {
        var offset = _subnet.OffsetOf(address);
        if (offset < 0 || IsTaken(offset))
        {
            return false;
        }

        Mark(offset);
        return true;
    }

    /// <summary>Gives an address back. Those of the network itself stay taken.</summary>
    public void Release(IPAddress address)
    {
        var offset = _subnet.OffsetOf(address);
        if (offset > 1 && offset < _subnet.Size - 1)
        {
            _taken[offset >> 6] &= ~(1UL << offset);
        }
    }

    private bool IsTaken(int offset) => (_taken[offset >> 6] & (1UL << offset)) != 0;

    private void Mark(int offset) => _taken[offset >> 6] |= 1UL << offset;
}
