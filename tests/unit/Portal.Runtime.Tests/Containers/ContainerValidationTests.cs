using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Tests.Containers;

public class ContainerValidationTests
{
    private static readonly ContainerSpec s_good = new() { Image = "x" };

    public static TheoryData<string, string> Bad => new()
    {
        { "memory", "Minimum memory limit allowed is 6MB" },
        { "swap", "You should always set the Memory limit when using Memoryswap limit, see usage" },
        { "cpus", "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available" },
        { "rm", "can't create 'AutoRemove' container with restart policy" },
        { "target", "invalid mount config for type \"volume\": invalid mount path: 'data' mount path must be absolute" },
        { "root", "invalid specification: destination can't be '/'" },
        { "twice", "Duplicate mount point: /data/" },
        { "port", "invalid port specification: \"70000/tcp\"" },
        { "directory", "the working directory 'srv' is invalid, it needs to be an absolute path" },
        { "environment", "invalid environment variable: =x" },
        { "both cpus", "Conflicting options: Nano CPUs and CPU Quota cannot both be set." },
        { "swap below", "Minimum memoryswap limit should be larger than memory limit, see usage" },
        { "ulimit", "ulimit soft limit must be less than or equal to hard limit: 5 > 1" },
        { "too little cpu", "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available" },
        { "shares", "the maximum allowed cpu-shares is 262144" },
        { "cpuset", "Invalid value 0-999999999 for cpuset cpus: value of out range, maximum is 8192" },
        { "mems", "Invalid value x for cpuset mems: invalid format: x" },
        { "swappiness", "Invalid value: 101, valid memory swappiness range is 0-100" },
        { "rt", "cpu real-time runtime cannot be higher than cpu real-time period" },
        { "pids", "invalid PIDs limit (-2): -1 is for no limit" },
        { "too many pids", "invalid PIDs limit (9223372036854775807): the maximum is 4194304" },
        { "quota", "invalid CPU cfs quota (9223372036854775807): the maximum is 17592186044415, and -1 is for no limit" },
        { "negative quota", "invalid CPU cfs quota (-2): the maximum is 17592186044415, and -1 is for no limit" },
        { "large rt", "cpu real-time period and runtime cannot be larger than 2147483647" },
        { "long cpuset", $"Invalid value {new string('0', 64)}… for cpuset cpus: it is longer than 4095 characters" },
        { "negative ulimit", "invalid ulimit core=-2:5: -1 is for no limit" },
        { "short address", "invalid IP address: 127.1" },
        { "hexadecimal address", "invalid IP address: 0x7f000001" },
        { "rate", "invalid rate for device: /dev/vda:-1" },
        { "block device", "bad format for device path: vda" },
        { "dns", "bad nameserver address x: ParseAddr(\"x\"): unable to parse IP" },
    };

    [Theory, MemberData(nameof(Bad))]
    public void Check_OneThingWrong_SaysItInDockersWords(string what, string message)
    {
        var spec = what switch
        {
            "memory" => s_good with { Resources = new() { MemoryBytes = 1 << 20 } },
            "both cpus" => s_good with { Resources = new() { NanoCpus = 1, CpuQuota = 5000 } },
            "too little cpu" => s_good with { Resources = new() { NanoCpus = 1_000_000 } },
            "shares" => s_good with { Resources = new() { CpuShares = long.MaxValue } },
            "cpuset" => s_good with { Resources = new() { CpusetCpus = "0-999999999" } },
            "mems" => s_good with { Resources = new() { CpusetMems = "x" } },
            "swappiness" => s_good with { Resources = new() { MemorySwappiness = 101 } },
            "rt" => s_good with { Resources = new() { CpuRealtimePeriod = 1000, CpuRealtimeRuntime = 1001 } },
            "pids" => s_good with { Resources = new() { PidsLimit = -2 } },
            "too many pids" => s_good with { Resources = new() { PidsLimit = long.MaxValue } },
            "quota" => s_good with { Resources = new() { CpuQuota = long.MaxValue } },
            "negative quota" => s_good with { Resources = new() { CpuQuota = -2 } },
            "large rt" => s_good with { Resources = new() { CpuRealtimePeriod = long.MaxValue } },
            "long cpuset" => s_good with { Resources = new() { CpusetCpus = new('0', 4096) } },
            "negative ulimit" => s_good with { Ulimits = [new("core", -2, 5)] },
            "short address" => s_good with { Ports = [new(80, "tcp", "127.1", 0)] },
            "hexadecimal address" => s_good with { Ports = [new(80, "tcp", "0x7f000001", 0)] },
            "rate" => s_good with { Resources = new() { BlkioWriteIops = [new("/dev/vda", -1)] } },
            "block device" => s_good with { Resources = new() { BlkioReadBps = [new("vda", 1)] } },
            "swap below" => s_good with { Resources = new() { MemoryBytes = 64 << 20, MemorySwapBytes = 6 << 20 } },
            "ulimit" => s_good with { Ulimits = [new("core", 5, 1)] },
            "dns" => s_good with { Dns = ["x"] },
            "swap" => s_good with { Resources = new() { MemorySwapBytes = 1 << 30 } },
            "cpus" => s_good with { Resources = new() { NanoCpus = 3_000_000_000 } },
            "rm" => s_good with { AutoRemove = true, RestartPolicy = new(RestartPolicyKind.Always, 0) },
            "target" => s_good with { Mounts = [new(MountKind.Volume, "v1", "data", false)] },
            "root" => s_good with { Mounts = [new(MountKind.Bind, "/srv", "/a/..", false)] },
            "twice" => s_good with { Mounts = [new(MountKind.Tmpfs, "", "/data", false), new(MountKind.Volume, "", "/data/", false)] },
            "port" => s_good with { Ports = [new(70000, "tcp", "", 0)] },
            "directory" => s_good with { WorkingDirectory = "srv" },
            _ => s_good with { Environment = ["=x"] },
        };

        var error = Assert.Throws<ErrorException>(() => ContainerValidation.Check(spec, processors: 2)).Error;

        Assert.Equal((ErrorKind.Invalid, message), (error.Kind, error.Message));
    }

    [Fact]
    public void Check_NothingWrong_Passes() => ContainerValidation.Check(
        s_good with { Resources = new() { MemoryBytes = 6 << 20, NanoCpus = 2_000_000_000 }, Ports = [new(80, "tcp", "127.0.0.1", 0)], Mounts = [new(MountKind.Volume, "v1", "/data", false)] },
        processors: 2);

    [Fact]
    public void Name_AsLongAsAFilesMayBe_IsGoodAndOneMoreIsNot()
    {
        Assert.Equal(255, ContainerValidation.Name(new('a', 255)).Length);
        Assert.Equal($"Invalid name ({new string('a', 32)}…): it is longer than 255 characters", Assert.Throws<ErrorException>(() => ContainerValidation.Name(new('a', 256))).Message);
    }

    [Theory]
    [InlineData("web", "web")]
    [InlineData("/web_1.a-b", "web_1.a-b")]
    public void Name_Good_LosesTheSlash(string given, string expected) => Assert.Equal(expected, ContainerValidation.Name(given));

    [Theory]
    [InlineData("-bad")]
    [InlineData("a")]
    [InlineData("a b")]
    [InlineData("../x")]
    [InlineData("ünder")]
    public void Name_Bad_IsRefused(string given) => Assert.Equal(
        $"Invalid container name ({given}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", Assert.Throws<ErrorException>(() => ContainerValidation.Name(given)).Message);
}
