using System.Globalization;
using System.Net;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class VolumeMountTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Volume_NewAndEmpty_StartsAsACopyOfTheImage()
    {
        var before = await VolumesAsync();
        await BuildAsync("copied", "VOLUME /declared", "mkdir -p /data/sub /declared; echo x > /data/one; chmod 4751 /data/one; ln /data/one /data/sub/two; chown 5:6 /data; chmod 700 /data; touch /declared/file");
        const string Look = "stat -c '%a %u %g' /data; stat -c '%a %h' /data/one; ls /data/sub";

        Assert.Equal(["700 5 6", "4751 2", "two"], (await Docker.RunAsync("run", "--rm", "-v", "filled:/data", "copied", "sh", "-c", Look)).Succeeded().Lines);
        Assert.Equal(["755 0 0"], (await Docker.RunAsync("run", "--rm", "-v", "bare:/data:nocopy", "copied", "sh", "-c", Look)).Lines);
        Assert.Equal("file", (await Docker.RunAsync("run", "--rm", "copied", "ls", "/declared")).Succeeded().Line);
        Assert.Contains("cannot mount volume over existing file, file exists /data/one", (await Docker.RunAsync("run", "--rm", "-v", "/data/one", "copied", "true")).Err, StringComparison.Ordinal);
        Assert.Equal(["bare", "filled"], (await VolumesAsync()).Except(before));
        await RemoveAsync("volume", "bare", "filled");
        await RemoveAsync("image", "copied");
    }

    [Fact]
    public async Task Volume_OfAMount_HasItsLabelsAndGoesOnlyWhenAnonymous()
    {
        var before = await VolumesAsync();
        var id = (await Docker.RunAsync(
            "create", "--mount", "type=volume,src=labelled,dst=/a,volume-label=colour=blue", "--mount", "type=volume,dst=/b", "-v", "/c", "busybox")).Succeeded().Line;

        Assert.Equal("map[colour:blue]", (await Docker.RunAsync("volume", "inspect", "--format", "{{.Labels}}", "labelled")).Succeeded().Line);
        Assert.Equal(3, (await VolumesAsync()).Length - before.Length);
        Assert.Contains($"remove labelled: volume is in use - [{id}]", (await Docker.RunAsync("volume", "rm", "labelled")).Err, StringComparison.Ordinal);
        (await Docker.RunAsync("rm", "-v", id)).Succeeded();
        Assert.Equal(["labelled"], (await VolumesAsync()).Except(before));
        await RemoveAsync("volume", "labelled");
    }

    [Fact]
    public async Task Volume_Subpath_IsThatPartAndNothingElse()
    {
        (await Docker.RunAsync(
            "run", "--rm", "-v", "parts:/v", "busybox", "sh", "-c", "mkdir -p /v/a/b; echo in > /v/a/b/file; ln -s a/b /v/inner; ln -s /etc /v/absolute; ln -s ../../../.. /v/up; ln -s /proc/1/root /v/magic")).Succeeded();

        Assert.Equal("file", await SeeAsync("a/b"));
        Assert.Equal("file", await SeeAsync("inner"));
        Assert.Equal("in", (await Mounted.RunAsync(Engine, "type=volume,src=parts,dst=/x/file,volume-subpath=a/b/file,readonly", "cat", "/x/file")).Succeeded().Line);
        Assert.Contains("/parts/_data/none: no such file or directory", await RefusalAsync("none"), StringComparison.Ordinal);
        foreach (var escape in (string[])["absolute", "up", "magic"])
            Assert.Contains("path concatenation escapes the base directory", await RefusalAsync(escape), StringComparison.Ordinal);
        Assert.Contains("subpath must be a relative path within the volume", await RefusalAsync("../x"), StringComparison.Ordinal);
        Assert.Empty(Prepared());
        await RemoveAsync("volume", "parts");

        async Task<string> SeeAsync(string subpath) =>
            (await Mounted.RunAsync(Engine, $"type=volume,src=parts,dst=/x,volume-subpath={subpath}", "ls", "/x")).Succeeded().Line;

        async Task<string> RefusalAsync(string subpath) =>
            (await Mounted.RunAsync(Engine, $"type=volume,src=parts,dst=/x,volume-subpath={subpath}", "true")).Err;
    }

    [Fact]
    public async Task Volume_SubpathThatIsSwappedForALinkMeanwhile_NeverLeadsToTheHost()
    {
        var swapper = await Docker.RunDetachedAsync(
            "-v", "swapped:/v", "busybox", "sh", "-c", "mkdir -p /v/real; touch /v/real/inside; ln -s /etc /v/link; while :; do mv /v/link /v/part; rm /v/part; mv /v/real /v/part; mv /v/part /v/real; ln -s /etc /v/link; done");
        var (inside, refused) = (0, 0);
        for (var i = 0; i < 25; i++)
        {
            var run = await Mounted.RunAsync(Engine, "type=volume,src=swapped,dst=/x,volume-subpath=part", "ls", "/x");
            if (run.ExitCode == 0)
            {
                Assert.Equal("inside", run.Line);
                inside++;
            }
            else
            {
                Assert.Matches("cannot access path|escapes the base directory", run.Err);
                refused++;
            }
        }

        Assert.Equal(25, inside + refused);
        (await Docker.RunAsync("rm", "-f", swapper)).Succeeded();
        Assert.Empty(Prepared());
        await RemoveAsync("volume", "swapped");
    }

    [Fact]
    public async Task VolumesFrom_AnotherContainer_HasItsMountsButForItsOwn()
    {
        var before = await VolumesAsync();
        var folder = Directory.CreateDirectory(Path.Combine(Engine.Root, "lent")).FullName;
        (await Docker.RunAsync(
            "run", "--name", "lender", "-v", $"{folder}:/bind", "-v", "lent:/named", "-v", "/anonymous", "--mount", "type=tmpfs,dst=/memory", "busybox", "sh", "-c", "touch /bind/b /named/n /anonymous/a")).Succeeded();

        Assert.Equal(
            ["/anonymous/a", "/bind/b", "/named/n", "tmpfs"],
            (await Docker.RunAsync("run", "--rm", "--volumes-from", "lender", "busybox", "sh", "-c", "ls /anonymous/a /bind/b /named/n; grep ' /memory ' /proc/mounts | cut -d' ' -f1")).Succeeded().Lines);
        Assert.Equal(
            "", (await Docker.RunAsync("run", "--rm", "--volumes-from", "lender:ro", "busybox", "sh", "-c", "touch /bind/x || touch /named/x || touch /anonymous/x || touch /memory/x || exit 7")).Out);
        var borrower = (await Docker.RunAsync("create", "--volumes-from", "lender:ro", "--tmpfs", "/named", "busybox")).Succeeded().Line;

        Assert.Equal("[lender:ro]", await Docker.InspectAsync(borrower, "{{.HostConfig.VolumesFrom}}"));
        Assert.Equal(
            ["/anonymous false", "/bind false", "/memory false"],
            (await Docker.InspectAsync(borrower, "{{range .Mounts}}{{.Destination}} {{.RW}}\n{{end}}")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        (await Docker.RunAsync("rm", "-v", "lender")).Succeeded();
        Assert.Equal(2, (await VolumesAsync()).Length - before.Length);
        (await Docker.RunAsync("rm", "-v", borrower)).Succeeded();
        Assert.Equal(["lent"], (await VolumesAsync()).Except(before));
        await RemoveAsync("volume", "lent");
        using var unknown = await PostJsonAsync("/containers/create", """{"Image":"busybox","HostConfig":{"VolumesFrom":["nobody"]}}""");
        await ExpectErrorAsync(unknown, HttpStatusCode.BadRequest, "No such container: nobody");
    }

    [Fact]
    public async Task Image_Mounted_IsReadOnlyAndCannotBeRemoved()
    {
        await BuildAsync("tools", null, "mkdir /opt; echo tool > /opt/tool; ln -s /opt/tool /tool; rm -r /home");
        using (var missing = await PostJsonAsync("/v1.51/containers/create", """{"Image":"busybox","HostConfig":{"Mounts":[{"Type":"image","Source":"nowhere","Target":"/i"}]}}"""))
            await ExpectErrorAsync(missing, HttpStatusCode.NotFound, "No such image: nowhere:latest");
        var id = await Mounted.RunDetachedAsync(
            Engine, ["type=image,src=tools,dst=/i", "type=image,src=tools,dst=/part,image-subpath=tool", "type=image,src=busybox,dst=/b"], [], Sleeper);

        Assert.Equal(["tool", "tool", "home"], (await Docker.RunAsync("exec", id, "sh", "-c", "cat /i/opt/tool /part; ls -d /i/home; basename /b/home")).Lines);
        Assert.Contains("Read-only file system", (await Docker.RunAsync("exec", id, "touch", "/i/x")).Err, StringComparison.Ordinal);
        Assert.Equal("image tools false", await Docker.InspectAsync(id, "{{(index .Mounts 0).Type}} {{(index .Mounts 0).Name}} {{(index .Mounts 0).RW}}"));
        Assert.Contains($"container {id[..12]} is using its referenced image", (await Docker.RunAsync("rmi", "tools")).Err, StringComparison.Ordinal);
        Assert.Contains("image is being used by running container", (await Docker.RunAsync("rmi", "-f", await ImageIdAsync("tools"))).Err, StringComparison.Ordinal);
        (await Docker.RunAsync("stop", id)).Succeeded();
        Assert.Empty(Prepared());

        // Forced, the image goes; the container keeps the layers it was made with.
        (await Docker.RunAsync("rmi", "-f", "tools")).Succeeded();
        (await Docker.RunAsync("start", id)).Succeeded();
        Assert.Equal("tool", (await Docker.RunAsync("exec", id, "cat", "/part")).Succeeded().Line);
        Assert.Equal("tool", (await Docker.RunAsync("run", "--rm", "--volumes-from", id, "busybox", "cat", "/i/opt/tool")).Succeeded().Line);
    }

    [Fact]
    public async Task Events_OfARun_TellOfItsVolumes()
    {
        var since = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        (await Docker.RunAsync("run", "--rm", "-v", "told:/t:ro", "busybox", "true")).Succeeded();
        await RemoveAsync("volume", "told");

        var events = await Docker.RunAsync("events", "--since", $"{since}", "--until", (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0).ToString("F3", CultureInfo.InvariantCulture), "--filter", "type=volume", "--filter", "volume=told", "--format", "{{json .}}");

        var parsed = events.Lines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(["create", "mount", "unmount", "destroy"], parsed.Select(e => e.GetProperty("Action").GetString()!));
        var attributes = parsed[1].GetProperty("Actor").GetProperty("Attributes");
        Assert.Equal(("/t", "false"), (attributes.GetProperty("destination").GetString(), attributes.GetProperty("read/write").GetString()));
    }

    private IEnumerable<string> Prepared() => Ledger.Mounts(Engine.Root).Where(m => m.StartsWith(Engine.RunRoot + "/mounts/", StringComparison.Ordinal));

    private async Task<string[]> VolumesAsync() => [.. (await Docker.RunAsync("volume", "ls", "-q")).Lines.Order(StringComparer.Ordinal)];

    private async Task<string> ImageIdAsync(string image) => (await Docker.RunAsync("image", "inspect", "--format", "{{.Id}}", image)).Succeeded().Line;

    private async Task RemoveAsync(string kind, params string[] names) => (await Docker.RunAsync([kind, "rm", .. names])).Succeeded();

    /// <summary>An image made of busybox by commands run on the host's copy of it.</summary>
    private async Task BuildAsync(string name, string? change, string commands)
    {
        var folder = Path.Combine(Engine.Root, "build-" + name);
        var tar = Path.Combine(Engine.Root, "busybox.tar");
        (await ChildProcess.RunAsync("sh", ["-c", $"mkdir {folder} && tar -xf {tar} -C {folder} && chroot {folder} /bin/sh -c '{commands}' && tar -cf {folder}.tar -C {folder} . && rm -r {folder}"])).Succeeded();
        (await Docker.RunAsync(["import", "-c", "CMD [\"sh\"]", .. change is null ? Array.Empty<string>() : ["-c", change], $"{folder}.tar", name])).Succeeded();
    }
}
