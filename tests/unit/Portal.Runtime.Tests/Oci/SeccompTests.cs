using System.Runtime.InteropServices;
using Portal.Domain.Primitives;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Tests.Oci;

public sealed class SeccompTests
{
    [Fact]
    public void Default_PlainContainer_RefusesWhatMobyRefuses()
    {
        var filter = DefaultSeccomp.Build(DefaultCapabilities.Set, Architecture.X64);
        var allowed = filter.Syscalls!.Where(rule => rule is { Action: "SCMP_ACT_ALLOW", Args: null }).SelectMany(rule => rule.Names).ToHashSet();

        Assert.Equal(("SCMP_ACT_ERRNO", 1), (filter.DefaultAction, filter.DefaultErrnoRet));
        Assert.Superset(new HashSet<string> { "read", "execve", "openat2", "chroot", "arch_prctl", "ptrace", "futex_waitv" }, allowed);
        Assert.DoesNotContain(allowed, name => name is "io_uring_setup" or "io_uring_enter" or "mount" or "unshare" or "setns" or "bpf" or "clone" or "clone3" or "socket" or "keyctl" or "reboot");
        Assert.Equal(38, Assert.Single(filter.Syscalls!, rule => rule.Names.Contains("clone3")).ErrnoRet);
        Assert.Equal(0x7E020000UL, Assert.Single(filter.Syscalls!, rule => rule.Names.Contains("clone")).Args![0].Value);
    }

    [Theory]
    [InlineData(1, true)] // AF_UNIX
    [InlineData(16, true)] // AF_NETLINK
    [InlineData(38, false)] // AF_ALG
    [InlineData(39, true)]
    [InlineData(40, false)] // AF_VSOCK
    [InlineData(44, true)]
    public void Default_SocketFamily_OnlyKernelCryptoAndVsockAreBlocked(ulong family, bool allowed)
    {
        var rules = DefaultSeccomp.Build(CapabilitySet.None, Architecture.X64).Syscalls!.Where(rule => rule.Names.Contains("socket"));

        Assert.Equal(allowed, rules.Any(rule => rule.Args![0] is var argument && argument.Op switch
        {
            "SCMP_CMP_LT" => family < argument.Value,
            "SCMP_CMP_EQ" => family == argument.Value,
            "SCMP_CMP_GT" => family > argument.Value,
            _ => throw new InvalidOperationException(argument.Op),
        }));
    }

    [Fact]
    public void Default_SysAdmin_MayMakeNamespaces()
    {
        var filter = DefaultSeccomp.Build(CapabilitySet.Of("SYS_ADMIN"), Architecture.Arm64);

        Assert.Contains("unshare", filter.Syscalls![0].Names);
        Assert.Contains("clone3", filter.Syscalls[0].Names);
        Assert.Contains("set_tls", filter.Syscalls[0].Names);
        Assert.DoesNotContain(filter.Syscalls, rule => rule.ErrnoRet is not null);
        Assert.Equal(["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"], filter.Architectures!);
    }

    [Fact]
    public void Profile_OfAUser_IsResolvedForThisMachine()
    {
        const string Json = """
            {"defaultAction":"SCMP_ACT_KILL","archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]}],
             "syscalls":[{"name":"read","action":"SCMP_ACT_ALLOW"},
                         {"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
                         {"names":["ptrace"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"9.9"}},
                         {"names":["kill"],"action":"SCMP_ACT_ALLOW","excludes":{"arches":["amd64"]}}]}
            """;
        var filter = SeccompProfile.Parse(Json).Resolve(CapabilitySet.None, Architecture.X64, new(6, 1));

        Assert.Equal(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], filter.Architectures!);
        Assert.Equal(["read"], filter.Syscalls!.SelectMany(rule => rule.Names));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("{}")]
    [InlineData("null")]
    public void Profile_NotAProfile_IsRefused(string json) => Assert.StartsWith("Decoding seccomp profile failed: ", Assert.Throws<ErrorException>(() => SeccompProfile.Parse(json)).Message);

    [Theory]
    [InlineData("\"syscalls\":[null]", "a list must not have null in it")]
    [InlineData("\"syscalls\":[{\"names\":[null],\"action\":\"SCMP_ACT_ERRNO\"}]", "a list must not have null in it")]
    [InlineData("\"syscalls\":[{\"names\":[\"kill\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[null]}]", "a list must not have null in it")]
    [InlineData("\"syscalls\":[{\"names\":[\"kill\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]", "there is no argument 6 of a system call")]
    [InlineData("\"syscalls\":[{\"names\":[\"kill\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":1,\"op\":\"EQ\"}]}]", "unknown seccomp operator \"EQ\"")]
    [InlineData("\"syscalls\":[{\"names\":[\"kill\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":-5}]", "-5 is no number of an error")]
    [InlineData("\"defaultErrnoRet\":4096", "4096 is no number of an error")]
    [InlineData("\"architectures\":[\"SCMP_ARCH_NOPE\"]", "unknown seccomp architecture \"SCMP_ARCH_NOPE\"")]
    [InlineData("\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86\",\"subArchitectures\":[\"x\"]}]", "unknown seccomp architecture \"x\"")]
    [InlineData("\"flags\":[\"SECCOMP_FILTER_FLAG_NOPE\"]", "unknown seccomp flag \"SECCOMP_FILTER_FLAG_NOPE\"")]
    [InlineData("\"syscalls\":[{\"names\":[\"kill\"]}]", "unknown seccomp action \"\"")]
    public void Profile_OfWhatTheRuntimeWouldNotTake_IsRefusedAtOnce(string member, string reason) => Assert.Equal(
        "Decoding seccomp profile failed: " + reason, Assert.Throws<ErrorException>(() => SeccompProfile.Parse($"{{\"defaultAction\":\"SCMP_ACT_ALLOW\",{member}}}").Check()).Message);

    [Theory]
    [InlineData("no-new-privileges:true", true)]
    [InlineData("no-new-privileges", true)]
    [InlineData("no-new-privileges=false", false)]
    public void Options_NoNewPrivileges_InEverySpelling(string option, bool expected) => Assert.Equal(expected, SecurityOptions.Parse([option]).NoNewPrivileges);

    [Theory]
    [InlineData("seccom=unconfined")]
    [InlineData("no-new-privileges=perhaps")]
    [InlineData("x")]
    public void Options_Unknown_AreRefused(string option) => Assert.Throws<ErrorException>(() => SecurityOptions.Parse([option]));
}
