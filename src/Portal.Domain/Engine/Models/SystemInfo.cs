using System.Text.Json.Serialization;

namespace Portal.Domain.Engine.Models;

/// <summary>GET /info.</summary>
public sealed class SystemInfo
{
    public string ID { get; set; } = "";

    public int Containers { get; set; }

    public int ContainersRunning { get; set; }

    public int ContainersPaused { get; set; }

    public int ContainersStopped { get; set; }

    public int Images { get; set; }

    public string Driver { get; set; } = "";

    public List<List<string>> DriverStatus { get; set; } = [];

    public InfoPlugins Plugins { get; set; } = new();

    public bool MemoryLimit { get; set; }

    public bool SwapLimit { get; set; }

    /// <summary>Before 1.42 only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? KernelMemory { get; set; }

    /// <summary>cgroup v1 only.</summary>
    public bool KernelMemoryTCP { get; set; }

    public bool CpuCfsPeriod { get; set; }

    public bool CpuCfsQuota { get; set; }

    public bool CPUShares { get; set; }

    public bool CPUSet { get; set; }

    public bool PidsLimit { get; set; }

    public bool IPv4Forwarding { get; set; }

    /// <summary>Rules of the host's firewall also meet packets between ports of one bridge. Before 1.50 only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? BridgeNfIptables { get; set; }

    /// <summary>The same for IPv6. Before 1.50 only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? BridgeNfIp6tables { get; set; }

    public bool Debug { get; set; }

    public int NFd { get; set; }

    public bool OomKillDisable { get; set; }

    public int NGoroutines { get; set; }

    public string SystemTime { get; set; } = "";

    public string LoggingDriver { get; set; } = "";

    public string CgroupDriver { get; set; } = "";

    /// <summary><c>1</c> or <c>2</c>.</summary>
    public string CgroupVersion { get; set; } = "";

    public int NEventsListener { get; set; }

    public string KernelVersion { get; set; } = "";

    public string OperatingSystem { get; set; } = "";

    public string OSVersion { get; set; } = "";

    public string OSType { get; set; } = "";

    public string Architecture { get; set; } = "";

    public string IndexServerAddress { get; set; } = "";

    public InfoRegistryConfig RegistryConfig { get; set; } = new();

    public int NCPU { get; set; }

    /// <summary>A swarm matter: always null.</summary>
    public List<string>? GenericResources { get; set; }

    /// <summary>Bytes.</summary>
    public long MemTotal { get; set; }

    public string DockerRootDir { get; set; } = "";

    public string HttpProxy { get; set; } = "";

    public string HttpsProxy { get; set; } = "";

    public string NoProxy { get; set; } = "";

    public string Name { get; set; } = "";

    public List<string> Labels { get; set; } = [];

    public bool ExperimentalBuild { get; set; }

    public string ServerVersion { get; set; } = "";

    public Dictionary<string, InfoRuntime> Runtimes { get; set; } = [];

    public string DefaultRuntime { get; set; } = "";

    public InfoSwarm Swarm { get; set; } = new();

    public bool LiveRestoreEnabled { get; set; }

    public string Isolation { get; set; } = "";

    public string InitBinary { get; set; } = "";

    /// <summary>What stays beside each container: conmon here.</summary>
    public InfoCommit ContainerdCommit { get; set; } = new();

    /// <summary>The default OCI runtime.</summary>
    public InfoCommit RuncCommit { get; set; } = new();

    /// <summary>The init process of containers that want one.</summary>
    public InfoCommit InitCommit { get; set; } = new();

    public List<string> SecurityOptions { get; set; } = [];

    /// <summary>Folders of CDI files. From 1.44 on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public List<string>? CDISpecDirs { get; set; }

    /// <summary>Devices that containers may ask for by name. From 1.50 on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public List<InfoDevice>? DiscoveredDevices { get; set; }

    public List<string> Warnings { get; set; } = [];
}

/// <summary>A program and its version.</summary>
public sealed class InfoCommit
{
    public string ID { get; set; } = "";

    /// <summary>Equal to <see cref="ID"/>: whatever is installed is what is expected.</summary>
    public string Expected { get; set; } = "";
}

/// <summary>Drivers by kind.</summary>
public sealed class InfoPlugins
{
    public List<string> Volume { get; set; } = [];

    public List<string> Network { get; set; } = [];

    public List<string>? Authorization { get; set; } = [];

    public List<string> Log { get; set; } = [];
}

/// <summary>A device that containers may ask for.</summary>
public sealed class InfoDevice
{
    /// <summary><c>cdi</c>.</summary>
    public string Source { get; set; } = "";

    public string ID { get; set; } = "";
}

/// <summary>Registry settings.</summary>
public sealed class InfoRegistryConfig
{
    /// <summary>Before 1.47 only; always empty.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public List<string>? AllowNondistributableArtifactsCIDRs { get; set; }

    /// <summary>Before 1.47 only; always empty.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public List<string>? AllowNondistributableArtifactsHostnames { get; set; }

    public List<string> InsecureRegistryCIDRs { get; set; } = [];

    public Dictionary<string, InfoRegistryIndex> IndexConfigs { get; set; } = [];

    public List<string> Mirrors { get; set; } = [];
}

/// <summary>One registry.</summary>
public sealed class InfoRegistryIndex
{
    public string Name { get; set; } = "";

    public List<string> Mirrors { get; set; } = [];

    public bool Secure { get; set; }

    public bool Official { get; set; }
}

/// <summary>An OCI runtime.</summary>
public sealed class InfoRuntime
{
    [JsonPropertyName("path")]
    public string Path { get; set; } = "";
}

/// <summary>Swarm membership.</summary>
public sealed class InfoSwarm
{
    public string NodeID { get; set; } = "";

    public string NodeAddr { get; set; } = "";

    public string LocalNodeState { get; set; } = "";

    public bool ControlAvailable { get; set; }

    public string Error { get; set; } = "";

    public List<string>? RemoteManagers { get; set; } = [];
}
