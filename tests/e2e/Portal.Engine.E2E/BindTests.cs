using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class BindTests(Engine engine) : EngineTest(engine)
{
    private readonly string _source = Directory.CreateDirectory(Path.Combine(engine.Root, "binds", Path.GetRandomFileName())).FullName;

    [Fact]
    public async Task Bind_OfAFileOrSocket_IsThatFileOrSocket()
    {
        await File.WriteAllTextAsync(Path.Combine(_source, "file"), "host\n");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(_source, "s")));

        var run = await Docker.RunAsync(
            "run", "--rm", "-v", $"{_source}/file:/etc/one:ro", "-v", $"{_source}/file:/etc/two", "-v", $"{_source}/s:/run/s", "busybox",
            "sh", "-c", "cat /etc/one; echo more >> /etc/two; test -S /run/s && echo socket; echo x > /etc/one");

        Assert.Equal("host\nsocket\n", run.Out);
        Assert.Contains("/etc/one: Read-only file system", run.Err, StringComparison.Ordinal);
        Assert.Equal("host\nmore\n", await File.ReadAllTextAsync(Path.Combine(_source, "file")));
    }

    [Fact]
    public async Task Bind_OfAMissingSource_IsMadeByTheShortFormAndRefusedByTheLong()
    {
        (await Docker.RunAsync("create", "--name", "maker", "-v", $"{_source}/made/deep:/x", "busybox", "touch", "/x/file")).Succeeded();
        Assert.False(Directory.Exists($"{_source}/made"));
        (await Docker.RunAsync("start", "-a", "maker")).Succeeded();
        Assert.True(File.Exists($"{_source}/made/deep/file"));
        Directory.Delete($"{_source}/made", recursive: true);
        (await Docker.RunAsync("start", "-a", "maker")).Succeeded();
        Assert.True(File.Exists($"{_source}/made/deep/file"));

        await RefusedAsync($"invalid mount config for type \"bind\": bind source path does not exist: {_source}/none", "--mount", $"type=bind,src={_source}/none,dst=/x");
        await RefusedAsync($"error while creating mount source path '{_source}/made/deep/file/below': mkdir {_source}/made/deep/file: not a directory", "-v", $"{_source}/made/deep/file/below:/x");
        using var api = await PostJsonAsync("/v1.51/containers/create?name=api", Create($$$"""{"Type":"bind","Source":"{{{_source}}}/asked","Target":"/x","BindOptions":{"CreateMountpoint":true}}"""));
        Assert.Equal(HttpStatusCode.Created, api.StatusCode);
        (await Docker.RunAsync("start", "-a", "api")).Succeeded();
        Assert.True(Directory.Exists($"{_source}/asked"));
    }

    [Fact]
    public async Task Bind_WithWhatIsMountedBelow_TakesAsMuchAlongAsAsked()
    {
        Directory.CreateDirectory($"{_source}/below");
        await using var mount = await HostMount.TmpfsAsync($"{_source}/below", "--make-private");
        const string Look = "touch /x/top && echo top; touch /x/below/file && echo below; grep -c ' /x/below ' /proc/mounts";

        Assert.Equal(["top", "below", "1"], await LookAsync($"type=bind,src={_source},dst=/x"));
        Assert.Equal(["top", "below", "0"], await LookAsync($"type=bind,src={_source},dst=/x,bind-recursive=disabled"));
        Assert.Equal(["1"], await LookAsync($"type=bind,src={_source},dst=/x,readonly"));
        Assert.Equal(["below", "1"], await LookAsync($"type=bind,src={_source},dst=/x,readonly,bind-recursive=writable"));
        Assert.Equal(["1"], await LookAsync($"type=bind,src={_source},dst=/x,readonly,bind-recursive=readonly,bind-propagation=rprivate"));

        async Task<string[]> LookAsync(string option) => (await Mounted.RunAsync(Engine, option, "sh", "-c", Look)).Lines;
    }

    [Fact]
    public async Task Bind_WithPropagation_SharesNewMountsTheWayItSays()
    {
        // systemd shares the whole tree, so what is not shared is made here.
        await using (await HostMount.TmpfsAsync(_source, "--make-private"))
        {
            await RefusedAsync($"path {_source} is mounted on", "-v", $"{_source}:/x:rshared");
        }

        await using var mount = await HostMount.TmpfsAsync(_source, "--make-shared");
        foreach (var folder in (string[])["in", "out", "private"]) Directory.CreateDirectory($"{_source}/{folder}");
        foreach (var mode in (string[])["private", "rprivate", "slave", "rslave", "shared", "rshared"])
        {
            var id = await Docker.RunDetachedAsync("--cap-add", "SYS_ADMIN", "--security-opt", "apparmor=unconfined", "-v", $"{_source}:/x:{mode}", "busybox", "sleep", "300");
            await using (await HostMount.TmpfsAsync($"{_source}/in", "--make-private"))
                Assert.Equal(mode.EndsWith("private", StringComparison.Ordinal) ? "0" : "1", (await Docker.RunAsync("exec", id, "sh", "-c", "grep -c ' /x/in ' /proc/mounts")).Line);
            (await Docker.RunAsync("exec", id, "mount", "-t", "tmpfs", "none", "/x/out")).Succeeded();
            var seen = Ledger.Mounts(Engine.Root).Contains($"{_source}/out");
            if (seen) (await ChildProcess.RunAsync("umount", [$"{_source}/out"])).Succeeded();
            Assert.Equal(mode.EndsWith("shared", StringComparison.Ordinal), seen);
            Assert.Equal(mode, await Docker.InspectAsync(id, "{{(index .Mounts 0).Propagation}}"));
            (await Docker.RunAsync("rm", "-f", id)).Succeeded();
        }
    }

    [Fact]
    public async Task Bind_OfTheWholeHost_HoldsNoMountOfTheEngine()
    {
        var id = await RunSleeperAsync("-v", "/:/host:ro");

        Assert.Equal("rslave false", await Docker.InspectAsync(id, "{{(index .Mounts 0).Propagation}} {{(index .Mounts 0).RW}}"));
        Assert.Equal("Linux", (await Docker.RunAsync("exec", id, "cat", "/host/proc/sys/kernel/ostype")).Succeeded().Line);
        Assert.NotEqual(0, (await Docker.RunAsync("exec", id, "touch", "/host/var/tmp/x")).ExitCode);
        await RefusedAsync("must use either propagation mode \"rslave\" or \"rshared\" when mount source is within the daemon root", "-v", "/:/host:private");
    }

    [Theory]
    [InlineData("/:/x:foo", "invalid mode: foo")]
    [InlineData("/:/x:ro,rw", "invalid mode: ro,rw")]
    [InlineData("/srv:/x:nocopy", "field VolumeOptions must not be specified")]
    [InlineData("/srv:/", "invalid specification: destination can't be '/'")]
    [InlineData("/srv:x", "invalid mount path: 'x' mount path must be absolute")]
    [InlineData("/etc:/proc", "\"/proc\" cannot be mounted because it is not of type proc")]
    [InlineData("/etc:/proc/self/attr", "\"/proc/self/attr\" cannot be mounted because it is inside /proc")]
    [InlineData("/etc:/etc/passwd", "Are you trying to mount a directory onto a file (or vice-versa)?")]
    public Task Bind_ThatCannotBe_SaysWhy(string bind, string message) => RefusedAsync(message, "-v", bind);

    [Fact]
    public async Task Volume_ThatTheClientTakesForADrive_IsAnAnonymousOneBelowTheRoot()
    {
        // The CLI reads "v:" as the drive of a Windows path.
        var id = await RunSleeperAsync("-v", "v:/v");

        Assert.Equal("volume /v:/v", await Docker.InspectAsync(id, "{{(index .Mounts 0).Type}} {{(index .Mounts 0).Destination}}"));
        (await Docker.RunAsync("exec", id, "touch", "/v:/v/file")).Succeeded();
        await RefusedAsync("create v: volume name is too short", "--mount", "type=volume,src=v,dst=/v");
    }

    [Fact]
    public async Task Target_InTwoSpellings_IsADuplicate()
    {
        await RefusedAsync("Duplicate mount point: /x", "-v", $"{_source}:/x", "-v", $"{_source}:/x/");
        await RefusedAsync("Duplicate mount point: /x", "-v", $"{_source}:/x", "--mount", $"type=bind,src={_source},dst=/y/../x");
        await RefusedAsync("Duplicate mount point: /x", "-v", $"{_source}:/x", "--tmpfs", "/x");
    }

    [Fact]
    public async Task Inspect_Mounts_EchoesWhatWasGiven()
    {
        (await Docker.RunAsync(
            "create", "--name", "echo", "-v", $"{_source}/:/b1/:ro,z", "-v", "echoed:/v1", "-v", "/anonymous", "--tmpfs", "/t1:size=1m",
            "--mount", $"type=bind,src={_source},dst=/m1/,readonly,bind-propagation=rprivate,consistency=cached", "--mount", "type=volume,dst=/m2,volume-label=a=b", "busybox")).Succeeded();

        var inspect = await Docker.InspectAsync("echo");

        var host = inspect.GetProperty("HostConfig");
        Assert.Equal(["echoed:/v1", $"{_source}/:/b1/:ro,z"], host.GetProperty("Binds").EnumerateArray().Select(b => b.GetString()!).Order(StringComparer.Ordinal).Reverse());
        Assert.Equal(
            $$$$"""[{"Type":"bind","Source":"{{{{_source}}}}","Target":"/m1/","ReadOnly":true,"Consistency":"cached","BindOptions":{"Propagation":"rprivate"}},{"Type":"volume","Target":"/m2","VolumeOptions":{"Labels":{"a":"b"},"DriverConfig":{}}}]""",
            JsonSerializer.Serialize(host.GetProperty("Mounts")));
        Assert.Equal("""{"/t1":"size=1m"}""", JsonSerializer.Serialize(host.GetProperty("Tmpfs")));
        Assert.Equal("""{"/anonymous":{}}""", JsonSerializer.Serialize(inspect.GetProperty("Config").GetProperty("Volumes")));
        Assert.Equal(
            ["/anonymous volume  True ", "/b1 bind ro,z False rprivate", "/m1 bind  False rprivate", "/m2 volume z True ", "/v1 volume z True "],
            inspect.GetProperty("Mounts").EnumerateArray()
                .Select(m => $"{Text(m, "Destination")} {Text(m, "Type")} {Text(m, "Mode")} {m.GetProperty("RW").GetBoolean()} {Text(m, "Propagation")}").Order(StringComparer.Ordinal));
        (await Docker.RunAsync("rm", "-v", "echo")).Succeeded();
        (await Docker.RunAsync("volume", "rm", "echoed")).Succeeded();

        static string Text(JsonElement mount, string name) => mount.GetProperty(name).GetString()!;
    }

    [Fact]
    public async Task Tmpfs_WithOptions_HasThemAndNoOthers()
    {
        var run = await Docker.RunAsync(
            "run", "--rm", "--tmpfs", "/plain", "--tmpfs", "/root", "--tmpfs", "/open:exec,size=1m", "--mount", "type=tmpfs,dst=/long,tmpfs-size=2m,tmpfs-mode=0750", "busybox",
            "sh", "-c", "for d in /plain /root /open /long; do grep \" $d \" /proc/mounts | cut -d' ' -f2,4; stat -c %a $d; done");

        Assert.Equal(
            [
                "/plain rw,nosuid,nodev,noexec,relatime", "1777", "/root rw,nosuid,nodev,noexec,relatime,mode=700", "700", "/open rw,nosuid,nodev,relatime,size=1024k", "1777",
                "/long rw,nosuid,nodev,noexec,relatime,size=2048k,mode=750", "750",
            ],
            run.Succeeded().Lines.Select(line => line.Replace(",inode64", "", StringComparison.Ordinal)));   // Debian's kernels count that way
        await RefusedAsync("invalid tmpfs option \"lowerdir\"", "--tmpfs", "/x:size=1m,lowerdir=/etc");
        await RefusedAsync("invalid tmpfs option \"bind\"", "--tmpfs", "/x:bind");
        using var injected = await PostJsonAsync("/v1.51/containers/create", Create("""{"Type":"tmpfs","Target":"/x","TmpfsOptions":{"Options":[["exec","y,bind"]]}}"""));
        await ExpectErrorAsync(injected, HttpStatusCode.BadRequest, "invalid option: exec");
    }

    private static string Create(string mount) => $$$"""{"Image":"busybox","Cmd":["true"],"HostConfig":{"Mounts":[{{{mount}}}]}}""";

    private async Task RefusedAsync(string message, params string[] options)
    {
        var run = await Docker.RunAsync(["run", "--rm", .. options, "busybox", "true"]);

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(message, run.Err, StringComparison.Ordinal);
    }
}
