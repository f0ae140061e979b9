using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Networks;

/// <summary>A container's place in the network that leads outside, in one family.</summary>
/// <param name="Endpoint">Name and id of the endpoint, for errors: <c>web (4f…)</c>.</param>
/// <param name="Address">The container's.</param>
/// <param name="IsRouted">It is reached at its own address: ports of the host are not used.</param>
/// <param name="Binding">Where ports are published that name no address; null for everywhere.</param>
internal sealed record PortSide(string Endpoint, IPAddress Address, bool IsRouted, IPAddress? Binding);

/// <summary>Takes and gives back the host ports of containers. Safe for concurrent use.</summary>
internal sealed class PublishedPorts : IDisposable
{
    private const string RangePath = "/proc/sys/net/ipv4/ip_local_port_range";

    private readonly Lock _gate = new();
    private readonly PortTable _table;
    private readonly Dictionary<PortKey, Holding> _holds = [];
    private readonly SemaphoreSlim _room = new(LoopbackRelay.MaximumConnections);

    // Of ports about to be exchanged.
    private readonly Dictionary<PortKey, Holding> _kept = [];

    public PublishedPorts() => _table = EphemeralRange() is var (first, last) ? new(first, last) : new(32768, 60999);

    /// <summary>Takes all of the ports or none.</summary>
    /// <param name="owner">The container, for whoever wants the same.</param>
    /// <param name="ipv4">Where IPv4 comes in; null for nowhere.</param>
    /// <param name="ipv6">Where IPv6 comes in; null for nowhere.</param>
    /// <param name="bindings">What to publish; host port 0 gets an ephemeral one.</param>
    /// <exception cref="ErrorException">Docker's texts for a port that a container or another process has.</exception>
    public IReadOnlyList<PublishedPort> Take(string owner, PortSide? ipv4, PortSide? ipv6, IReadOnlyList<PortBinding> bindings)
    {
        if ((ipv4 ?? ipv6) is null)
        {
            return [];
        }

        List<PublishedPort> taken = [];
        lock (_gate)
        {
            try
            {
                // Fixed ports first: an ephemeral one must not land on a port that this container asks for by number.
                foreach (var binding in bindings.OrderBy(b => b.HostPort == 0 ? 2 : b.LastHostPort > 0 ? 1 : 0))
                {
                    Take(owner, ipv4, ipv6, binding, taken);
                }

                return taken;
            }
            catch
            {
                ReleaseAll(taken);
                throw;
            }
        }
    }

    /// <summary>
    /// Takes ports in place of others, all or none. What is in both is never let go: somebody else would have it at once, and a
    /// child that is just being started keeps a closed socket for a moment.
    /// </summary>
    public IReadOnlyList<PublishedPort> Exchange(string owner, IReadOnlyList<PublishedPort> old, PortSide? ipv4, PortSide? ipv6, IReadOnlyList<PortBinding> bindings)
    {
        lock (_gate)
        {
            foreach (var port in old)
            {
                if (_holds.Remove(PortKey.Of(port), out var hold))
                {
                    _kept[PortKey.Of(port)] = hold;
                    _table.Release(port.Protocol, port.HostAddress, port.HostPort);
                }
            }

            var before = _kept.Values.Select(hold => (hold, hold.Container)).ToList();
            try
            {
                return Take(owner, ipv4, ipv6, bindings);
            }
            catch
            {
                foreach (var (key, hold) in _kept)
                {
                    _table.Take(key.Protocol, key.Address, key.Port, owner);
                    _holds[key] = hold;
                }

                before.ForEach(was => was.hold.LeadTo(was.Container, _room));

                throw;
            }
            finally
            {
                foreach (var (key, hold) in _kept)
                {
                    if (!_holds.ContainsKey(key))
                    {
                        hold.Dispose();
                    }
                }

                _kept.Clear();
            }
        }
    }

    /// <summary>Takes ports that are in force already; gives back those that another process has got hold of meanwhile.</summary>
    public IReadOnlyList<PortRule> Restore(string owner, IEnumerable<PortRule> ports)
    {
        List<PortRule> lost = [];
        lock (_gate)
        {
            foreach (var port in ports.Where(p => p.HostPort > 0))
            {
                if (_table.Take(port.Protocol, port.HostAddress, port.HostPort, owner) is not null)
                {
                    lost.Add(port);
                    continue;
                }

                try
                {
                    Hold(port);
                }
                catch (LinuxException)
                {
                    // The container keeps it: its rules come before any socket.
                    _holds[new(port.Protocol, port.HostAddress, port.HostPort)] = new(null);
                    lost.Add(port);
                }
            }
        }

        return lost;
    }

