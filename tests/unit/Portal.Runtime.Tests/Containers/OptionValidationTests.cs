using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Tests.Containers;

/// <summary>Options that are refused at create, each with the sentence that says so.</summary>
public sealed class OptionValidationTests
{
    private static readonly ContainerSpec s_good = new() { Image = "x" };
    private static readonly NamespaceMode s_host = new(NamespaceKind.Host);

    public static TheoryData<ContainerSpec, string> Bad => new()
    {
        { s_good with { NetworkMode = "container:" }, "invalid network mode: invalid container format container:<name|id>" },
        { s_good with { NetworkMode = "container" }, "invalid network mode: invalid container format container:<name|id>" },
        { s_good with { NetworkMode = "container:a", Hostname = "h" }, "conflicting options: hostname and the network mode" },
        { s_good with { NetworkMode = "container:a", Dns = ["1.1.1.1"] }, "conflicting options: dns and the network mode" },
        { s_good with { NetworkMode = "container:a", ExtraHosts = ["a:1.2.3.4"] }, "conflicting options: custom host-to-IP mapping and the network mode" },
        { s_good with { NetworkMode = "container:a", Ports = [new(80, "tcp", "", 0)], ExposedPorts = ["80/tcp"] }, "conflicting options: port publishing and the container type network mode" },
        { s_good with { NetworkMode = "container:a", PublishAllPorts = true }, "conflicting options: port publishing and the container type network mode" },
        { s_good with { NetworkMode = "container:a", ExposedPorts = ["80/tcp"] }, "conflicting options: port exposing and the container type network mode" },
        { s_good with { UtsMode = s_host, Hostname = "h" }, "conflicting options: hostname and the UTS mode" },
        { s_good with { Hostname = "a b" }, "invalid hostname format: a b" },
        { s_good with { Hostname = "a\nb" }, "invalid hostname format: a\nb" },
        { s_good with { Hostname = new('x', 65) }, $"hostname \"{new string('x', 65)}\" is too long (maximum 64 bytes)" },
        { s_good with { Domainname = "a\tb" }, "invalid domainname format: a\tb" },
        { s_good with { ExtraHosts = ["a"] }, "bad format for add-host: \"a\"" },
        { s_good with { ExtraHosts = ["a=1.2.3.4"] }, "bad format for add-host: \"a=1.2.3.4\"" },
        { s_good with { ExtraHosts = ["a\n6.6.6.6 b:1.2.3.4"] }, "bad format for add-host: \"a\n6.6.6.6 b:1.2.3.4\"" },
        { s_good with { ExtraHosts = ["a:1.2.3"] }, "invalid IP address in add-host: \"1.2.3\"" },
        { s_good with { ExtraHosts = ["a:1.2.3.4 b"] }, "invalid IP address in add-host: \"1.2.3.4 b\"" },
        { s_good with { ExtraHosts = ["a:010.2.3.4"] }, "invalid IP address in add-host: \"010.2.3.4\"" },
        { s_good with { ExtraHosts = ["a:fe80::1%eth0"] }, "invalid IP address in add-host: \"fe80::1%eth0\"" },
        { s_good with { Dns = ["1.1.1.1\noptions x"] }, "bad nameserver address 1.1.1.1\noptions x: ParseAddr(\"1.1.1.1\noptions x\"): unable to parse IP" },
        { s_good with { DnsSearch = ["a b"] }, "a b is not a valid domain" },
        { s_good with { DnsOptions = ["a\nnameserver 6.6.6.6"] }, "invalid DNS option: \"a\nnameserver 6.6.6.6\"" },
        { s_good with { Sysctls = new Dictionary<string, string> { ["kernel.panic"] = "1" } }, "sysctl \"kernel.panic\" is not in a separate kernel namespace" },
        { s_good with { Sysctls = new Dictionary<string, string> { ["vm/swappiness"] = "1" } }, "sysctl \"vm/swappiness\" is not in a separate kernel namespace" },
        { s_good with { Sysctls = new Dictionary<string, string> { ["fs.mqueue./../../kernel/panic"] = "1" } }, "sysctl \"fs.mqueue./../../kernel/panic\" is not in a separate kernel namespace" },
        { s_good with { NetworkMode = "host", Sysctls = new Dictionary<string, string> { ["net.ipv4.ip_forward"] = "1" } }, "sysctl \"net.ipv4.ip_forward\" not allowed in host network namespace" },
        { s_good with { IpcMode = s_host, Sysctls = new Dictionary<string, string> { ["kernel.shmmax"] = "1" } }, "sysctl \"kernel.shmmax\" is not allowed in the hosts ipc namespace" },
        { s_good with { Sysctls = new Dictionary<string, string> { ["kernel.hostname"] = "x" } }, "sysctl \"kernel.hostname\" is not allowed as it conflicts with the OCI \"hostname\" field" },
        { s_good with { Devices = [new("/dev/fuse", "/dev/fuse", "x")] }, "invalid device mode: x" },
        { s_good with { Devices = [new("/dev/fuse", "/dev/fuse", "rr")] }, "invalid device mode: rr" },
        { s_good with { Devices = [new("fuse", "/dev/fuse", "r")] }, "fuse is not an absolute path" },
        { s_good with { Devices = [new("/dev/fuse", "fuse", "r")] }, "fuse is not an absolute path" },
        { s_good with { DeviceCgroupRules = ["c 1:3"] }, "invalid device cgroup rule format: 'c 1:3'" },
        { s_good with { CgroupParent = string.Join('/', Enumerable.Repeat("a", 33)) }, "invalid cgroup parent: at most 32 groups in each other, of at most 255 characters each, can be made" },
        { s_good with { CgroupParent = new('a', 256) }, "invalid cgroup parent: at most 32 groups in each other, of at most 255 characters each, can be made" },
        { s_good with { CgroupParent = "/a/../../b" }, "invalid cgroup parent \"/a/../../b\": it has to be the path of a cgroup, without \"..\"" },
        { s_good with { Ulimits = [new("foo", 1, 1)] }, "invalid ulimit type: foo" },
        { s_good with { Ulimits = [new("nofile", -2, 5)] }, "invalid ulimit nofile=-2:5: -1 is for no limit" },
        { s_good with { Ports = [new(80, "tcp", "1.2", 0)], ExposedPorts = ["80/tcp"] }, "invalid IP address: 1.2" },
        { s_good with { Resources = new() { PidsLimit = 4_194_305 } }, "invalid PIDs limit (4194305): the maximum is 4194304" },
        { s_good with { Resources = new() { CpuQuota = long.MaxValue } }, "invalid CPU cfs quota (9223372036854775807): the maximum is 17592186044415, and -1 is for no limit" },
        { s_good with { Annotations = new Dictionary<string, string> { [""] = "" } }, "invalid Annotations: the empty string is not permitted as an annotation key" },
        { s_good with { Annotations = new Dictionary<string, string> { ["run.oci.handler"] = "x" } }, "invalid Annotations: \"run.oci.handler\" would change how the OCI runtime works and is not permitted" },
        { s_good with { Annotations = new Dictionary<string, string> { ["org.systemd.property.X"] = "x" } }, "invalid Annotations: \"org.systemd.property.X\" would change how the OCI runtime works and is not permitted" },
        { s_good with { StorageOptions = new Dictionary<string, string> { ["size"] = "1G" } }, "--storage-opt is supported only for overlay over xfs with 'pquota' mount option" },
        { s_good with { StorageOptions = new Dictionary<string, string> { ["foo"] = "1G" } }, "Unknown option foo" },
        { s_good with { SecurityOptions = ["foo=bar"] }, "invalid --security-opt 2: \"foo=bar\"" },
        { s_good with { SecurityOptions = ["foo"] }, "invalid --security-opt 1: \"foo\"" },
        { s_good with { SecurityOptions = ["seccomp={}"] }, "Decoding seccomp profile failed: the profile has no defaultAction" },
        { s_good with { SecurityOptions = ["seccomp={\"defaultAction\":\"SCMP_ACT_MAYBE\"}"] }, "Decoding seccomp profile failed: unknown seccomp action \"SCMP_ACT_MAYBE\"" },
        { s_good with { SecurityOptions = ["seccomp={\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"mount\"]}]}"] }, "Decoding seccomp profile failed: unknown seccomp action \"\"" },
        { s_good with { SecurityOptions = ["seccomp=" + new string(' ', 10 << 20)] }, "Decoding seccomp profile failed: the profile is larger than 1 MiB" },
        { s_good with { CapabilitiesAdded = ["FOO"] }, "invalid CapAdd: unknown capability: \"CAP_FOO\"" },
        { s_good with { CapabilitiesDropped = ["FOO"] }, "invalid CapDrop: unknown capability: \"CAP_FOO\"" },
    };

