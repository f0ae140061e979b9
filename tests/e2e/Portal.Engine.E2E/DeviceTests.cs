using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Devices by path, by rule and by the names of CDI files.</summary>
public sealed class DeviceTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Run_WithADevice_HasItUnderItsNameWithItsPermissions()
    {
        // Opening it takes no capability.
        var run = await Docker.RunAsync("run", "--rm", "--device", "/dev/fuse:/dev/mine:r", "busybox", "sh", "-c", "stat -c %t:%T /dev/mine; : < /dev/mine && echo read; : > /dev/mine");

        Assert.Equal(["a:e5", "read"], run.Lines);
        Assert.Contains("Operation not permitted", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithAFolderOfDevices_HasAllInIt()
    {
        // One with a folder in it, where the kernel has that module.
        var (folder, device) = File.Exists("/dev/cpu/0/cpuid") ? ("/dev/cpu", "0/cpuid") : ("/dev/net", "tun");

        var run = (await Docker.RunAsync("run", "--rm", "--device", folder + ":/dev/some", "busybox", "find", "/dev/some", "-type", "c")).Succeeded();

        Assert.Contains("/dev/some/" + device, run.Lines);
    }

    [Fact]
    public async Task Run_WithADeviceThatIsNotThere_FailsInDockersWords()
    {
        var run = await Docker.RunAsync("run", "--rm", "--device", "/dev/nope", "busybox", "true");

        Assert.Contains("error gathering device information while adding custom device \"/dev/nope\": no such file or directory", run.Err, StringComparison.Ordinal);
        Assert.Empty((await Docker.RunAsync("ps", "-aq")).Lines);
    }

    [Fact]
    public async Task Run_WithADeviceRule_MayUseWhatItMakes()
    {
        string[] test = ["busybox", "sh", "-c", "mknod /tmp/f c 10 229 && : < /tmp/f && echo read"];

        Assert.Equal("read", (await Docker.RunAsync(["run", "--rm", "--device-cgroup-rule", "c 10:229 r", .. test])).Succeeded().Line);
        Assert.NotEqual(0, (await Docker.RunAsync(["run", "--rm", .. test])).ExitCode);
    }

    [Fact]
    public async Task Run_WithACdiDevice_IsChangedAsTheFileSays()
    {
        var files = Directory.CreateDirectory(Path.Combine(Engine.Root, "cdi")).FullName;
        await File.WriteAllTextAsync(Path.Combine(Engine.Root, "library"), "from the host");
        await File.WriteAllTextAsync(Path.Combine(files, "acme.yaml"), $$"""
            cdiVersion: "0.7.0"
            kind: acme.com/gadget
            containerEdits:
              env: [ACME=1]
            devices:
              - name: one
                containerEdits:
                  additionalGids: [4242]
                  deviceNodes:
                    - {path: /dev/gadget, hostPath: /dev/fuse, permissions: r, fileMode: 0640, gid: 4242}
                  mounts:
                    - {hostPath: {{Engine.Root}}/library, containerPath: /opt/acme, options: [ro, bind]}
                  hooks:
                    - {hookName: poststop, path: /bin/sh, args: [sh, -c, "cat > {{Engine.Root}}/stopped"]}
            """);
        await File.WriteAllTextAsync(Path.Combine(files, "gpu.json"), """{"cdiVersion":"0.5.0","kind":"nvidia.com/gpu","devices":[{"name":"all","containerEdits":{"env":["GPU=all"]}}]}""");

        var run = (await RunAsync("acme.com/gadget=one", "echo $ACME $(id -G); stat -c '%t:%T %a %g' /dev/gadget; cat /opt/acme")).Succeeded();

        Assert.Equal(["1 0 4242", "a:e5 640 4242", "from the host"], run.Lines);
        Assert.True(File.Exists(Path.Combine(Engine.Root, "stopped")));
        Assert.Contains("GPU=all", (await Docker.RunAsync("run", "--rm", "--gpus", "all", "busybox", "env")).Succeeded().Lines);
        Assert.Contains("unresolvable CDI devices acme.com/gadget=two", (await RunAsync("acme.com/gadget=two", "true")).Err, StringComparison.Ordinal);
        Assert.Contains("{\"Source\":\"cdi\",\"ID\":\"acme.com/gadget=one\"}", await Http.GetStringAsync("/v1.50/info"), StringComparison.Ordinal);

        File.Delete(Path.Combine(files, "gpu.json"));
        Assert.Contains("could not select device driver \"\" with capabilities: [[gpu]]", (await Docker.RunAsync("run", "--rm", "--gpus", "all", "busybox", "true")).Err, StringComparison.Ordinal);
    }

    /// <summary>As <c>docker run --rm --device NAME</c> of a client that knows such names, which the oldest here does not.</summary>
    private async Task<CliResult> RunAsync(string device, string script)
    {
        var body = JsonSerializer.Serialize(new
        {
            Image = "busybox",
            Cmd = (string[])["sh", "-c", script],
            AttachStdout = true,
            HostConfig = new { DeviceRequests = (object[])[new { Driver = "cdi", DeviceIDs = (string[])[device] }] },
        });
        using var made = await PostJsonAsync("/containers/create?name=gadget", body);
        var run = await Docker.RunAsync("start", "-a", "gadget");
        (await Docker.RunAsync("rm", "-f", "gadget")).Succeeded();
        return run;
    }
}
