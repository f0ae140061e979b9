using System.Net.NetworkInformation;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Networks;

/// <summary>A network without links: there is nothing to make.</summary>
internal abstract class LinklessDriver(string name) : INetworkDriver
{
    public string Name => name;

    public NetworkTraits Read(string id, NetworkSpec spec) => new("", HasLinks: false, NeedsGateway: false);

    // The only ones are the engine's own.
    public bool Check(string id, NetworkSpec spec, IReadOnlyList<NetworkRecord> others) =>
        throw NetworkErrors.Forbidden("predefined", $"only one instance of \"{name}\" network is allowed");

    public IReadOnlyList<string> Ensure(IReadOnlyList<NetworkRecord> networks) => [];

    public void Remove(NetworkRecord network)
    {
    }

    public void MakeLink(NetworkRecord network, NetworkEndpoint endpoint, PhysicalAddress? mac, SafeFileHandle handle)
    {
    }

    public void RemoveLink(NetworkEndpoint endpoint, Action onGone) => onGone();
}

/// <summary>The host's own network. Ports are not published, they are just open.</summary>
internal sealed class HostDriver() : LinklessDriver(DriverName)
{
    public const string DriverName = "host";
}

/// <summary>A namespace with nothing but a loopback.</summary>
internal sealed class NullDriver() : LinklessDriver(DriverName)
{
    public const string DriverName = "null";
}
