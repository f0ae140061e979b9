using System.Globalization;
using System.Runtime.InteropServices;
using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Oci;

/// <summary>What of the machine and of this process decides how a container may be set up. Read once at start.</summary>
public sealed record OciHost
{
    /// <summary>Capabilities this process may hand on (its bounding and permitted sets).</summary>
    public required CapabilitySet Capabilities { get; init; }

    public required CgroupVersion CgroupVersion { get; init; }

    /// <summary>Processor architecture of the kernel.</summary>
    public Architecture Architecture { get; init; } = RuntimeInformation.OSArchitecture;

    /// <summary>Kernel version; decides a few mount options and seccomp rules.</summary>
    public Version KernelVersion { get; init; } = Environment.OSVersion.Version;

    public string HostName { get; init; } = "localhost";

    /// <summary>This process' own hard limits by name (<c>nofile</c>); <see cref="ulong.MaxValue"/> for unlimited.</summary>
    public IReadOnlyDictionary<string, ulong> HardLimits { get; init; } = new Dictionary<string, ulong>();

    /// <summary>This process' own OOM score adjustment; without CAP_SYS_RESOURCE nothing lower can be set.</summary>
    public int OomScoreAdjustment { get; init; }

    /// <summary>Limits the kernel keeps.</summary>
    public LimitSupport Limits { get; init; } = new();

    /// <summary>The kernel filters system calls.</summary>
    public bool Seccomp { get; init; } = true;

    /// <summary>Per-processor folders that reveal thermal events, masked in containers.</summary>
    public IReadOnlyList<string> ThermalPaths { get; init; } = [];

    /// <summary>Reads it from /proc and /sys.</summary>
    public static OciHost Read()
    {
        var status = File.ReadAllLines("/proc/self/status");
        var locator = CgroupLocator.Read();
        return new OciHost
        {
            Capabilities = CapabilitySet.ParseHex(Field(status, "CapBnd")) & CapabilitySet.ParseHex(Field(status, "CapPrm")) & CapabilitySet.All,
            CgroupVersion = locator.Version,
            HostName = Environment.MachineName,
            HardLimits = ParseHardLimits(File.ReadAllLines("/proc/self/limits")),
            OomScoreAdjustment = int.Parse(File.ReadAllText("/proc/self/oom_score_adj").AsSpan().Trim(), CultureInfo.InvariantCulture),
            Limits = LimitSupport.Read(locator),
            Seccomp = status.Any(line => line.StartsWith("Seccomp:", StringComparison.Ordinal)),
            ThermalPaths = Directory.Exists("/sys/devices/system/cpu")
                ? [.. Directory.EnumerateDirectories("/sys/devices/system/cpu", "cpu*").Select(cpu => cpu + "/thermal_throttle").Where(Directory.Exists).Order(StringComparer.Ordinal)]
                : [],
        };
    }

    /// <summary>Reads the hard limits of /proc/[pid]/limits.</summary>
    internal static IReadOnlyDictionary<string, ulong> ParseHardLimits(IEnumerable<string> lines)
    {
        var limits = new Dictionary<string, ulong>();
        foreach (var line in lines)
        {
            // Fixed columns: name 26, soft 21, hard 21, unit.
            if (line.Length > 67 && LimitName(line[..25].TrimEnd()) is { } name)
            {
                var hard = line.AsSpan(47, 20).Trim();
                limits[name] = hard is "unlimited" ? ulong.MaxValue : ulong.Parse(hard, CultureInfo.InvariantCulture);
            }
        }

        return limits;
    }

    private static string? LimitName(string title) => title switch
    {
        "Max cpu time" => "cpu",
        "Max file size" => "fsize",
        "Max data size" => "data",
        "Max stack size" => "stack",
        "Max core file size" => "core",
        "Max resident set" => "rss",
        "Max processes" => "nproc",
        "Max open files" => "nofile",
        "Max locked memory" => "memlock",
        "Max address space" => "as",
        "Max file locks" => "locks",
        "Max pending signals" => "sigpending",
        "Max msgqueue size" => "msgqueue",
        "Max nice priority" => "nice",
        "Max realtime priority" => "rtprio",
        "Max realtime timeout" => "rttime",
        _ => null,
    };

    private static string Field(string[] status, string name) =>
        Array.Find(status, line => line.StartsWith(name, StringComparison.Ordinal) && line[name.Length] == ':')?[(name.Length + 1)..] ?? "0";
}
