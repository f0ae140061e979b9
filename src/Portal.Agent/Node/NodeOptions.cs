using System.Globalization;
using System.Net;
using Portal.Runtime;
using Portal.Runtime.Builds.Cache;
using Portal.Runtime.Builds.Fetching;
using Portal.Runtime.Logs;
using Portal.Runtime.Oci;
using Portal.Runtime.Registries;

namespace Portal.Agent.Node;

/// <summary>Settings of the agent: from the command line, else from the environment, else the default.</summary>
internal sealed class NodeOptions
{
    private readonly List<string> _badLogOptions = [];
    private readonly List<string> _badPools = [];

    /// <summary>Where the Engine API is served. Default <c>/run/portal/engine.sock</c>.</summary>
    public string Socket { get; set; } = "/run/portal/engine.sock";

    /// <summary>Group that may use the socket. When nothing is said: <c>portal</c> where that exists, else root only.</summary>
    public string? SocketGroup { get; set; }

    /// <summary>Least severe level that is logged.</summary>
    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    /// <summary>Where the runtime keeps things, and which helpers it uses.</summary>
    public RuntimeOptions Runtime { get; } = new();

    /// <summary>Every setting: its option, and what it says in help.</summary>
    public static IReadOnlyList<NodeSetting> Settings { get; } =
    [
        new("--socket", "PATH", "socket of the Engine API [/run/portal/engine.sock]", (o, v) => o.Socket = v),
        new("--socket-group", "NAME", "group that may use the socket [portal, where it exists]", (o, v) => o.SocketGroup = v),
        new("--data-root", "PATH", "images, containers, volumes [/var/lib/portal-agent]", (o, v) => o.Runtime.DataRoot = v),
        new("--run-root", "PATH", "state of this boot [/run/portal]", (o, v) => o.Runtime.RunRoot = v),
        new("--oci-runtime", "PATH", "OCI runtime [/usr/bin/crun]", (o, v) => o.Runtime.OciRuntimePath = v),
        new("--runtime", "NAME=PATH", "one more OCI runtime; can be repeated, in the environment with commas", (o, v) => o.AddRuntimes(v)),
        new("--default-runtime", "NAME", "OCI runtime of containers that ask for none [the file name of --oci-runtime]", (o, v) => o.Runtime.DefaultRuntime = v),
        new("--cdi-spec-dir", "PATHS", "folders of device descriptions, with commas [/etc/cdi,/var/run/cdi]", (o, v) => o.Runtime.CdiSpecFolders = List(v)),
        new("--conmon", "PATH", "container monitor [/usr/bin/conmon]", (o, v) => o.Runtime.ConmonPath = v),
        new("--bridge-name", "NAME", "link of the default network, at most 15 bytes [portal0]", (o, v) => o.Runtime.BridgeName = v),
        new("--bridge-subnet", "CIDR", "IPv4 subnet of the default network [172.29.0.0/16]", (o, v) => o.Runtime.BridgeSubnet = v),
        new("--default-address-pool", "POOL", "where subnets of new networks are taken from, such as base=10.10.0.0/16,size=24; may be given many times [Docker's]", (o, v) => o.AddPool(v)) { Repeats = true },
        new("--userns-remap", "USER", "own ids for containers, from the subordinate ids of default, user[:group] or uid[:gid] [off]", (o, v) => o.Runtime.UserRemap = v),
        new("--cgroup-parent", "PATH", "cgroup above all containers [/portal]", (o, v) => o.Runtime.CgroupParent = v),
        new("--cpu-rt-runtime", "MICROSECONDS", "real-time processor time of all containers per period, cgroup v1 only [0]", (o, v) => o.Runtime.CpuRealtimeRuntime = Number(v)),
        new("--cpu-rt-period", "MICROSECONDS", "that period [the kernel's, one second]", (o, v) => o.Runtime.CpuRealtimePeriod = Number(v)),
        new("--build-fetch-allow", "NETWORKS", "addresses and networks, with commas, that builds may fetch from although they are not the open network [none]", (o, v) => o.Runtime.FetchAllowed = List(v)),
        new("--build-cache-limit", "SIZE", "most that the build cache keeps, such as 20GB; 0 for no limit [a tenth of the disk]", (o, v) => o.Runtime.BuildCacheLimit = CacheBounds.TryParseSize(v) ?? -1),
        new("--log-driver", "NAME", "logging of containers that ask for no driver: json-file, local, journald, none [json-file]", (o, v) => o.Runtime.Log = o.Runtime.Log with { Driver = v }),
        new("--log-opt", "KEY=VALUE", "an option of that driver, such as max-size=10m; may be given many times", (o, v) => o.AddLogOption(v)) { Repeats = true },
        new("--registry-mirror", "URL", "address asked before Docker Hub; may be given many times", (o, v) => o.Runtime.Registries.Mirrors.Add(v)) { Repeats = true },
        new("--insecure-registry", "HOST", "registry, or network in CIDR form, that needs no good certificate; may be given many times [this machine]", (o, v) => o.Runtime.Registries.Insecure.Add(v)) { Repeats = true },
        new("--registry-ca-dir", "PATHS", "folders with a folder of certificates per registry [/etc/portal/certs.d,/etc/docker/certs.d]", (o, v) => o.Runtime.Registries.CertificateFolders = List(v)),
        new("--registry-token-host", "HOST", "host that may have credentials for a registry which sends us there; may be given many times", (o, v) => o.Runtime.Registries.TokenHosts.Add(v.ToLowerInvariant())) { Repeats = true },
        new("--http-proxy", "URL", "proxy to registries without TLS [http_proxy of the environment]", (o, v) => o.Runtime.Registries.Proxies.Http = v),
        new("--https-proxy", "URL", "proxy to registries [https_proxy of the environment]", (o, v) => o.Runtime.Registries.Proxies.Https = v),
        new("--no-proxy", "HOSTS", "domains, addresses and networks, with commas, that are reached without one [no_proxy of the environment]", (o, v) => o.Runtime.Registries.Proxies.Except = v),
        new("--search-index", "URL", "index that is searched [https://index.docker.io/]", (o, v) => o.Runtime.Registries.SearchIndex = v),
        new("--max-concurrent-downloads", "NUMBER", "layers that are pulled at a time [3]", (o, v) => o.Runtime.Registries.MaximumDownloads = (int)Math.Min(Number(v), int.MaxValue)),
        new("--max-concurrent-uploads", "NUMBER", "layers that are pushed at a time [5]", (o, v) => o.Runtime.Registries.MaximumUploads = (int)Math.Min(Number(v), int.MaxValue)),
        new("--log-level", "LEVEL", "trace, debug, information, warning, error, critical [information]", (o, v) => o.LogLevel = Level(v)),
    ];

