using System.Net;
using System.Text;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>The files of volumes, and whole volumes as archives, by the Control API.</summary>
public sealed class VolumeDataTests(KilledEngine engine, Engine other) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private const string Api = "/control/v1/volumes/";

    private readonly DockerCli _docker = engine.Docker;
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-data").FullName;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await engine.ClearAsync();
        await engine.ClearVolumesAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Files_OfARunningContainersVolume_AreListedReadWrittenAndDeleted()
    {
        var id = await SleeperAsync("-v", "shown:/v", "-u", "0");
        await ExecAsync(id, "mkdir -p /v/sub; chown 33:44 /v/sub; chmod 750 /v/sub; echo hello > /v/sub/file; ln -s /etc/passwd /v/link; mkfifo /v/pipe; touch \"$(printf '/v/odd\\377name')\"");

        using var list = JsonDocument.Parse(await engine.Http.GetStringAsync(Api + "shown/files?limit=2"));
        Assert.Equal(("link", "link", "/etc/passwd"), Entry(list.RootElement.GetProperty("Entries")[0]));
        Assert.Equal(4, list.RootElement.GetProperty("Total").GetInt32());
        using var rest = JsonDocument.Parse(await engine.Http.GetStringAsync(Api + "shown/files?after=" + Uri.EscapeDataString(list.RootElement.GetProperty("Next").GetString()!)));
        Assert.Equal(["pipe", "sub"], rest.RootElement.GetProperty("Entries").EnumerateArray().Select(entry => entry.GetProperty("Name").GetString()));
        Assert.Equal(Convert.ToBase64String([.. "odd"u8, 0xFF, .. "name"u8]), list.RootElement.GetProperty("Entries")[1].GetProperty("NameBytes").GetString());

        Assert.Equal("hell", await engine.Http.GetStringAsync(Api + "shown/content?path=sub/file&head=4"));
        Assert.Equal(HttpStatusCode.BadRequest, (await engine.Http.GetAsync(Api + "shown/content?path=link")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await engine.Http.GetAsync(Api + "shown/content?path=pipe")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await engine.Http.GetAsync(Api + "shown/content?path=../../volume.json")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await engine.Http.GetAsync(Api + "shown/content?path=none")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await engine.Http.GetAsync(Api + "absent/files")).StatusCode);

        await SendAsync(HttpStatusCode.NoContent, HttpMethod.Put, "shown/content?path=sub/new", "uploaded");
        await SendAsync(HttpStatusCode.Conflict, HttpMethod.Put, "shown/content?path=sub/new", "again");
        await SendAsync(HttpStatusCode.NoContent, HttpMethod.Put, "shown/content?path=sub/new&overwrite=1", "again");
        await SendAsync(HttpStatusCode.Created, HttpMethod.Post, "shown/folder?path=sub/made");
        await SendAsync(HttpStatusCode.NoContent, HttpMethod.Post, "shown/rename?path=sub/new&to=sub/made/moved");
        Assert.Equal("33 44 again", await ExecAsync(id, "echo $(stat -c '%u %g' /v/sub/made/moved) $(cat /v/sub/made/moved)"));
        await SendAsync(HttpStatusCode.Conflict, HttpMethod.Delete, "shown/files?path=sub");
        await SendAsync(HttpStatusCode.NoContent, HttpMethod.Delete, "shown/files?path64=" + Uri.EscapeDataString(Convert.ToBase64String([.. "odd"u8, 0xFF, .. "name"u8])));

        await File.WriteAllBytesAsync(_folder + "/sub.tar", await engine.Http.GetByteArrayAsync(Api + "shown/archive?path=sub"));
        Assert.Equal(["sub/", "sub/file", "sub/made/", "sub/made/moved"], (await ChildProcess.RunAsync("tar", ["-tf", _folder + "/sub.tar"])).Succeeded().Lines);
        await SendAsync(HttpStatusCode.NoContent, HttpMethod.Delete, "shown/files?path=sub&recursive=1");
        using (var archive = File.OpenRead(_folder + "/sub.tar"))
            Assert.Equal(HttpStatusCode.NoContent, (await engine.Http.PutAsync(Api + "shown/archive", new StreamContent(archive))).StatusCode);
        Assert.Equal("33 44 hello", await ExecAsync(id, "echo $(stat -c '%u %g' /v/sub) $(cat /v/sub/file)"));
    }

    [Fact]
    public async Task Files_ThatAreSwappedForLinksMeanwhile_NeverShowTheHost()
    {
        await File.WriteAllTextAsync(_folder + "/secret", "host's own");
        var id = await SleeperAsync("-v", "swapped:/v");
        await ExecAsync(id, $"mkdir -p /v/real /v/link0; echo inside > /v/real/secret; ln -s {_folder} /v/link");
        (await _docker.RunAsync("exec", "-d", id, "sh", "-c", "while :; do mv /v/real /v/part; mv /v/part /v/real; mv /v/link /v/part; mv /v/part /v/link; done")).Succeeded();

        var seen = 0;
        for (var i = 0; i < 150; i++)
        {
            using var content = await engine.Http.GetAsync(Api + "swapped/content?path=part/secret");
            var text = await content.Content.ReadAsStringAsync();
            Assert.DoesNotContain("host's own", text, StringComparison.Ordinal);
            seen += content.IsSuccessStatusCode ? 1 : 0;
            await SendAsync(null, HttpMethod.Put, "swapped/content?path=part/secret&overwrite=1", "inside\n");
            Assert.DoesNotContain("host's own", Encoding.UTF8.GetString(await engine.Http.GetByteArrayAsync(Api + "swapped/archive")), StringComparison.Ordinal);
            if (i % 10 == 0) Assert.Equal("host's own", await File.ReadAllTextAsync(_folder + "/secret"));
        }

        Assert.True(seen > 0, "the file inside was never seen");
    }

    [Fact]
    public async Task Backup_RestoredIntoANewAndAnEmptyVolume_IsTheSame()
    {
        (await _docker.RunAsync("volume", "create", "--label", "colour=blue", "source")).Succeeded();
        const string Look = "cd /v; find . | sort | while read f; do stat -c '%n %F %a %u %g %h %Y' \"$f\"; done; md5sum big; readlink link";
        (await _docker.RunAsync(
            "run", "--rm", "-v", "source:/v", "busybox", "sh", "-c",
            "cd /v; mkdir -p d/e; chown 5:6 d; chmod 2751 d; head -c 3000000 /dev/urandom > big; chmod 4755 big; ln big d/hard; ln -s /nowhere link; mkfifo pipe; mknod null c 1 3; dd if=/dev/zero of=sparse bs=1 count=1 seek=80000000 2>/dev/null; touch -d @1000000000 d/e; chown 7:8 .; chmod 711 .")).Succeeded();
        var look = (await _docker.RunAsync("run", "--rm", "-v", "source:/v", "busybox", "sh", "-c", Look)).Succeeded().Out;
        var backup = await engine.Http.GetByteArrayAsync(Api + "source/backup");
        await File.WriteAllBytesAsync(_folder + "/backup.tar.zst", backup);
        Assert.Contains("data/d/hard", (await ChildProcess.RunAsync("tar", ["--zstd", "-tf", _folder + "/backup.tar.zst"])).Succeeded().Out, StringComparison.Ordinal);

        (await _docker.RunAsync("volume", "create", "empty")).Succeeded();
        foreach (var name in (string[])["fresh", "empty"])
        {
            using var answer = await engine.Http.PutAsync(Api + name + "/restore", new ByteArrayContent(backup));
            Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
            Assert.Equal(look, (await _docker.RunAsync("run", "--rm", "-v", name + ":/v", "busybox", "sh", "-c", Look)).Succeeded().Out);
            Assert.True(long.Parse((await ChildProcess.RunAsync("stat", ["-c", "%b", $"{engine.DataRoot}/volumes/{name}/_data/sparse"])).Succeeded().Line) < 100);
            Assert.Equal(HttpStatusCode.Conflict, (await engine.Http.PutAsync(Api + name + "/restore", new ByteArrayContent(backup))).StatusCode);
        }

        Assert.Equal("map[colour:blue]", (await _docker.RunAsync("volume", "inspect", "-f", "{{.Labels}}", "fresh")).Succeeded().Line);
        Assert.Equal(HttpStatusCode.BadRequest, (await engine.Http.PutAsync(Api + "broken/restore", new ByteArrayContent(backup[..^100]))).StatusCode);
        Assert.NotEqual(0, (await _docker.RunAsync("volume", "inspect", "broken")).ExitCode);
    }

    [Fact]
    public async Task Restore_IntoAMountedVolume_IsMovedThere()
    {
        (await _docker.RunAsync("run", "--rm", "-v", "source:/v", "busybox", "sh", "-c", "mkdir /v/d; echo x > /v/d/file; chown 9:9 /v; chmod 700 /v")).Succeeded();
        var backup = await engine.Http.GetByteArrayAsync(Api + "source/backup");
        var target = Directory.CreateDirectory(_folder + "/target").FullName;
        (await _docker.RunAsync("volume", "create", "--opt", "type=none", "--opt", "device=" + target, "--opt", "o=bind", "bound")).Succeeded();

        Assert.Equal(HttpStatusCode.BadRequest, (await engine.Http.PutAsync(Api + "bound/restore", new ByteArrayContent(backup[..^30]))).StatusCode);
        Assert.Empty(Directory.GetFileSystemEntries(target));
        Assert.Equal(HttpStatusCode.Created, (await engine.Http.PutAsync(Api + "bound/restore", new ByteArrayContent(backup))).StatusCode);
        Assert.Equal("x", (await File.ReadAllTextAsync(target + "/d/file")).Trim());
        Assert.Equal("d", string.Join(' ', Directory.GetFileSystemEntries(target).Select(path => Path.GetFileName(path))));
        Assert.Equal("700 9 9", (await ChildProcess.RunAsync("stat", ["-c", "%a %u %g", target])).Succeeded().Line);
        Assert.Empty(Mounts());
    }

    [Theory]
    [InlineData("pause", "paused")]
    [InlineData("stop", "exited")]
    public async Task Backup_QuietsTheUsersAndUndoesItWhenTheClientLeavesOrTheAgentIsKilled(string quiet, string state)
    {
        var id = await SleeperAsync("-v", "busy:/v");
        await ExecAsync(id, "head -c 60000000 /dev/urandom > /v/big");

        // Who does not read holds it up.
        using (var reader = await ReadSlowlyAsync(quiet))
        {
            await Patience.UntilAsync("the container is quiet", async () => await StateAsync(id) == state);
            Assert.Contains("\"busy\"", await engine.Http.GetStringAsync("/control/v1/volume-work"), StringComparison.Ordinal);
        }

        await Patience.UntilAsync("the container goes on", async () => await StateAsync(id) == "running");
        await Patience.UntilAsync("nothing is under way", async () => await engine.Http.GetStringAsync("/control/v1/volume-work") == "[]");

        using (var reader = await ReadSlowlyAsync(quiet))
        {
            await Patience.UntilAsync("the container is quiet", async () => await StateAsync(id) == state);
            await engine.KillAsync();
        }

        await engine.StartAsync();
        Assert.Equal("running", await StateAsync(id));
        Assert.Empty(Directory.GetFiles(engine.DataRoot + "/quiet"));
        Assert.True((await engine.Http.GetByteArrayAsync(Api + "busy/backup?quiet=" + quiet)).Length > 50_000_000);
        Assert.Equal("running", await StateAsync(id));
    }

    [Theory]
    [InlineData("new")]
    [InlineData("empty")]
    [InlineData("mounted")]
    public async Task Restore_KilledAtAnyMoment_IsThereWhollyOrNotAtAll(string kind)
    {
        (await _docker.RunAsync("run", "--rm", "-v", "source:/v", "busybox", "sh", "-c", "for i in $(seq 400); do echo $i > /v/$i; done; head -c 20000000 /dev/urandom > /v/big")).Succeeded();
        var backup = await engine.Http.GetByteArrayAsync(Api + "source/backup");
        var target = Directory.CreateDirectory(_folder + "/target").FullName;
        foreach (var delay in (int[])[20, 90, 160, 300])
        {
            if (kind == "empty") (await _docker.RunAsync("volume", "create", "cut")).Succeeded();
            if (kind == "mounted") (await _docker.RunAsync("volume", "create", "--opt", "type=none", "--opt", "device=" + target, "--opt", "o=bind", "cut")).Succeeded();
            var restoring = engine.Http.PutAsync(Api + "cut/restore", new ByteArrayContent(backup));
            await Task.Delay(delay);
            await engine.KillAsync();
            _ = await Record.ExceptionAsync(() => restoring);
            await engine.StartAsync();

            var exists = (await _docker.RunAsync("volume", "inspect", "cut")).ExitCode == 0;
            Assert.True(exists || kind == "new");
            if (exists)
            {
                var count = int.Parse((await _docker.RunAsync("run", "--rm", "-v", "cut:/v", "busybox", "sh", "-c", "ls -A /v | wc -l")).Succeeded().Line);
                Assert.True(count == (kind == "new" ? 401 : count == 0 ? 0 : 401), $"{count} files");
                Assert.Equal(["_data", "volume.json"], Directory.GetFileSystemEntries(engine.DataRoot + "/volumes/cut").Select(path => Path.GetFileName(path)).Order());
                (await _docker.RunAsync("volume", "rm", "cut")).Succeeded();
            }

            Assert.Equal(["source"], Directory.GetDirectories(engine.DataRoot + "/volumes").Select(path => Path.GetFileName(path)));
            Assert.Empty(Mounts());
            Directory.Delete(target, recursive: true);
            Directory.CreateDirectory(target);
        }
    }

    [Fact]
    public async Task Copy_FromOneAgentToAnother_IsWholeOrNotThere()
    {
        (await _docker.RunAsync("run", "--rm", "-v", "source:/v", "busybox", "sh", "-c", "head -c 80000000 /dev/urandom > /v/big; chown 3:4 /v/big")).Succeeded();
        try
        {
            // Agents do not reach each other: what one gives is what the other gets.
            using (var whole = await engine.Http.GetAsync(Api + "source/backup?quiet=pause", HttpCompletionOption.ResponseHeadersRead))
            {
                using var answer = await other.Http.PutAsync(Api + "copied/restore", new StreamContent(await whole.Content.ReadAsStreamAsync()));
                Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
            }

            const string Look = "cd /v; stat -c '%a %u %g %s' big; md5sum big";
            Assert.Equal(
                (await _docker.RunAsync("run", "--rm", "-v", "source:/v", "busybox", "sh", "-c", Look)).Succeeded().Out,
                (await other.Docker.RunAsync("run", "--rm", "-v", "copied:/v", "busybox", "sh", "-c", Look)).Succeeded().Out);

            using var cut = await engine.Http.GetAsync(Api + "source/backup", HttpCompletionOption.ResponseHeadersRead);
            var killed = new TaskCompletionSource();
            var copying = other.Http.PutAsync(Api + "cut/restore", new HeldContent(await cut.Content.ReadAsStreamAsync(), killed.Task));
            await Patience.UntilAsync("the copy has begun", async () => (await other.Http.GetStringAsync("/control/v1/volume-work")).Contains("\"cut\"", StringComparison.Ordinal));
            await engine.KillAsync();
            killed.SetResult();
            Assert.IsAssignableFrom<HttpRequestException>(await Record.ExceptionAsync(() => copying));
            await engine.StartAsync();
            await Patience.UntilAsync("nothing of it is left", () => !Directory.Exists(other.DataRoot + "/volumes/cut"));
            Assert.NotEqual(0, (await other.Docker.RunAsync("volume", "inspect", "cut")).ExitCode);
        }
        finally
        {
            await other.Docker.RunAsync("volume", "rm", "-f", "copied");
        }
    }

    private static (string?, string?, string?) Entry(JsonElement entry) =>
        (entry.GetProperty("Name").GetString(), entry.GetProperty("Kind").GetString(), entry.GetProperty("LinkTarget").GetString());

    private IEnumerable<string> Mounts() => Ledger.Mounts(engine.Root).Where(mount => mount.Contains("/volumes/", StringComparison.Ordinal));

    private async Task<System.Net.Sockets.Socket> ReadSlowlyAsync(string quiet)
    {
        var reader = await engine.ConnectAsync();
        await reader.SendAsync(Encoding.ASCII.GetBytes($"GET {Api}busy/backup?quiet={quiet} HTTP/1.1\r\nHost: x\r\n\r\n"));
        return reader;
    }

    private async Task<string> StateAsync(string id) => await _docker.InspectAsync(id, "{{.State.Status}}");

    private async Task<string> ExecAsync(string id, string script) => (await _docker.RunAsync("exec", id, "sh", "-c", script)).Succeeded().Line;

    private async Task SendAsync(HttpStatusCode? wanted, HttpMethod method, string path, string body = "")
    {
        using var request = new HttpRequestMessage(method, Api + path) { Content = new StringContent(body) };
        using var answer = await engine.Http.SendAsync(request);
        Assert.True(wanted is null || wanted == answer.StatusCode, $"{path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    private Task<string> SleeperAsync(params string[] options) =>
        _docker.RunDetachedAsync([.. options, "busybox", "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"]);
}
