using System.Net;
using System.Text.Json;

namespace Portal.Engine.E2E;

/// <summary>What confines a container, and how inspect and info tell it.</summary>
public sealed class SecurityOptionTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Create_WithPathsOfItsOwn_HidesAndProtectsThose()
    {
        using var made = await PostJsonAsync(
            "/containers/create?name=paths", """{"Image":"busybox","Cmd":["sh","-c","cat /etc/passwd | wc -c; echo > /tmp/x; echo $?; mount | grep -c kcore"],"HostConfig":{"MaskedPaths":["/etc/passwd"],"ReadonlyPaths":["/tmp"]}}""");
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);

        var run = await Docker.RunAsync("start", "-a", "paths");

        Assert.Equal(["0", "1", "0"], run.Lines);
        Assert.Equal("[/etc/passwd] [/tmp]", await Docker.InspectAsync("paths", "{{.HostConfig.MaskedPaths}} {{.HostConfig.ReadonlyPaths}}"));
    }

    [Fact]
    public async Task Run_WithNoNewPrivileges_HasNoneInExecEither()
    {
        await RunSleeperAsync("--name", "nnp", "--security-opt", "no-new-privileges");

        Assert.Equal("NoNewPrivs:\t1", (await Docker.RunAsync("exec", "nnp", "grep", "NoNewPrivs", "/proc/self/status")).Succeeded().Line);
    }

    [Fact]
    public async Task Run_WithASeccompProfile_IsFilteredByIt()
    {
        var profile = Path.Combine(Engine.Root, "seccomp.json");
        await File.WriteAllTextAsync(profile, """{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]}""");
        string[] test = ["busybox", "mkdir", "/tmp/made"];

        Assert.Contains("Function not implemented", (await Docker.RunAsync(["run", "--rm", "--security-opt", "seccomp=" + profile, .. test])).Err, StringComparison.Ordinal);
        (await Docker.RunAsync(["run", "--rm", .. test])).Succeeded();
        Assert.Equal("Seccomp:\t0", (await Docker.RunAsync("run", "--rm", "--security-opt", "seccomp=unconfined", "busybox", "grep", "^Seccomp:", "/proc/self/status")).Succeeded().Line);
    }

    [Fact]
    public async Task Create_WithAHugeSeccompProfile_IsRefused()
    {
        var body = JsonSerializer.Serialize(new { Image = "busybox", HostConfig = new { SecurityOpt = new[] { "seccomp=" + new string(' ', 2 << 20) } } });
        using var answer = await PostJsonAsync("/containers/create", body);

        await ExpectErrorAsync(answer, HttpStatusCode.BadRequest, "Decoding seccomp profile failed: the profile is larger than 1 MiB");
    }

    [Theory]
    [InlineData("seccomp={}", "Decoding seccomp profile failed")]
    [InlineData("nope=1", "invalid --security-opt 2: \\\"nope=1\\\"")]
    public async Task Create_WithABadSecurityOption_IsRefused(string option, string words)
    {
        using var answer = await PostJsonAsync("/containers/create", JsonSerializer.Serialize(new { Image = "busybox", HostConfig = new { SecurityOpt = new[] { option } } }));

        await ExpectErrorAsync(answer, HttpStatusCode.BadRequest, words.Replace("\\", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_WithAnAppArmorProfileThatIsNotThere_DoesNotStart()
    {
        var run = await Docker.RunAsync("run", "--rm", "--security-opt", "apparmor=portal-test-absent", "busybox", "true");

        Assert.Equal(125, run.ExitCode);
        Assert.Contains("AppArmor profile \"portal-test-absent\"", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AppArmor_WhereTheKernelHasIt_ConfinesByDefault()
    {
        Assert.SkipUnless((await Docker.RunAsync("info")).Succeeded().Out.Contains("apparmor", StringComparison.Ordinal), "This kernel has no AppArmor.");
        await RunSleeperAsync("--name", "confined");

        Assert.Equal("portal-default (enforce)", (await Docker.RunAsync("exec", "confined", "cat", "/proc/self/attr/current")).Succeeded().Line);
        Assert.Equal("portal-default", await Docker.InspectAsync("confined", "{{.AppArmorProfile}}"));
        Assert.NotEqual(0, (await Docker.RunAsync("exec", "confined", "sh", "-c", "echo x > /proc/sys/kernel/core_pattern")).ExitCode);
        Assert.Equal("unconfined", (await Docker.RunAsync("run", "--rm", "--security-opt", "apparmor=unconfined", "busybox", "cat", "/proc/self/attr/current")).Succeeded().Line);
    }

    [Fact]
    public async Task Inspect_OfARunningContainer_ShowsItsPlacesOnTheHost()
    {
        await RunSleeperAsync("--name", "placed", "-h", "placed-host");
        var inspect = await Docker.InspectAsync("placed");

        Assert.Equal("placed-host\n", await File.ReadAllTextAsync(inspect.GetProperty("HostnamePath").GetString()!));
        Assert.Contains("placed-host", await File.ReadAllTextAsync(inspect.GetProperty("HostsPath").GetString()!), StringComparison.Ordinal);
        Assert.True(File.Exists(inspect.GetProperty("ResolvConfPath").GetString()));
        var layers = inspect.GetProperty("GraphDriver").GetProperty("Data");
        Assert.All(layers.GetProperty("LowerDir").GetString()!.Split(':'), folder => Assert.True(Directory.Exists(folder)));
        Assert.True(File.Exists(layers.GetProperty("MergedDir").GetString() + "/bin/busybox"));
        Assert.True(Directory.Exists(layers.GetProperty("UpperDir").GetString()));
        Assert.Contains("/proc/kcore", inspect.GetProperty("HostConfig").GetProperty("MaskedPaths").EnumerateArray().Select(path => path.GetString()));
    }
}