    /// <summary>Every mistake, each naming its setting; empty when the settings are good.</summary>
    public List<string> Validate()
    {
        var mistakes = new List<string>();
        Check(IsPath(Socket), $"--socket: \"{Socket}\" is not an absolute path");
        Check(Socket.Length <= 100, $"--socket: \"{Socket}\" is too long for a socket's address (100 characters)");
        Check(IsPath(Runtime.DataRoot) && Runtime.DataRoot != "/", $"--data-root: \"{Runtime.DataRoot}\" is not an absolute path below the root");
        Check(IsPath(Runtime.RunRoot) && Runtime.RunRoot != "/", $"--run-root: \"{Runtime.RunRoot}\" is not an absolute path below the root");
        Check(Runtime.DataRoot != Runtime.RunRoot, "--data-root and --run-root: these are the same folder, but only one of them survives a restart of the machine");
        Check(IsPath(Runtime.OciRuntimePath), $"--oci-runtime: \"{Runtime.OciRuntimePath}\" is not an absolute path");
        foreach (var (runtime, path) in Runtime.Runtimes)
        {
            Check(IsRuntimeName(runtime) && IsPath(path), $"--runtime: \"{runtime}={path}\" is not NAME=PATH with an absolute path");
        }

        Check(Runtime.DefaultRuntime is null || IsRuntimeName(Runtime.DefaultRuntime), $"--default-runtime: \"{Runtime.DefaultRuntime}\" is not the name of an OCI runtime");
        foreach (var folder in Runtime.CdiSpecFolders)
        {
            Check(IsPath(folder), $"--cdi-spec-dir: \"{folder}\" is not an absolute path");
        }

        Check(IsPath(Runtime.ConmonPath), $"--conmon: \"{Runtime.ConmonPath}\" is not an absolute path");
        Check(
            Runtime.BridgeName is { Length: > 0 and <= 15 } name && name is not ("." or "..") && !name.Any(c => c is '/' or ':' || char.IsWhiteSpace(c)),
            $"--bridge-name: \"{Runtime.BridgeName}\" is not the name of a link (1 to 15 characters, no blank, slash or colon)");
        Check(
            IPNetwork.TryParse(Runtime.BridgeSubnet, out var subnet) && subnet.BaseAddress.GetAddressBytes().Length == 4 && subnet.PrefixLength is >= 8 and <= 29,
            $"--bridge-subnet: \"{Runtime.BridgeSubnet}\" is not an IPv4 subnet from /8 to /29, such as 172.29.0.0/16");
        Check(
            IsPath(Runtime.CgroupParent) && Runtime.CgroupParent != "/" && !Runtime.CgroupParent.Split('/').Contains(".."),
            $"--cgroup-parent: \"{Runtime.CgroupParent}\" is not a path of a cgroup below the root, such as /portal");
        Check(Runtime.FetchAllowed.All(OutboundPolicy.IsNetwork), $"--build-fetch-allow: \"{string.Join(',', Runtime.FetchAllowed)}\" is not a list of addresses and networks, such as 10.1.2.0/24");
        Check(Runtime.BuildCacheLimit is null or >= 0, "--build-cache-limit: not a size, such as 20GB, or 0");
        Check(Runtime.CpuRealtimeRuntime >= 0, "--cpu-rt-runtime: not a number of microseconds");
        Check(Runtime.CpuRealtimePeriod >= 0, "--cpu-rt-period: not a number of microseconds");
        mistakes.AddRange(_badPools.Select(pool => $"--default-address-pool: \"{pool}\" is not of the form base=10.10.0.0/16,size=24"));
        mistakes.AddRange(_badLogOptions.Select(option => $"--log-opt: \"{option}\" is not of the form key=value"));
        if (LogDrivers.Mistake(Runtime.Log) is { } mistake)
        {
            mistakes.Add($"--log-driver, --log-opt: {mistake}");
        }

        var registries = Runtime.Registries;
        foreach (var mirror in registries.Mirrors)
        {
            Check(IsOrigin(mirror), $"--registry-mirror: \"{mirror}\" is not the address of a registry, such as https://mirror.example.com");
        }

        foreach (var insecure in registries.Insecure)
        {
            Check(IPNetwork.TryParse(insecure, out _) || IsOrigin($"https://{insecure}"), $"--insecure-registry: \"{insecure}\" is not a host, host:port or network such as 10.0.0.0/8");
        }

        foreach (var folder in registries.CertificateFolders)
        {
            Check(IsPath(folder), $"--registry-ca-dir: \"{folder}\" is not an absolute path");
        }

        foreach (var host in registries.TokenHosts)
        {
            Check(IsOrigin($"https://{host}"), $"--registry-token-host: \"{host}\" is not a host or host:port");
        }

        Check(RegistryProxies.IsProxy(registries.Proxies.Http), $"--http-proxy: \"{RegistryProxies.Show(registries.Proxies.Http)}\" is not the address of a proxy, such as http://proxy.example.com:3128");
        Check(RegistryProxies.IsProxy(registries.Proxies.Https), $"--https-proxy: \"{RegistryProxies.Show(registries.Proxies.Https)}\" is not the address of a proxy, such as http://proxy.example.com:3128");
        Check(IsOrigin(registries.SearchIndex), $"--search-index: \"{registries.SearchIndex}\" is not the address of an index, such as https://index.docker.io/");
        Check(registries.MaximumDownloads is >= 1 and <= 100, "--max-concurrent-downloads: not a number from 1 to 100");
        Check(registries.MaximumUploads is >= 1 and <= 100, "--max-concurrent-uploads: not a number from 1 to 100");
        Check(LogLevel != LogLevel.None, "--log-level: not one of trace, debug, information, warning, error, critical");
        return mistakes;

        void Check(bool good, string mistake)
        {
            if (!good)
            {
                mistakes.Add(mistake);
            }
        }
    }

