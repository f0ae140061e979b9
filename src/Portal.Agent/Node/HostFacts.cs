using System.Globalization;
using System.Runtime.InteropServices;

namespace Portal.Agent.Node;

/// <summary>What <c>/info</c> and <c>/version</c> say of the machine. Read once; nothing in it changes while the agent runs.</summary>
/// <param name="Kernel">For instance <c>6.1.0-25-amd64</c>.</param>
/// <param name="OperatingSystem">For instance <c>Debian GNU/Linux 12 (bookworm)</c>.</param>
/// <param name="OperatingSystemVersion">For instance <c>12</c>.</param>
/// <param name="Architecture">As uname says it: <c>x86_64</c>.</param>
/// <param name="GoArchitecture">As images say it: <c>amd64</c>.</param>
/// <param name="Processors">Online processors.</param>
/// <param name="MemoryBytes">Memory of the machine.</param>
/// <param name="CgroupVersion"><c>1</c> or <c>2</c>.</param>
internal sealed record HostFacts(
    string Kernel, string OperatingSystem, string OperatingSystemVersion, string Architecture, string GoArchitecture, int Processors, long MemoryBytes, string CgroupVersion)
{
    public static HostFacts Read()
    {
        var os = ReadOsRelease();
        var (machine, go) = RuntimeInformation.OSArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.X64 => ("x86_64", "amd64"),
            System.Runtime.InteropServices.Architecture.Arm64 => ("aarch64", "arm64"),
            var other => (other.ToString().ToLowerInvariant(), other.ToString().ToLowerInvariant()),
        };
        return new(
            ReadLine("/proc/sys/kernel/osrelease"), os.GetValueOrDefault("PRETTY_NAME", "Linux"), os.GetValueOrDefault("VERSION_ID", ""), machine, go,
            Environment.ProcessorCount, ReadMemory(), File.Exists("/sys/fs/cgroup/cgroup.controllers") ? "2" : "1");
    }

    /// <summary>The kernel passes packets on from one link to another; without it containers reach nobody.</summary>
    public static bool ForwardsIpv4() => ReadLine("/proc/sys/net/ipv4/ip_forward") == "1";

    /// <summary>Rules for routed packets also meet those between ports of one bridge.</summary>
    /// <param name="rules"><c>iptables</c> or <c>ip6tables</c>.</param>
    public static bool FiltersBridge(string rules) =>
        $"/proc/sys/net/bridge/bridge-nf-call-{rules}" is var path && File.Exists(path) && ReadLine(path) == "1";

    /// <summary>Descriptors that this process has open.</summary>
    public static int OpenDescriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    /// <summary>Kind of the file system a folder is on, in Docker's words.</summary>
    public static string FileSystem(string folder)
    {
        try
        {
            return new DriveInfo(folder).DriveFormat switch
            {
                "ext2" or "ext3" or "ext4" => "extfs",
                var other => other,
            };
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return "<unknown>";
        }
    }

    private static Dictionary<string, string> ReadOsRelease()
    {
        var values = new Dictionary<string, string>();
        if (File.Exists("/etc/os-release"))
        {
            foreach (var line in File.ReadLines("/etc/os-release"))
            {
                if (line.IndexOf('=') is var at and > 0)
                {
                    values[line[..at]] = line[(at + 1)..].Trim('"', '\'');
                }
            }
        }

        return values;
    }

    private static long ReadMemory()
    {
        foreach (var line in File.ReadLines("/proc/meminfo"))
        {
            if (line.StartsWith("MemTotal:", StringComparison.Ordinal))
            {
                return long.Parse(line.AsSpan(9).TrimEnd("kB").Trim(), NumberStyles.None, CultureInfo.InvariantCulture) * 1024;
            }
        }

        return 0;
    }

    private static string ReadLine(string path) => File.ReadAllText(path).Trim();
}
