using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.AppArmor;

namespace Portal.Runtime.Tests.AppArmor;

public sealed partial class AppArmorTests : IDisposable
{
    private static readonly AppArmorSupport s_none = new(false, false), s_full = new(true, true), s_noParser = new(true, false);

    private readonly string _root = Directory.CreateTempSubdirectory("apparmor").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(null, false, "portal-default")]
    [InlineData(null, true, "unconfined")]
    [InlineData("unconfined", false, "unconfined")]
    [InlineData("docker-default", true, "portal-default")]
    [InlineData("mine", true, "mine")]
    public void Choice_Enabled_IsTheAskedOneOrTheDefault(string? asked, bool privileged, string profile) => Assert.Equal(profile, AppArmorChoice.Profile(asked, privileged, s_full));

    [Fact]
    public void Choice_DefaultCannotBeLoaded_IsUnconfined() => Assert.Equal("unconfined", AppArmorChoice.Profile(null, false, s_noParser));

    [Theory]
    [InlineData(null)]
    [InlineData("unconfined")]
    [InlineData("docker-default")]
    public void Choice_NoAppArmor_IsNoneAndRefusesNames(string? asked)
    {
        Assert.Null(AppArmorChoice.Profile(asked, false, s_none));
        Assert.Equal(
            "AppArmor profile \"mine\" cannot be applied: AppArmor is not enabled on this host",
            Assert.Throws<ErrorException>(() => AppArmorChoice.Profile("mine", true, s_none)).Message);
    }

    /// <summary>Each denial, tried as the kernel would: a rule's pattern against the path.</summary>
    [Theory]
    [InlineData("/proc/sys/kernel/core_pattern", true)]
    [InlineData("/proc/sys/kernel/modprobe", true)]
    [InlineData("/proc/sys/kernel/sysrq", true)]
    [InlineData("/proc/sys/kernel/sched_rt_runtime_us", true)]
    [InlineData("/proc/sys/kernel/keys/maxkeys", true)]
    [InlineData("/proc/sys/kernel/domainname", true)]
    [InlineData("/proc/sys/net/ipv4/ip_forward", true)]
    [InlineData("/proc/sys/fs/binfmt_misc/register", true)]
    [InlineData("/proc/sys/vm/panic_on_oom", true)]
    [InlineData("/proc/sysrq-trigger", true)]
    [InlineData("/proc/sysvipc/msg", true)]
    [InlineData("/proc/irq/1/smp_affinity", true)]
    [InlineData("/proc/scsi/scsi", true)]
    [InlineData("/proc/bus/pci/00/00.0", true)]
    [InlineData("/proc/timer_list", true)]
    [InlineData("/proc/kcore", true)]
    [InlineData("/sys/kernel/uevent_helper", true)]
    [InlineData("/sys/firmware/efi/vars", true)]
    [InlineData("/sys/fs/bpf/x", true)]
    [InlineData("/sys/class/net/eth0/mtu", true)]
    [InlineData("/proc/sys/kernel/shmmax", false)]
    [InlineData("/proc/sys/kernel/msgmax", false)]
    [InlineData("/proc/sys/kernel/sem", false)]
    [InlineData("/proc/1/oom_score_adj", false)]
    [InlineData("/proc/4711/task/4712/comm", false)]
    [InlineData("/sys/fs/cgroup/memory/x/cgroup.procs", false)]
    [InlineData("/etc/passwd", false)]
    public void Profile_WriteTo_IsDeniedWhereItReachesTheHost(string path, bool denied) =>
        Assert.Equal(denied, DenyRule.Matches(AppArmorProfile.Text("unconfined", hasBase: false)).Any(rule => Regex.IsMatch(path, Pattern(rule.Groups[1].Value))));

    [Fact]
    public void Profile_Text_HasTheRulesThatAreNoPaths()
    {
        var text = AppArmorProfile.Text("portal-agent", hasBase: true);

        Assert.StartsWith("include <tunables/global>\n", text, StringComparison.Ordinal);
        foreach (var rule in (string[])["  deny mount,", "  deny network alg,", "  signal (receive) peer=portal-agent,", "  ptrace (trace, tracedby, read, readby) peer=portal-default,", "  include <abstractions/base>"])
        {
            Assert.Contains(rule, text.Split('\n'));
        }

        Assert.DoesNotContain("include", AppArmorProfile.Text("unconfined", hasBase: false), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Profile_Missing_IsLoadedByTheParserAtEveryNeed()
    {
        using var host = Host("cat > \"$0.input\"; echo 'portal-default (enforce)' >> " + _root + "/sys/kernel/security/apparmor/profiles");

        Assert.Equal("portal-default", await host.ProfileAsync(new() { Image = "x" }, CancellationToken.None));
        Assert.Contains("profile portal-default ", await File.ReadAllTextAsync(_root + "/parser.input", TestContext.Current.CancellationToken), StringComparison.Ordinal);

        File.Delete(_root + "/parser.input");
        await host.PrepareAsync(CancellationToken.None);
        Assert.False(File.Exists(_root + "/parser.input"));
        WriteProfiles("");
        await host.PrepareAsync(CancellationToken.None);
        Assert.True(File.Exists(_root + "/parser.input"));
    }

    [Fact]
    public async Task Profile_ParserFails_StartIsRefusedWithItsWords()
    {
        using var host = Host("cat >/dev/null; echo 'syntax error' >&2; exit 1");

        Assert.Equal(
            "AppArmor enabled on system but the portal-default profile could not be loaded: syntax error",
            (await Assert.ThrowsAsync<ErrorException>(() => host.ProfileAsync(new() { Image = "x" }, CancellationToken.None))).Message);
    }

    [Fact]
    public async Task Profile_NamedAndNotLoaded_StartIsRefused()
    {
        using var host = Host("exit 1");
        WriteProfiles("my profile (complain)\nother (enforce)\n");

        Assert.Equal("my profile", await host.ProfileAsync(new() { Image = "x", SecurityOptions = ["apparmor=my profile"] }, CancellationToken.None));
        Assert.Equal(
            "AppArmor profile \"my\" is not loaded on this host",
            (await Assert.ThrowsAsync<ErrorException>(() => host.ProfileAsync(new() { Image = "x", SecurityOptions = ["apparmor=my"] }, CancellationToken.None))).Message);
    }

    [Fact]
    public async Task Profile_OfAnExec_IsTheContainersLoadedAgainUnlessPrivileged()
    {
        using var host = Host("cat > \"$0.input\"; echo 'portal-default (enforce)' >> " + _root + "/sys/kernel/security/apparmor/profiles");
        var spec = new ContainerSpec { Image = "x" };

        Assert.Equal("unconfined", await host.ProfileAsync(spec, CancellationToken.None, privilegedExec: true));
        Assert.False(File.Exists(_root + "/parser.input"));
        Assert.Equal("portal-default", await host.ProfileAsync(spec, CancellationToken.None, privilegedExec: false));
        Assert.True(File.Exists(_root + "/parser.input"));
    }

    private AppArmorHost Host(string script)
    {
        Directory.CreateDirectory(_root + "/sys/module/apparmor/parameters");
        File.WriteAllText(_root + "/sys/module/apparmor/parameters/enabled", "Y\n");
        WriteProfiles("");
        File.WriteAllText(_root + "/parser", "#!/bin/sh\n" + script + "\n");
        File.SetUnixFileMode(_root + "/parser", UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        return new(_root, [_root + "/absent", _root + "/parser"], NullLogger<AppArmorHost>.Instance);
    }

    private void WriteProfiles(string text)
    {
        Directory.CreateDirectory(_root + "/sys/kernel/security/apparmor");
        File.WriteAllText(_root + "/sys/kernel/security/apparmor/profiles", text);
    }

    /// <summary>A pattern of AppArmor as a regular expression (apparmor.d(5), "Globbing").</summary>
    private static string Pattern(string glob)
    {
        var depth = 0;
        return @"\A" + Regex.Replace(glob, @"\*\*|\*|\?|\{|\}|,|\.|\[[^\]]*\]", token => token.Value switch
        {
            "**" => ".*",
            "*" => "[^/]*",
            "?" => "[^/]",
            "{" => Deeper(1, "(?:"),
            "}" => Deeper(-1, ")"),
            "," => depth > 0 ? "|" : ",",
            "." => @"\.",
            var set => set,
        }) + @"\z";

        string Deeper(int by, string text)
        {
            depth += by;
            return text;
        }
    }

    [GeneratedRegex(@"^  deny (/\S+) r?w", RegexOptions.Multiline)]
    private static partial Regex DenyRule { get; }
}
