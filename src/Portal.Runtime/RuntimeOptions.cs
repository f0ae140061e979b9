namespace Portal.Runtime;

/// <summary>Where the runtime keeps things and which helpers it uses. All paths are absolute.</summary>
public sealed class RuntimeOptions
{
    /// <summary>Durable state: images, layers, container records, volumes. Mode 0710. Default <c>/var/lib/portal-agent</c>.</summary>
    public string DataRoot { get; set; } = "/var/lib/portal-agent";

    /// <summary>State of this boot: sockets, exit files, network namespaces. On a tmpfs; mode 0710. Default <c>/run/portal</c>.</summary>
    public string RunRoot { get; set; } = "/run/portal";

    /// <summary>OCI runtime. Default <c>/usr/bin/crun</c>.</summary>
    public string OciRuntimePath { get; set; } = "/usr/bin/crun";

    /// <summary>Container monitor. Default <c>/usr/bin/conmon</c>.</summary>
    public string ConmonPath { get; set; } = "/usr/bin/conmon";

    /// <summary>Init process for <c>--init</c>; null when none is installed. Default <c>/usr/bin/catatonit</c>.</summary>
    public string? InitPath { get; set; } = "/usr/bin/catatonit";

    /// <summary>Link name of the default bridge, at most 15 bytes. Also the name of the nft table. Default <c>portal0</c>.</summary>
    public string BridgeName { get; set; } = "portal0";

    /// <summary>IPv4 subnet of the default bridge in CIDR form; the first address is the gateway. Default <c>172.29.0.0/16</c>.</summary>
    public string BridgeSubnet { get; set; } = "172.29.0.0/16";

    /// <summary>
    /// Whose subordinate ids the ids of containers are: <c>default</c>, <c>user[:group]</c> or <c>uid[:gid]</c>; null for none.
    /// <see cref="UserNamespaces.UserRemapSetting"/> makes <see cref="Mappings"/> of it.
    /// </summary>
    public string? UserRemap { get; set; }

    /// <summary>How ids of new containers are mapped; null when they are the host's.</summary>
    public UserNamespaces.IdMappings? Mappings { get; set; }

    /// <summary>Parent cgroup of all containers, below the root of each hierarchy. Default <c>/portal</c>.</summary>
    public string CgroupParent { get; set; } = "/portal";
}
