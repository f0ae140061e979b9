using System.Net.NetworkInformation;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Networks;

/// <summary>Networks whose containers are on a link of the host themselves (macvlan), or share its hardware address (ipvlan).</summary>
internal sealed class MacvlanDriver(string kind, HostLinks links) : INetworkDriver
{
    public const string MacvlanName = "macvlan";
    public const string IpvlanName = "ipvlan";

    /// <summary>How the aliases of links inside namespaces begin, by which they are known again.</summary>
    public const string AliasPrefix = "portal endpoint ";

    public string Name => kind;

    public NetworkTraits Read(string id, NetworkSpec spec)
    {
        var settings = MacvlanSettings.Of(id, spec);
        return new(
            settings.Parent, HasLinks: true, NeedsGateway: !settings.IsDummy && MacvlanSettings.HasGateway(spec),
            spec.Options.GetValueOrDefault(BridgeSettings.LinkPrefixKey) is { Length: > 0 } prefix ? prefix : "eth", HasMac: kind == MacvlanName);
    }

    public bool Check(string id, NetworkSpec spec, IReadOnlyList<NetworkRecord> others)
    {
        var settings = MacvlanSettings.Of(id, spec);
        if (!links.Routes.Knows(kind))
        {
            throw Unsupported(kind);
        }

        foreach (var other in others.Where(o => o.Driver is MacvlanName or IpvlanName))
        {
            var theirs = MacvlanSettings.Of(other.Id, other.Spec);
            if (theirs.Parent == settings.Parent && (other.Driver != kind || (kind == MacvlanName && (theirs.Mode == 8 || settings.Mode == 8))))
            {
                throw NetworkErrors.Forbidden("parent_in_use", $"network {other.Id} is already using parent interface {settings.Parent}");
            }
        }

        if (links.Routes.FindLink(settings.Parent) is not null)
        {
            return false;
        }

        if (settings is { IsDummy: false, Vlan: null })
        {
            throw NetworkErrors.Invalid($"invalid subinterface vlan name {settings.Parent}, example formatting is eth0.10");
        }

        return settings.Vlan is not { } vlan || links.Routes.FindLink(vlan.Link) is not null
            ? true
            : throw NetworkErrors.Invalid($"failed to find master {vlan.Link} interface name on the host: Link not found");
    }

    public IReadOnlyList<string> Ensure(IReadOnlyList<NetworkRecord> networks)
    {
        List<string> made = [];
        foreach (var network in networks.Where(n => n.OwnsLink))
        {
            var settings = MacvlanSettings.Of(network.Id, network.Spec);
            if (links.Routes.FindLink(settings.Parent) is { } present)
            {
                links.Sign(present, network);
                continue;
            }

            try
            {
                if (settings.Vlan is not { } vlan)
                {
                    links.Routes.CreateDummy(settings.Parent);
                }
                else if (links.Routes.FindLink(vlan.Link) is { } parent)
                {
                    links.Routes.CreateVlan(settings.Parent, parent.Index, vlan.Number);
                }
                else
                {
                    // It may come with its cable; until then containers of this network do not start.
                    continue;
                }
            }
            catch (LinuxException e) when (e.Errno == Errno.EOPNOTSUPP)
            {
                throw Unsupported(settings.Vlan is null ? "dummy" : "vlan", e);
            }

            links.Sign(links.Routes.FindLink(settings.Parent) ?? throw new LinuxException("get link", settings.Parent, Errno.ENODEV), network);
            made.Add(network.Name);
        }

        return made;
    }

    public void Remove(NetworkRecord network)
    {
        if (network.OwnsLink)
        {
            links.Routes.DeleteLink(MacvlanSettings.Of(network.Id, network.Spec).Parent);
        }
    }

    public void MakeLink(NetworkRecord network, NetworkEndpoint endpoint, PhysicalAddress? mac, SafeFileHandle handle)
    {
        var settings = MacvlanSettings.Of(network.Id, network.Spec);
        var parent = links.Routes.FindLink(settings.Parent)
            ?? throw new ErrorException(ErrorKind.Internal, "network.no_parent", $"the parent interface {settings.Parent} of network {network.Name} is not there");
        try
        {
            links.Routes.CreateSublink(kind, endpoint.Link!, parent.Index, settings.Mode, settings.Flag, settings.Mtu, mac, handle.DangerousGetHandle().ToInt32());
        }
        catch (LinuxException e) when (e.Errno == Errno.EOPNOTSUPP)
        {
            throw Unsupported(kind, e);
        }
    }

    // The link goes with the namespace, or whoever is inside deletes it.
    public void RemoveLink(NetworkEndpoint endpoint, Action onGone) => onGone();

    private static ErrorException Unsupported(string kind, LinuxException? cause = null) =>
        new(ErrorKind.Invalid, "network.unsupported", $"this kernel has no {kind} links: it was built without them, or their module is missing", cause);
}
