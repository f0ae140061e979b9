using System.Net;

namespace Portal.Runtime.Networks;

/// <summary>Which host ports containers have, and which. No I/O; not safe for concurrent use.</summary>
internal sealed class PortTable
{
    private readonly int _first;
    private readonly int _last;
    private readonly Dictionary<(string Protocol, int Port), Dictionary<IPAddress, string>> _taken = [];
    private int _next;

    /// <summary>Nothing is taken.</summary>
    /// <param name="first">First port given out when none is asked for.</param>
    /// <param name="last">Last such port.</param>
    public PortTable(int first, int last) => (_first, _last, _next) = (first, last, first);

    /// <summary>Takes a port.</summary>
    /// <returns>Null, or the container that has it on that address; every address of a family is all of that family.</returns>
    public string? Take(string protocol, IPAddress address, int port, string owner)
    {
        if (!_taken.TryGetValue((protocol, port), out var owners))
        {
            _taken[(protocol, port)] = owners = [];
        }

        foreach (var (other, theirs) in owners)
        {
            if (other.AddressFamily == address.AddressFamily && (other.Equals(address) || IsEverywhere(other) || IsEverywhere(address)))
            {
                return theirs;
            }
        }

        owners[address] = owner;
        return null;
    }

    /// <summary>
    /// The next ephemeral port behind the last one given out that <paramref name="accept"/> agrees to; null
    /// when there is none.
    /// </summary>
    public int? FindEphemeral(Func<int, bool> accept)
    {
        for (var tries = _first; tries <= _last; tries++)
        {
            var port = _next;
            _next = port == _last ? _first : port + 1;
            if (accept(port))
            {
                return port;
            }
        }

        return null;
    }

    /// <summary>Gives a port back.</summary>
    public void Release(string protocol, IPAddress address, int port)
    {
        if (_taken.TryGetValue((protocol, port), out var owners) && owners.Remove(address) && owners.Count == 0)
        {
            _taken.Remove((protocol, port));
        }
    }

    private static bool IsEverywhere(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}