    private void AddRuntimes(string text)
    {
        foreach (var runtime in List(text))
        {
            var equals = runtime.IndexOf('=');
            Runtime.Runtimes[equals < 0 ? runtime : runtime[..equals]] = equals < 0 ? "" : runtime[(equals + 1)..];
        }
    }

    private static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;

    private static string[] List(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool IsRuntimeName(string name) => name != OciRuntimes.ShimName && name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    private void AddPool(string text)
    {
        if (!Runtime.AddDefaultPool(text))
        {
            _badPools.Add(text);
        }
    }

    private void AddLogOption(string text)
    {
        var sign = text.IndexOf('=', StringComparison.Ordinal);
        if (sign < 1)
        {
            _badLogOptions.Add(text);
            return;
        }

        Runtime.Log = Runtime.Log with { Options = new Dictionary<string, string>(Runtime.Log.Options) { [text[..sign]] = text[(sign + 1)..] } };
    }

    private static bool IsOrigin(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp) && uri is { PathAndQuery: "/", UserInfo: "", Fragment: "" };

    private static bool IsPath(string path) => path.Length > 0 && path[0] == '/' && !path.Contains('\0');

    private static LogLevel Level(string text) =>
        Enum.TryParse<LogLevel>(text, ignoreCase: true, out var level) && Enum.IsDefined(level) && !char.IsAsciiDigit(text[0]) ? level : LogLevel.None;
}

/// <summary>One setting.</summary>
/// <param name="Option">On the command line.</param>
/// <param name="Value">What its value is called in help.</param>
/// <param name="Help">What it does, and its default.</param>
/// <param name="Apply">Takes the value over.</param>
internal sealed record NodeSetting(string Option, string Value, string Help, Action<NodeOptions, string> Apply)
{
    /// <summary>It can be given many times; in the environment its values stand beside each other, with blanks between them.</summary>
    public bool Repeats { get; init; }

    /// <summary>In the environment: <c>--data-root</c> is <c>PORTAL_AGENT_DATA_ROOT</c>.</summary>
    public string Variable { get; } = "PORTAL_AGENT_" + Option[2..].Replace('-', '_').ToUpper(CultureInfo.InvariantCulture);
}
