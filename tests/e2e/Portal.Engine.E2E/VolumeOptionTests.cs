using System.Net;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Volumes of the local driver with options: what the kernel mounts for them, and when.</summary>
public sealed class VolumeOptionTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-bind").FullName;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await engine.ClearAsync();
        foreach (var name in (await _docker.RunAsync("volume", "ls", "-q")).Succeeded().Lines) await _docker.RunAsync("volume", "rm", name);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Tmpfs_IsMountedForTheFirstAndUnmountedAfterTheLast()
    {
        (await _docker.RunAsync("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=size=3m,uid=12,nosuid", "memory")).Succeeded();
        Assert.Equal(
            "local map[device:tmpfs o:size=3m,uid=12,nosuid type:tmpfs]", (await _docker.RunAsync("volume", "inspect", "-f", "{{.Driver}} {{.Options}}", "memory")).Succeeded().Line);
        Assert.Empty(Volumes());

        var first = await SleeperAsync("-v", "memory:/m");
        var second = await SleeperAsync("-v", "memory:/m:ro");
        Assert.Equal("3072 12", (await _docker.RunAsync("exec", first, "sh", "-c", "echo kept > /m/file; echo $(df -k /m | tail -n 1 | tr -s ' ' | cut -d ' ' -f 2) $(stat -c %u /m)")).Succeeded().Line);
        Assert.Contains("nosuid", (await _docker.RunAsync("exec", first, "grep", " /m ", "/proc/mounts")).Succeeded().Line, StringComparison.Ordinal);
        Assert.Equal("kept", (await _docker.RunAsync("exec", second, "cat", "/m/file")).Succeeded().Line);
        Assert.Equal("kept", await File.ReadAllTextAsync(Assert.Single(Volumes()) + "/file") is { } text ? text.Trim() : "");
        (await _docker.RunAsync("rm", "-f", first)).Succeeded();
        Assert.Single(Volumes());
        (await _docker.RunAsync("stop", second)).Succeeded();
        Assert.Empty(Volumes());

        Assert.Contains("volume is in use - [", (await _docker.RunAsync("volume", "rm", "memory")).Err, StringComparison.Ordinal);
        (await _docker.RunAsync("start", second)).Succeeded();
        Assert.NotEqual(0, (await _docker.RunAsync("exec", second, "cat", "/m/file")).ExitCode);
        (await _docker.RunAsync("rm", "-f", second)).Succeeded();
        (await _docker.RunAsync("volume", "rm", "memory")).Succeeded();
    }

    [Fact]
    public async Task Bind_ShowsTheHostsFolderAndLeavesItThere()
    {
        await File.WriteAllTextAsync(_folder + "/theirs", "host");
        (await _docker.RunAsync("volume", "create", "--opt", "type=none", "--opt", "device=" + _folder, "--opt", "o=bind", "writable")).Succeeded();
        (await _docker.RunAsync("volume", "create", "--opt", "type=none", "--opt", "device=" + _folder, "--opt", "o=bind,ro", "readonly")).Succeeded();

        Assert.Equal("host", (await _docker.RunAsync("run", "--rm", "-v", "writable:/v", "busybox", "sh", "-c", "cat /v/theirs; echo new > /v/ours")).Succeeded().Line);
        Assert.Equal("new\n", await File.ReadAllTextAsync(_folder + "/ours"));
        Assert.Contains("Read-only file system", (await _docker.RunAsync("run", "--rm", "-v", "readonly:/v", "busybox", "touch", "/v/x")).Err, StringComparison.Ordinal);

        // Files of a container that does not run are there too, and only as long as they are looked at.
        (await _docker.RunAsync("create", "--name", "stopped", "-v", "writable:/v", "busybox")).Succeeded();
        Assert.Contains("new", (await _docker.RunAsync("cp", "stopped:/v/ours", "-")).Succeeded().Out, StringComparison.Ordinal);
        Assert.Empty(Volumes());
        using (var usage = JsonDocument.Parse(await engine.Http.GetStringAsync("/system/df")))
            Assert.DoesNotContain("writable", usage.RootElement.GetProperty("Volumes").ToString(), StringComparison.Ordinal);
        (await _docker.RunAsync("rm", "-v", "stopped")).Succeeded();
        Assert.DoesNotContain("writable", await (await engine.Http.PostAsync("/v1.41/volumes/prune", null)).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        (await _docker.RunAsync("volume", "rm", "writable", "readonly")).Succeeded();
        Assert.Equal(["ours", "theirs"], Directory.GetFiles(_folder).Select(path => Path.GetFileName(path)).Order());
    }

    [Fact]
    public async Task Disk_OnAFile_IsMountedByTheKernel()
    {
        var image = _folder + "/disk";
        await using (var file = File.Create(image)) file.SetLength(16 << 20);
        (await ChildProcess.RunAsync("mkfs.ext4", ["-q", image])).Succeeded();
        var device = (await ChildProcess.RunAsync("losetup", ["--find", "--show", image])).Succeeded().Line;
        try
        {
            (await _docker.RunAsync("volume", "create", "--opt", "type=ext4", "--opt", "device=" + device, "disk")).Succeeded();
            (await _docker.RunAsync("run", "--rm", "-v", "disk:/d", "busybox", "sh", "-c", "echo there > /d/file")).Succeeded();
            Assert.Empty(Volumes());
            Assert.Equal("there", (await _docker.RunAsync("run", "--rm", "-v", "disk:/d", "busybox", "cat", "/d/file")).Succeeded().Line);
            (await _docker.RunAsync("volume", "rm", "disk")).Succeeded();
        }
        finally
        {
            (await ChildProcess.RunAsync("losetup", ["--detach", device])).Succeeded();
        }
    }

    [Fact]
    public async Task Options_OfAMount_MakeTheVolumeAndShowNoPassword()
    {
        var volumeOptions = $"volume-opt=type=none,volume-opt=device={_folder},\"volume-opt=o=bind,password=hunter2\"";
        var made = await _docker.RunAsync("create", "--name", "inline", "--mount", $"type=volume,src=inlined,dst=/v,volume-nocopy,volume-driver=local,{volumeOptions}", "busybox", "ls", "/v");
        made.Succeeded();
        Assert.Equal("bind,password=********", (await _docker.RunAsync("volume", "inspect", "-f", "{{.Options.o}}", "inlined")).Succeeded().Line);
        Assert.DoesNotContain("hunter2", (await _docker.RunAsync("inspect", "inline", "inlined")).Succeeded().Out, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", await File.ReadAllTextAsync(Directory.GetDirectories(engine.DataRoot + "/containers").Single() + "/record.json"), StringComparison.Ordinal);

        var bad = await _docker.RunAsync("create", "--mount", "type=volume,src=wrong,dst=/v,volume-opt=colour=blue", "busybox");
        Assert.Contains("create wrong: invalid option: \"colour\"", bad.Err, StringComparison.Ordinal);
        Assert.NotEqual(0, (await _docker.RunAsync("volume", "inspect", "wrong")).ExitCode);
    }

    [Theory]
    [InlineData("""{"Name":"refused","DriverOpts":{"foo":"bar"}}""", HttpStatusCode.BadRequest, "create refused: invalid option: \\u0022foo\\u0022")]
    [InlineData("""{"Name":"refused","DriverOpts":{"type":"tmpfs"}}""", HttpStatusCode.BadRequest, "create refused: missing required option: \\u0022device\\u0022")]
    [InlineData("""{"Name":"refused","DriverOpts":{"size":"10m"}}""", HttpStatusCode.BadRequest, "create refused: quota size requested but no quota support")]
    public async Task Create_BadOptions_AreRefusedInDockersWords(string body, HttpStatusCode status, string words)
    {
        using var answer = await engine.Http.PostAsync("/volumes/create", new StringContent(body, System.Text.Encoding.UTF8, "application/json"));

        Assert.Equal(status, answer.StatusCode);
        Assert.Contains(words.Replace("\\u0022", "\"", StringComparison.Ordinal), JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mount_ThatFails_IsToldAndLeavesNothing()
    {
        (await _docker.RunAsync("volume", "create", "--opt", "type=none", "--opt", "device=/nonexistent", "--opt", "o=bind", "nowhere")).Succeeded();
        (await _docker.RunAsync("volume", "create", "--opt", "type=nosuchfs", "--opt", "device=x", "--opt", "o=password=hunter2", "unknown")).Succeeded();

        var nowhere = await _docker.RunAsync("create", "-v", "nowhere:/v", "busybox");
        Assert.Contains($"failed to mount local volume: mount /nonexistent:{engine.DataRoot}/volumes/nowhere/_data, flags: 0x1000: no such file or directory", nowhere.Err, StringComparison.Ordinal);
        var unknown = await _docker.RunAsync("create", "-v", "unknown:/v", "busybox");
        Assert.Contains("no such device", unknown.Err, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", unknown.Err, StringComparison.Ordinal);
        Assert.Empty((await _docker.RunAsync("ps", "-aq")).Succeeded().Lines);
        Assert.Empty(Volumes());
    }

    [Fact]
    public async Task Agent_KilledWhileVolumesAreUsed_CountsThemOnceAndUnmountsTheRest()
    {
        (await _docker.RunAsync("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "held")).Succeeded();
        (await _docker.RunAsync("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "left")).Succeeded();
        var holder = await SleeperAsync("-v", "held:/h");
        var leaver = await SleeperAsync("-v", "left:/l");
        (await _docker.RunAsync("exec", holder, "sh", "-c", "echo kept > /h/file")).Succeeded();
        await engine.KillAsync();
        await ChildProcess.RunAsync("kill", ["-9", (await File.ReadAllTextAsync($"{engine.Root}/run/bundles/{leaver}/pid")).Trim()]);
        await engine.StartAsync();
        await Patience.UntilAsync("what ended meanwhile holds nothing", () => Volumes() is [var only] && only.Contains("/held/", StringComparison.Ordinal));

        var second = await SleeperAsync("-v", "held:/h");
        Assert.Equal("kept", (await _docker.RunAsync("exec", second, "cat", "/h/file")).Succeeded().Line);
        (await _docker.RunAsync("rm", "-f", holder)).Succeeded();
        Assert.Single(Volumes());
        (await _docker.RunAsync("rm", "-f", second)).Succeeded();
        Assert.Empty(Volumes());
    }

    [Theory]
    [InlineData("move_mount 1")]
    [InlineData("move_mount 2")]
    [InlineData("mount 3")]
    public async Task Agent_KilledInAStart_LeavesNothingMounted(string point)
    {
        (await _docker.RunAsync("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "cut")).Succeeded();
        var id = (await _docker.RunAsync("create", "--mount", "type=volume,src=cut,dst=/v,volume-nocopy", "busybox", "sleep", "300")).Succeeded().Line;
        await using (await KillPoint.SetAsync(engine.ProcessId, point))
        {
            _ = await _docker.RunAsync("start", id);
        }

        await engine.KillAsync();
        await engine.StartAsync();

        var runs = (await _docker.InspectAsync(id, "{{.State.Running}}")) == "true";
        Assert.Equal(runs ? 1 : 0, Volumes().Length);
        (await _docker.RunAsync("rm", "-f", id)).Succeeded();
        Assert.Empty(Volumes());
    }

    private string[] Volumes() => [.. Ledger.Mounts(engine.Root).Where(mount => mount.Contains("/volumes/", StringComparison.Ordinal))];

    private Task<string> SleeperAsync(params string[] options) =>
        _docker.RunDetachedAsync([.. options, "busybox", "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"]);
}
