using System.Net;

namespace Portal.Engine.E2E;

/// <summary>Limits and weights of a create, as the kernel has them.</summary>
public sealed class LimitTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Run_WithProcessorLimits_HasThemInItsCgroup()
    {
        await RunSleeperAsync("--name", "cpu", "--cpu-quota", "25000", "--cpu-period", "50000", "--cpu-shares", "512", "--cpuset-cpus", "0", "--cpuset-mems", "0");

        var quota = await CgroupValueAsync("cpu", "cpu", "cpu.cfs_quota_us", "cpu.max");
        Assert.Contains(quota, (string[])["25000", "25000 50000"]);
        Assert.Equal("0", await CgroupValueAsync("cpu", "cpuset", "cpuset.cpus", "cpuset.cpus"));
        Assert.Equal("512 25000 50000 0", await Docker.InspectAsync("cpu", "{{.HostConfig.CpuShares}} {{.HostConfig.CpuQuota}} {{.HostConfig.CpuPeriod}} {{.HostConfig.CpusetCpus}}"));
    }

    [Fact]
    public async Task Run_WithMemoryLimits_HasThemInItsCgroup()
    {
        var run = await Docker.RunAsync(
            "run", "-d", "--name", "memory", "-m", "64m", "--memory-reservation", "32m", "--memory-swap", "-1", "--memory-swappiness", "5", "--oom-kill-disable", "--oom-score-adj", "500",
            "busybox", "sleep", "60");

        Assert.Equal("67108864", await CgroupValueAsync("memory", "memory", "memory.limit_in_bytes", "memory.max"));
        Assert.Equal("33554432", await CgroupValueAsync("memory", "memory", "memory.soft_limit_in_bytes", "memory.low"));
        Assert.Equal("500", (await File.ReadAllTextAsync($"/proc/{await Docker.InspectAsync("memory", "{{.State.Pid}}")}/oom_score_adj")).Trim());
        if (File.Exists("/sys/fs/cgroup/cgroup.controllers"))
        {
            // Only cgroup v1 has these: dropped, and the client is told.
            Assert.Contains("Memory swappiness discarded.", run.Err, StringComparison.Ordinal);
            Assert.Contains("OomKillDisable discarded.", run.Err, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal("5", await CgroupValueAsync("memory", "memory", "memory.swappiness", ""));
            Assert.Contains("oom_kill_disable 1", await CgroupValueAsync("memory", "memory", "memory.oom_control", ""), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Run_WithDeviceThrottles_HasThemInItsCgroup()
    {
        var disk = Directory.GetDirectories("/sys/block").Select(Path.GetFileName).FirstOrDefault(name => name!.StartsWith("vd", StringComparison.Ordinal) || name.StartsWith("sd", StringComparison.Ordinal) || name.StartsWith("nvme", StringComparison.Ordinal));
        Assert.SkipWhen(disk is null, "There is no disk to limit.");
        var number = (await File.ReadAllTextAsync($"/sys/block/{disk}/dev")).Trim();

        await RunSleeperAsync("--name", "block", "--device-read-bps", $"/dev/{disk}:1mb", "--device-write-iops", $"/dev/{disk}:77");

        Assert.Contains(await CgroupValueAsync("block", "blkio", "blkio.throttle.read_bps_device", "io.max"), (string[])[$"{number} 1048576", $"{number} rbps=1048576 wbps=max riops=max wiops=77"]);
        Assert.Equal($"/dev/{disk}", await Docker.InspectAsync("block", "{{(index .HostConfig.BlkioDeviceWriteIOps 0).Path}}"));
    }

    [Fact]
    public async Task Run_WithACgroupParent_IsBelowIt()
    {
        await RunSleeperAsync("--name", "below", "--cgroup-parent", Engine.Bridge + "/some/group", "-m", "32m");

        var lines = await File.ReadAllLinesAsync($"/proc/{await Docker.InspectAsync("below", "{{.State.Pid}}")}/cgroup");
        Assert.Contains(lines, line => line.EndsWith($":/{Engine.Bridge}/some/group/{Docker.InspectAsync("below", "{{.Id}}").Result}", StringComparison.Ordinal));
        Assert.Contains("/ 32MiB", (await Docker.RunAsync("stats", "--no-stream", "--format", "{{.MemUsage}}", "below")).Succeeded().Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"CpusetCpus\":\"0-4095\"", "Requested CPUs are not available - requested 0-4095, available: ")]
    [InlineData("\"CpusetCpus\":\"0-999999999\"", "Invalid value 0-999999999 for cpuset cpus: value of out range, maximum is 8192")]
    [InlineData("\"NanoCpus\":1000000", "range of CPUs is from 0.01 to ")]
    [InlineData("\"PidsLimit\":-2", "invalid PIDs limit (-2)")]
    [InlineData("\"CgroupParent\":\"../up\"", "invalid cgroup parent")]
    [InlineData("\"Ulimits\":[{\"Name\":\"foo\",\"Soft\":1,\"Hard\":1}]", "invalid ulimit type: foo")]
    [InlineData("\"StorageOpt\":{\"size\":\"1G\"}", "--storage-opt is supported only for overlay over xfs with 'pquota' mount option")]
    [InlineData("\"Annotations\":{\"run.oci.handler\":\"wasm\"}", "\"run.oci.handler\"")]
    [InlineData("\"Sysctls\":{\"kernel.panic\":\"1\"}", "sysctl \"kernel.panic\" is not in a separate kernel namespace")]
    [InlineData("\"ExtraHosts\":[\"a\\n6.6.6.6 b:1.2.3.4\"]", "bad format for add-host")]
    public async Task Create_WithABadOption_IsRefusedInDockersWords(string option, string words)
    {
        using var answer = await PostJsonAsync("/containers/create", $"{{\"Image\":\"busybox\",\"HostConfig\":{{{option}}}}}");

        await ExpectErrorAsync(answer, HttpStatusCode.BadRequest, words);
        Assert.Empty((await Docker.RunAsync("ps", "-aq")).Lines);
    }

    [Fact]
    public async Task Run_WithAnnotations_HandsThemToTheRuntime()
    {
        using var made = await PostJsonAsync("/containers/create?name=noted", "{\"Image\":\"busybox\",\"Cmd\":[\"sleep\",\"60\"],\"HostConfig\":{\"Annotations\":{\"com.example/a\":\"b\"}}}");
        (await Docker.RunAsync("start", "noted")).Succeeded();
        var id = await Docker.InspectAsync("noted", "{{.Id}}");

        Assert.Contains("\"com.example/a\":\"b\"", await File.ReadAllTextAsync($"{Engine.RunRoot}/bundles/{id}/config.json"), StringComparison.Ordinal);
        Assert.Contains("\"Annotations\":{\"com.example/a\":\"b\"}", await Http.GetStringAsync("/containers/noted/json"), StringComparison.Ordinal);
    }
}
