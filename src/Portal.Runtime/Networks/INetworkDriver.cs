using System.Net.NetworkInformation;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Networks;

/// <summary>Makes networks of one kind in the kernel, and links of containers in them. Addresses and routes are the same for all kinds.</summary>
internal interface INetworkDriver
{
    /// <summary>As networks name it.</summary>
    string Name { get; }

    /// <summary>Reads the options of a network.</summary>
    /// <exception cref="ErrorException">400: one of them is wrong.</exception>
    NetworkTraits Read(string id, NetworkSpec spec);

    /// <summary>Looks for what cannot be, before a network is made.</summary>
    /// <returns>Its link on the host is to be made, and goes with it.</returns>
    /// <exception cref="ErrorException">400 or 403: it cannot be.</exception>
    bool Check(string id, NetworkSpec spec, IReadOnlyList<NetworkRecord> others);

    /// <summary>Makes what networks need on the host, or takes what is there.</summary>
    /// <returns>Names of those of which something had to be made.</returns>
    IReadOnlyList<string> Ensure(IReadOnlyList<NetworkRecord> networks);

    /// <summary>Takes away what a network has on the host; absent is success.</summary>
    void Remove(NetworkRecord network);

    /// <summary>Makes a container's link, down and without addresses, in its namespace.</summary>
    /// <param name="network">Which it leads to.</param>
    /// <param name="endpoint">Names the link.</param>
    /// <param name="mac">Its hardware address; null for one of the kernel's.</param>
    /// <param name="handle">The namespace.</param>
    void MakeLink(NetworkRecord network, NetworkEndpoint endpoint, PhysicalAddress? mac, SafeFileHandle handle);

    /// <summary>Takes a container's link away, at once or soon; absent is success. The namespace may be gone.</summary>
    /// <param name="endpoint">Names the link.</param>
    /// <param name="onGone">To be called when nothing answers for its addresses any more.</param>
    void RemoveLink(NetworkEndpoint endpoint, Action onGone);

    /// <summary>Removes links on the host that lead to none of these; how many.</summary>
    int Sweep(IReadOnlyList<NetworkRecord> networks, IReadOnlySet<string> liveLinks) => 0;
}

/// <summary>What a network of a driver is like for those in it.</summary>
/// <param name="HostLink">Link of the host that belongs to it; empty for none.</param>
/// <param name="HasLinks">A container in it has a link.</param>
/// <param name="NeedsGateway">One of its addresses is the way out.</param>
/// <param name="LinkPrefix">How links inside begin.</param>
/// <param name="HasMac">Links have hardware addresses of their own.</param>
/// <param name="Rules">What the firewall is to do for it; null for nothing.</param>
/// <param name="Binding">Where ports are published that name no address; null for everywhere.</param>
internal sealed record NetworkTraits(
    string HostLink, bool HasLinks, bool NeedsGateway, string LinkPrefix = "eth", bool HasMac = true, BridgeRules? Rules = null, System.Net.IPAddress? Binding = null);
