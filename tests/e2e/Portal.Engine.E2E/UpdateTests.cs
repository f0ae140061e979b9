using System.Net;
using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class UpdateTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Update_OfARunningContainer_IsInTheKernelAndInInspect()
    {
        await RunSleeperAsync("--name", "tuned", "-m", "64m", "--cpu-shares", "512");

        (await Docker.RunAsync(
            "update", "-m", "128m", "--memory-swap", "256m", "--memory-reservation", "32m", "--cpus", "0.5", "--cpu-shares", "256", "--cpuset-cpus", "0", "--pids-limit", "99", "tuned")).Succeeded();

        Assert.Equal($"{128 << 20}", await CgroupValueAsync("tuned", "memory", "memory.limit_in_bytes", "memory.max"));
        Assert.Equal(
            "134217728 268435456 33554432 500000000 256 0 99",
            await Docker.InspectAsync(
                "tuned", "{{with .HostConfig}}{{.Memory}} {{.MemorySwap}} {{.MemoryReservation}} {{.NanoCpus}} {{.CpuShares}} {{.CpusetCpus}} {{.PidsLimit}}{{end}}"));
        Assert.Equal("99", await CgroupValueAsync("tuned", "pids", "pids.max", "pids.max"));
        Assert.Equal("0", await CgroupValueAsync("tuned", "cpuset", "cpuset.cpus", "cpuset.cpus"));
        Assert.Contains("50000", await CgroupValueAsync("tuned", "cpu", "cpu.cfs_quota_us", "cpu.max"), StringComparison.Ordinal);

        // What is not said stays, and down again goes too.
        (await Docker.RunAsync("update", "-m", "64m", "--memory-swap", "64m", "tuned")).Succeeded();
        Assert.Equal($"{64 << 20}", await CgroupValueAsync("tuned", "memory", "memory.limit_in_bytes", "memory.max"));
        Assert.Equal("99", await CgroupValueAsync("tuned", "pids", "pids.max", "pids.max"));
    }

    [Fact]
    public async Task Update_OfAStoppedContainer_HoldsForItsNextRun()
    {
        (await Docker.RunAsync("create", "--name", "later", "busybox", "sleep", "300")).Succeeded();

        (await Docker.RunAsync("update", "--pids-limit", "55", "--restart", "on-failure:3", "later")).Succeeded();
        (await Docker.RunAsync("start", "later")).Succeeded();

        Assert.Equal("55", await CgroupValueAsync("later", "pids", "pids.max", "pids.max"));
        Assert.Equal("on-failure 3", await Docker.InspectAsync("later", "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}"));
        Assert.Equal("""{"Warnings":null}""", await (await PostJsonAsync("/containers/later/update", """{"PidsLimit":-1}""")).Content.ReadAsStringAsync());
        Assert.Equal("max", await CgroupValueAsync("later", "pids", "pids.max", "pids.max"));
    }

    [Fact]
    public async Task Update_ThatCannotBe_ChangesNothing()
    {
        var id = await RunSleeperAsync("--name", "kept", "-m", "64m", "--pids-limit", "60");
        (await Docker.RunAsync("exec", "kept", "sh", "-c", "head -c 30000000 /dev/zero > /dev/shm/used")).Succeeded();

        await ExpectAsync("""{"Memory":134217729}""", HttpStatusCode.Conflict, $"Cannot update container {id}: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time");
        await ExpectAsync("""{"Memory":8388608,"MemorySwap":8388608,"PidsLimit":70}""", HttpStatusCode.Conflict, $"Cannot update container {id}: ");
        await ExpectAsync("""{"Memory":1}""", HttpStatusCode.BadRequest, "Minimum memory limit allowed is 6MB");
        await ExpectAsync("""{"CpusetCpus":"0-9999"}""", HttpStatusCode.BadRequest, "");
        await ExpectAsync("""{"RestartPolicy":{"Name":"sometimes"}}""", HttpStatusCode.BadRequest, "invalid restart policy");

        Assert.Equal($"{64 << 20}", await CgroupValueAsync("kept", "memory", "memory.limit_in_bytes", "memory.max"));
        Assert.Equal("60", await CgroupValueAsync("kept", "pids", "pids.max", "pids.max"));
        Assert.Equal("67108864 60", await Docker.InspectAsync("kept", "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}"));

        async Task ExpectAsync(string json, HttpStatusCode status, string words) => await ExpectErrorAsync(await PostJsonAsync("/containers/kept/update", json), status, words);
    }

    [Fact]
    public async Task Update_OfTheRestartPolicy_CountsFromThen()
    {
        await Docker.RunDetachedAsync("--name", "fails", "--network", "none", "busybox", "sh", "-c", "while [ ! -e /go ]; do sleep 0.05; done; exit 1");

        (await Docker.RunAsync("update", "--restart", "on-failure:2", "fails")).Succeeded();
        (await Docker.RunAsync("exec", "fails", "touch", "/go")).Succeeded();

        await Docker.UntilAsync("fails", "{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}", "exited 1 2");
        await Docker.RunDetachedAsync("--rm", "--name", "brief", "--network", "none", "busybox", "sleep", "300");
        Assert.Contains(
            "Restart policy cannot be updated because AutoRemove is enabled for the container", (await Docker.RunAsync("update", "--restart", "always", "brief")).Err, StringComparison.Ordinal);
    }
}

public sealed class UpdateAdoptionTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await engine.ClearAsync();

    [Fact]
    public async Task Update_AfterTheAgentWasKilled_IsStillInForce()
    {
        await engine.Docker.RunDetachedAsync("--name", "tuned", "--network", "none", "busybox", "sleep", "300");
        (await engine.Docker.RunAsync("update", "--pids-limit", "44", "--restart", "unless-stopped", "tuned")).Succeeded();

        await engine.KillAsync();
        await engine.StartAsync();

        Assert.Equal("44 unless-stopped", await engine.Docker.InspectAsync("tuned", "{{.HostConfig.PidsLimit}} {{.HostConfig.RestartPolicy.Name}}"));
    }
}
