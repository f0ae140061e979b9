using System.Globalization;
using System.Net;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Networks;

/// <summary>Takes and gives back the host ports of containers. Safe for concurrent use.</summary>
internal sealed class PublishedPorts : IDisposable
{
    private const string RangePath = "/proc/sys/net/ipv4/ip_local_port_range";

    private readonly Lock _gate = new();
    private readonly PortTable _table;
    private readonly Dictionary<PortKey, PortHold?> _holds = [];

    public PublishedPorts() => _table = EphemeralRange() is var (first, last) ? new(first, last) : new(32768, 60999);

    /// <summary>Takes all of the ports or none.</summary>
    /// <param name="endpoint">Name and id of the endpoint, for the error: <c>web (4f…)</c>.</param>
    /// <param name="address">The container's address, for the error.</param>
    /// <param name="bindings">What to publish; host port 0 gets an ephemeral one.</param>
    /// <exception cref="ErrorException">Docker's texts for a port that a container or another process has.</exception>
    public IReadOnlyList<PublishedPort> Take(string endpoint, IPAddress address, IReadOnlyList<PortBinding> bindings)
    {
        List<PublishedPort> taken = [];
        lock (_gate)
        {
            try
            {
                // Fixed ports first: an ephemeral one must not land on a port that this container asks for by number.
                foreach (var binding in bindings.OrderBy(b => b.HostPort == 0))
                {
                    taken.Add(TakeOne(endpoint, address, binding));
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

    /// <summary>Takes ports that are in force already; gives back those that another process has got hold of meanwhile.</summary>
    public IReadOnlyList<PublishedPort> Restore(IReadOnlyList<PublishedPort> ports)
    {
        List<PublishedPort> lost = [];
        lock (_gate)
        {
            foreach (var port in ports)
            {
                if (!_table.TryTake(port.Protocol, port.HostAddress, port.HostPort))
                {
                    lost.Add(port);
                    continue;
                }

                try
                {
                    _holds[PortKey.Of(port)] = PortHold.Take(port.Protocol, port.HostAddress, port.HostPort);
                }
                catch (LinuxException)
                {
                    // The container keeps it: its rules come before any socket.
                    _holds[PortKey.Of(port)] = null;
                    lost.Add(port);
                }
            }
        }

        return lost;
    }

    /// <summary>Gives ports back; absent ones are ignored.</summary>
    public void Release(IReadOnlyList<PublishedPort> ports)
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
                hold?.Dispose();
            }

            _holds.Clear();
        }
    }

    private PublishedPort TakeOne(string endpoint, IPAddress address, PortBinding binding)
    {
        var on = ParseAddress(binding.HostAddress);
        if (binding.HostPort == 0)
        {
            PortHold? hold = null;
            var port = _table.TakeEphemeral(binding.Protocol, on, candidate =>
            {
                try
                {
                    hold = PortHold.Take(binding.Protocol, on, candidate);
                    return true;
                }
                catch (LinuxException e) when (e.Errno == Errno.EADDRINUSE)
                {
                    return false;
                }
                catch (LinuxException e) when (e.Errno == Errno.EADDRNOTAVAIL)
                {
                    throw NotOurs(endpoint, on);
                }
            }) ?? throw Failed(endpoint, "network.ports_exhausted", "all ports are allocated");
            var chosen = new PublishedPort(binding.ContainerPort, binding.Protocol, on, port);
            _holds[PortKey.Of(chosen)] = hold;
            return chosen;
        }

        var published = new PublishedPort(binding.ContainerPort, binding.Protocol, on, binding.HostPort);
        if (!_table.TryTake(binding.Protocol, on, binding.HostPort))
        {
            throw Failed(endpoint, "network.port_allocated", $"Bind for {on}:{binding.HostPort} failed: port is already allocated");
        }

        try
        {
            _holds[PortKey.Of(published)] = PortHold.Take(binding.Protocol, on, binding.HostPort);
        }
        catch (LinuxException e)
        {
            _table.Release(binding.Protocol, on, binding.HostPort);
            if (e.Errno == Errno.EADDRNOTAVAIL)
            {
                throw NotOurs(endpoint, on);
            }

            var why = e.Errno == Errno.EADDRINUSE ? "address already in use" : System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage((int)e.Errno);
            throw Failed(endpoint, "network.port_in_use", $"failed to bind host port for {on}:{binding.HostPort}:{address}:{binding.ContainerPort}/{binding.Protocol}: {why}");
        }

        return published;
    }

    private static IPAddress ParseAddress(string address)
    {
        if (address.Length == 0)
        {
            return IPAddress.Any;
        }

        return IPAddress.TryParse(address, out var parsed) && parsed.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
            ? parsed
            : throw new ErrorException(ErrorKind.Invalid, "network.host_address", $"invalid IP address in port binding: {address}: an IPv4 address of this host is needed.");
    }

    private static ErrorException Failed(string endpoint, string code, string why) =>
        new(ErrorKind.Internal, code, $"failed to set up container networking: driver failed programming external connectivity on endpoint {endpoint}: {why}");

    // Of all that can be wrong with a port, this is the one that no other host state puts right.
    private static ErrorException NotOurs(string endpoint, IPAddress address) => new(
        ErrorKind.Invalid, "network.host_address",
        $"failed to set up container networking: driver failed programming external connectivity on endpoint {endpoint}: {address} is no address of this host");

    private void ReleaseAll(IReadOnlyList<PublishedPort> ports)
    {
        foreach (var port in ports)
        {
            if (_holds.Remove(PortKey.Of(port), out var hold))
            {
                hold?.Dispose();
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

    private readonly record struct PortKey(string Protocol, IPAddress Address, int Port)
    {
        public static PortKey Of(PublishedPort port) => new(port.Protocol, port.HostAddress, port.HostPort);
    }
}
