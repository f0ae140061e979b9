using System.Net;

namespace Portal.Runtime.Networks;

/// <summary>Which host ports containers have. No I/O; not safe for concurrent use.</summary>
internal sealed class PortTable
{
    private readonly int _first;
    private readonly int _last;
    private readonly Dictionary<(string Protocol, int Port), List<IPAddress>> _taken = [];
    private int _next;

    /// <summary>Nothing is taken.</summary>
    /// <param name="first">First port given out when none is asked for.</param>
    /// <param name="last">Last such port.</param>
    public PortTable(int first, int last) => (_first, _last, _next) = (first, last, first);

    /// <summary>Takes a port; false when a container has it on that address, or either of the two is every address.</summary>
    public bool TryTake(string protocol, IPAddress address, int port)
    {
        if (!_taken.TryGetValue((protocol, port), out var addresses))
        {
            _taken[(protocol, port)] = [address];
            return true;
        }

        if (address.Equals(IPAddress.Any) || addresses.Any(a => a.Equals(address) || a.Equals(IPAddress.Any)))
        {
            return false;
        }

        addresses.Add(address);
        return true;
    }

    /// <summary>
    /// Takes the next free ephemeral port behind the last one given out that <paramref name="accept"/> agrees to; null
    /// when there is none.
    /// </summary>
    public int? TakeEphemeral(string protocol, IPAddress address, Func<int, bool> accept)
    {
        for (var tries = _first; tries <= _last; tries++)
        {
            var port = _next;
            _next = port == _last ? _first : port + 1;
            if (!TryTake(protocol, address, port))
            {
                continue;
            }

            var accepted = false;
            try
            {
                accepted = accept(port);
            }
            finally
            {
                if (!accepted)
                {
                    Release(protocol, address, port);
                }
            }

            if (accepted)
            {
                return port;
            }
        }

        return null;
    }

    /// <summary>Gives a port back.</summary>
    public void Release(string protocol, IPAddress address, int port)
    {
        if (_taken.TryGetValue((protocol, port), out var addresses) && addresses.Remove(address) && addresses.Count == 0)
        {
            _taken.Remove((protocol, port));
        }
    }
}