    [Theory, MemberData(nameof(Bad), DisableDiscoveryEnumeration = true)]
    public void Check_Bad_IsRefusedInDockersWords(ContainerSpec spec, string message)
    {
        var error = Assert.Throws<ErrorException>(() => ContainerValidation.Check(spec, processors: 2)).Error;

        Assert.Equal((ErrorKind.Invalid, message), (error.Kind, error.Message));
    }

    public static TheoryData<ContainerSpec> Good => new()
    {
        s_good with { NetworkMode = "host", Hostname = "h" },
        s_good with { NetworkMode = "container:a", Sysctls = new Dictionary<string, string> { ["net.ipv4.ip_forward"] = "1" } },
        s_good with { ExtraHosts = ["a:1.2.3.4", "b:::1", "c:[fe80::1]", "d:host-gateway"], Dns = ["::1", "9.9.9.9"], DnsSearch = ["."], DnsOptions = ["ndots:2"] },
        s_good with { Sysctls = new Dictionary<string, string> { ["kernel.shmmax"] = "1", ["fs.mqueue.msg_max"] = "2", ["kernel.domainname"] = "x", ["net.core.somaxconn"] = "5" } },
        s_good with { Devices = [new("/dev/bus/usb", "/dev/usb", "rm")], DeviceCgroupRules = ["c 1:3 mr", "a *:* rwm", "b 8:* r"] },
        s_good with { CgroupParent = "a/b.slice", Annotations = new Dictionary<string, string> { ["com.example/x"] = "y", ["run.ociish"] = "z" } },
        s_good with { SecurityOptions = ["no-new-privileges", "apparmor=unconfined", "label=disable", "seccomp=unconfined", "systempaths=unconfined"] },
    };

    [Theory, MemberData(nameof(Good), DisableDiscoveryEnumeration = true)]
    public void Check_Good_Passes(ContainerSpec spec) => ContainerValidation.Check(spec, processors: 2);

    [Theory]
    [InlineData("c 1:3 mr", "c", 1, 3, "mr")]
    [InlineData("b 8:* rwm", "b", 8, null, "rwm")]
    [InlineData("a *:* r", "a", null, null, "r")]
    public void DeviceRule_Good_IsRead(string rule, string type, int? major, int? minor, string access) => Assert.Equal(new(true, access, type, major, minor), DeviceRule.Parse(rule));

    [Theory]
    [InlineData("c 1:3 x")]
    [InlineData("c 1:3 rrr")]
    [InlineData("c 1:-3 r")]
    [InlineData("c 99999999999:3 r")]
    [InlineData("c 1:3 r\n")]
    [InlineData(" c 1:3 r")]
    [InlineData("d 1:3 r")]
    public void DeviceRule_Bad_IsRefused(string rule) => Assert.Throws<ErrorException>(() => DeviceRule.Parse(rule));
}
