using Portal.Domain.Containers;
using Portal.Runtime.Logs;
using Portal.Runtime.Registries;

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

    /// <summary>Further OCI runtimes, or other programs for known ones, by the name that a container asks for.</summary>
    public IDictionary<string, string> Runtimes { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Name of the OCI runtime of containers that name none; null for that of <see cref="OciRuntimePath"/>.</summary>
    public string? DefaultRuntime { get; set; }

    /// <summary>
    /// Folders of files that describe devices (Container Device Interface), a later one going before an earlier one. Default
    /// <c>/etc/cdi</c> and <c>/var/run/cdi</c>; none turns it off.
    /// </summary>
    public IReadOnlyList<string> CdiSpecFolders { get; set; } = ["/etc/cdi", "/var/run/cdi"];

    /// <summary>Container monitor. Default <c>/usr/bin/conmon</c>.</summary>
    public string ConmonPath { get; set; } = "/usr/bin/conmon";

    /// <summary>Init process for <c>--init</c>; null when none is installed. Default <c>/usr/bin/catatonit</c>.</summary>
    public string? InitPath { get; set; } = "/usr/bin/catatonit";

    /// <summary>Fetches repositories for builds, where it is installed. Default <c>/usr/bin/git</c>.</summary>
    public string GitPath { get; set; } = "/usr/bin/git";

    /// <summary>
    /// Bytes that the build cache may have: what was used least recently goes when a build has made it larger. 0 for no limit, null for
    /// a tenth of the disk that the data root is on.
    /// </summary>
    public long? BuildCacheLimit { get; set; }

    /// <summary>Link name of the default bridge, at most 15 bytes. Also the name of the nft table of all networks. Default <c>portal0</c>.</summary>
    public string BridgeName { get; set; } = "portal0";

    /// <summary>IPv4 subnet of the default bridge in CIDR form; the first address is the gateway. Default <c>172.29.0.0/16</c>.</summary>
    public string BridgeSubnet { get; set; } = "172.29.0.0/16";

    /// <summary>Where the subnets of new networks are taken from; none takes Docker's own, 172.17.0.0/16 to 172.31.0.0/16 and 192.168.0.0/16.</summary>
    internal List<Networks.DefaultPool> DefaultPools { get; } = [];

    /// <summary>Microseconds of a period of real-time scheduling that all containers together may use; 0 leaves it to the kernel, which gives them none. cgroup v1 only.</summary>
    public long CpuRealtimeRuntime { get; set; }

    /// <summary>Microseconds of that period; 0 leaves the kernel's second.</summary>
    public long CpuRealtimePeriod { get; set; }

    /// <summary>
    /// Whose subordinate ids the ids of containers are: <c>default</c>, <c>user[:group]</c> or <c>uid[:gid]</c>; null for none.
    /// <see cref="UserNamespaces.UserRemapSetting"/> makes <see cref="Mappings"/> of it.
    /// </summary>
    public string? UserRemap { get; set; }

    /// <summary>How ids of new containers are mapped; null when they are the host's.</summary>
    public UserNamespaces.IdMappings? Mappings { get; set; }

    /// <summary>Parent cgroup of all containers, below the root of each hierarchy. Default <c>/portal</c>.</summary>
    public string CgroupParent { get; set; } = "/portal";

    /// <summary>
    /// Where builds may fetch from although it is not the open network: addresses and networks in CIDR form. Loopback, link-local, private and
    /// multicast addresses are refused otherwise, as are those of this machine.
    /// </summary>
    public IReadOnlyList<string> FetchAllowed { get; set; } = [];

    /// <summary>Containers are started by their restart policies. Not by a process that is there only to end them.</summary>
    public bool StartsContainers { get; set; } = true;

    /// <summary>Logging of containers that ask for no driver. Default <c>json-file</c> without options: 20 MiB × 5, compressed.</summary>
    public LogSpec Log { get; set; } = new(LogDrivers.JsonFile, new Dictionary<string, string>());

    /// <summary>How registries are reached.</summary>
    public RegistrySettings Registries { get; } = new();

    /// <summary>Adds a pool that subnets of new networks are taken from: <c>base=10.10.0.0/16,size=24</c>. False when it is none.</summary>
    public bool AddDefaultPool(string text)
    {
        if (Networks.DefaultPool.TryParse(text) is not { } pool)
        {
            return false;
        }

        DefaultPools.Add(pool);
        return true;
    }
}