    /// <summary>Gives ports back; absent ones are ignored.</summary>
    public void Release(IEnumerable<PublishedPort> ports)
    {
        lock (_gate)
        {
            ReleaseAll(ports);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var hold in _holds.Values)
            {
                hold.Dispose();
            }

            _holds.Clear();
        }
    }

    /// <summary>One binding, on an address of each family it is for, with the same port.</summary>
    private void Take(string owner, PortSide? ipv4, PortSide? ipv6, PortBinding binding, List<PublishedPort> taken)
    {
        List<(PortSide Side, IPAddress Address)> places = [];
        foreach (var (side, address) in Places(ipv4, ipv6, binding.HostAddress))
        {
            if (side.IsRouted)
            {
                taken.Add(new(binding.ContainerPort, binding.Protocol, address, 0));
            }
            else
            {
                places.Add((side, address));
            }
        }

        if (places.Count == 0)
        {
            return;
        }

        var endpoint = places[0].Side.Endpoint;
        if (binding.HostPort == 0)
        {
            _ = _table.FindEphemeral(port => TryTake(owner, places, binding, port, taken) is null) ?? throw Failed(endpoint, "network.ports_exhausted", "all ports are allocated");
            return;
        }

        if (binding.LastHostPort <= binding.HostPort)
        {
            if (TryTake(owner, places, binding, binding.HostPort, taken) is { } refusal)
            {
                throw refusal();
            }

            return;
        }

        for (var port = binding.HostPort; port <= binding.LastHostPort; port++)
        {
            if (TryTake(owner, places, binding, port, taken) is null)
            {
                return;
            }
        }

        throw Failed(
            endpoint, "network.ports_exhausted",
            string.Create(CultureInfo.InvariantCulture, $"Bind for {places[0].Address}:{binding.HostPort}-{binding.LastHostPort} failed: all ports are allocated"));
    }

    /// <summary>Where a binding is to be.</summary>
    private static IEnumerable<(PortSide Side, IPAddress Address)> Places(PortSide? ipv4, PortSide? ipv6, string address)
    {
        if (address.Length == 0)
        {
            if (ipv4 is not null)
            {
                yield return (ipv4, ipv4.Binding ?? IPAddress.Any);
            }

            if (ipv6 is not null && ipv4?.Binding is null)
            {
                yield return (ipv6, IPAddress.IPv6Any);
            }

            yield break;
        }

        if (!Subnet.TryParseAddress(address.Trim('[', ']'), out var parsed))
        {
            throw new ErrorException(ErrorKind.Invalid, "network.host_address", $"invalid IP address in port binding: {address}");
        }

        var isIPv6 = parsed.AddressFamily == AddressFamily.InterNetworkV6;
        yield return ((isIPv6 ? ipv6 : ipv4) ?? throw new ErrorException(
            ErrorKind.Invalid, "network.host_address",
            $"invalid IP address in port binding: {address}: the container has no {(isIPv6 ? "IPv6" : "IPv4")} address that leads outside"), parsed);
    }

    /// <summary>Takes a port on all of these addresses or none.</summary>
    /// <returns>Null, or what says why not, which takes a moment.</returns>
    /// <exception cref="ErrorException">It is to be had on no port.</exception>
    private Func<ErrorException>? TryTake(string owner, List<(PortSide Side, IPAddress Address)> places, PortBinding binding, int port, List<PublishedPort> taken)
    {
        List<PublishedPort> mine = [];
        foreach (var (side, address) in places)
        {
            var published = new PublishedPort(binding.ContainerPort, binding.Protocol, address, port);
            if (_table.Take(binding.Protocol, address, port, owner) is { } other)
            {
                ReleaseAll(mine);
                return () => Failed(side.Endpoint, "network.port_allocated", $"Bind for {new IPEndPoint(address, port)} failed: port is already allocated{(other == owner ? "" : $" (by container {other})")}");
            }

            try
            {
                Hold(new(binding.Protocol, address, port, side.Address, binding.ContainerPort));
                mine.Add(published);
            }
            catch (LinuxException e)
            {
                _table.Release(binding.Protocol, address, port);
                ReleaseAll(mine);
                if (e.Errno == Errno.EADDRNOTAVAIL)
                {
                    throw NotOurs(side.Endpoint, address);
                }

                return () => Failed(
                    side.Endpoint, "network.port_in_use",
                    $"failed to bind host port for {new IPEndPoint(address, port)}:{new IPEndPoint(side.Address, binding.ContainerPort)}/{binding.Protocol}: {Why()}");

                string Why() => e.Errno != Errno.EADDRINUSE ? System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage((int)e.Errno)
                    : "address already in use" + (PortHolder.Find(binding.Protocol, address, port) is { } holder ? $" (held by {holder})" : "");
            }
        }

        taken.AddRange(mine);
        return null;
    }

    /// <summary>Keeps others off a port, and leads connections to ::1 to the container.</summary>
    /// <exception cref="LinuxException">Another process has it, or the address is none of this host.</exception>
    private void Hold(PortRule port)
    {
        if (port is { IsIPv6: true, Protocol: "tcp" } && _holds.TryGetValue(new("tcp", IPAddress.Any, port.HostPort), out var other))
        {
            // Of a container that has the port of IPv4 alone: whoever has the one of IPv6 comes first.
            other.LeaveLoopback();
        }

        var key = new PortKey(port.Protocol, port.HostAddress, port.HostPort);
        if (!_kept.TryGetValue(key, out var hold))
        {
            hold = new(PortHold.Take(port.Protocol, port.HostAddress, port.HostPort), port.Protocol == "tcp" && port.HostAddress.Equals(IPAddress.Any) ? TakeLoopback(port.HostPort) : null);
        }

        hold.LeadTo(new(port.Address, port.Port), _room);
        _holds[key] = hold;
    }

    /// <summary>A port of IPv4 at ::1 too: clients that are told "localhost" try that first.</summary>
    private static PortHold? TakeLoopback(int port)
    {
        try
        {
            return PortHold.Take("tcp", IPAddress.IPv6Loopback, port);
        }
        catch (LinuxException)
        {
            // Somebody else's, or there is no IPv6: the port is one of IPv4 all the same.
            return null;
        }
    }

    private static ErrorException Failed(string endpoint, string code, string why) =>
        new(ErrorKind.Internal, code, $"failed to set up container networking: driver failed programming external connectivity on endpoint {endpoint}: {why}");

    // Of all that can be wrong with a port, this is the one that no other host state puts right.
    private static ErrorException NotOurs(string endpoint, IPAddress address) => new(
        ErrorKind.Invalid, "network.host_address",
        $"failed to set up container networking: driver failed programming external connectivity on endpoint {endpoint}: {address} is no address of this host");

    private void ReleaseAll(IEnumerable<PublishedPort> ports)
    {
        foreach (var port in ports)
        {
            if (_holds.Remove(PortKey.Of(port), out var hold))
            {
                if (!_kept.ContainsKey(PortKey.Of(port)))
                {
                    hold.Dispose();
                }

                _table.Release(port.Protocol, port.HostAddress, port.HostPort);
            }
        }
    }

    private static (int First, int Last)? EphemeralRange()
    {
        try
        {
            var parts = File.ReadAllText(RangePath).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            return parts.Length == 2 && int.TryParse(parts[0], CultureInfo.InvariantCulture, out var first)
                && int.TryParse(parts[1], CultureInfo.InvariantCulture, out var last) && first > 0 && first < last ? (first, last) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>What keeps a port, and leads connections to ::1 to its container.</summary>
    /// <param name="port">Null for what is kept in the table only.</param>
    /// <param name="loopback">The same port at ::1, for one of IPv4; null where it is not to be had.</param>
    private sealed class Holding(PortHold? port, PortHold? loopback = null) : IDisposable
    {
        private PortHold? _loopback = loopback;

        public IPEndPoint? Container { get; private set; }

        public void LeadTo(IPEndPoint? container, SemaphoreSlim room)
        {
            if ((Container = container) is not null)
            {
                port?.Relay(container!, room);
                _loopback?.Relay(container!, room);
            }
        }

        public void LeaveLoopback()
        {
            _loopback?.Dispose();
            _loopback = null;
        }

        public void Dispose()
        {
            port?.Dispose();
            LeaveLoopback();
        }
    }

    private readonly record struct PortKey(string Protocol, IPAddress Address, int Port)
    {
        public static PortKey Of(PublishedPort port) => new(port.Protocol, port.HostAddress, port.HostPort);
    }
}
