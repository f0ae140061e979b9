using System.Net;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>
/// Which addresses of a subnet are taken. Goes on behind the last one given out and wraps around, so that an address
/// rests as long as possible before somebody else has it. No I/O; not safe for concurrent use.
/// </summary>
internal sealed class AddressPool
{
    private readonly Subnet _range;
    private readonly HashSet<UInt128> _taken = [];
    private readonly HashSet<UInt128> _never = [];
    private readonly UInt128 _first;
    private readonly UInt128 _count;
    private readonly UInt128 _blocked;
    private UInt128 _next;

    /// <summary>All but those of the network itself are free.</summary>
    /// <param name="subnet">Every address given out is of it.</param>
    /// <param name="range">Those given out without being asked for are of it; null for the whole subnet.</param>
    /// <param name="kept">Never given out: gateway and auxiliary addresses.</param>
    public AddressPool(Subnet subnet, Subnet? range, IEnumerable<IPAddress> kept)
    {
        Subnet = subnet;
        _range = range ?? subnet;
        if (subnet.PrefixLength < subnet.Bits - 1)
        {
            // The network's own address, and of IPv4 the one for all; a pair of addresses has neither.
            _never.Add(0);
            if (!subnet.IsIPv6)
            {
                _never.Add(subnet.LastOffset);
            }
        }

        foreach (var address in kept)
        {
            if (subnet.OffsetOf(address) is { } offset)
            {
                _never.Add(offset);
            }
        }

        _first = subnet.OffsetOf(_range.Network) ?? 0;
        _count = _range.LastOffset;
        foreach (var offset in _never)
        {
            _blocked += IsInRange(offset) ? UInt128.One : 0;
        }
    }

    public Subnet Subnet { get; }

    /// <summary>Takes the next free address.</summary>
    /// <exception cref="ErrorException">All are taken.</exception>
    public IPAddress Allocate()
    {
        if (!IsExhausted)
        {
            for (var offset = _next; ; offset = offset == _count ? 0 : offset + 1)
            {
                var candidate = _first + offset;
                if (!_never.Contains(candidate) && _taken.Add(candidate))
                {
                    _next = offset == _count ? 0 : offset + 1;
                    return Subnet.At(candidate);
                }
            }
        }

        throw new ErrorException(
            ErrorKind.Internal, "network.pool_exhausted", $"no available {(Subnet.IsIPv6 ? "IPv6" : "IPv4")} addresses on this network's address pools: {_range}");
    }

    /// <summary>Takes this address; false when it is taken already or not to be had.</summary>
    public bool Reserve(IPAddress address) => Subnet.OffsetOf(address) is { } offset && !_never.Contains(offset) && _taken.Add(offset);

    /// <summary>Gives an address back. Those of the network itself stay taken.</summary>
    public void Release(IPAddress address)
    {
        if (Subnet.OffsetOf(address) is { } offset)
        {
            _taken.Remove(offset);
        }
    }

    private bool IsExhausted
    {
        get
        {
            var used = _blocked + (UInt128)_taken.Count;
            if (used <= _count)
            {
                // Those asked for by number may lie elsewhere, so this is only ever too many.
                return false;
            }

            var inside = _blocked;
            foreach (var offset in _taken)
            {
                inside += IsInRange(offset) ? UInt128.One : 0;
            }

            return inside > _count;
        }
    }

    private bool IsInRange(UInt128 offset) => offset >= _first && offset - _first <= _count;
}
