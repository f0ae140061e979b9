using System.Collections.Immutable;

namespace Portal.Domain.Access.Restrictions;

/// <summary>
/// What people who are not administrators may ask of a host's engine. Whoever may have more than this is root on the machine in effect: the defaults
/// let nothing of that kind through, and an administrator opens what is needed, per host.
/// </summary>
public sealed record HostRestrictions
{
    /// <summary>Everything closed.</summary>
    public static HostRestrictions Default { get; } = new();

    /// <summary>Privileged containers and commands.</summary>
    public bool AllowPrivileged { get; init; }

    /// <summary>The host's network, processes, IPC, host name, users or cgroups.</summary>
    public bool AllowHostNamespaces { get; init; }

    /// <summary>Folders of the host that may be mounted, with all below them; <c>/</c> is the whole host.</summary>
    public ImmutableArray<string> HostPaths { get; init; } = [];

    /// <summary>Device nodes of the host, with all below a folder; <c>/dev</c> is all of them.</summary>
    public ImmutableArray<string> Devices { get; init; } = [];

    /// <summary>Capabilities beyond the engine's fourteen, without <c>CAP_</c>; <c>ALL</c> for all.</summary>
    public ImmutableArray<string> Capabilities { get; init; } = [];

    /// <summary>Kernel parameters, such as <c>net.core.somaxconn</c>; an asterisk at the end stands for anything.</summary>
    public ImmutableArray<string> Sysctls { get; init; } = [];

    /// <summary>Security profiles of one's own, none at all, unmasked paths, annotations for the OCI runtime, a cgroup or priority of one's own.</summary>
    public bool AllowSecurityOptions { get; init; }

    /// <summary>OCI runtimes that may be named; the engine's default always may.</summary>
    public ImmutableArray<string> Runtimes { get; init; } = [];

    /// <summary>Ports of the host that may be published, as <c>8080</c> or <c>8000-8999</c>. Ports that the engine chooses always may.</summary>
    public ImmutableArray<PortSpan> HostPorts { get; init; } = [new(1, 65535)];

    /// <summary>Registries, or repositories below one, that images may come from, such as <c>registry.example.com/team</c>; empty for any.</summary>
    public ImmutableArray<string> Registries { get; init; } = [];

    /// <summary>Networks that reach the host's own links: macvlan, ipvlan, and bridges that are called by name.</summary>
    public bool AllowHostLinks { get; init; }
}
