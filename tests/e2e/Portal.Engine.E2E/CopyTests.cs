using System.Formats.Tar;
using System.Net;
using System.Text;

namespace Portal.Engine.E2E;

/// <summary>docker cp, in both directions.</summary>
public sealed class CopyTests(Engine engine) : EngineTest(engine), IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-copy-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cp_OfAFile_GoesInAndComesOut(bool running)
    {
        await MakeAsync("files", running);
        await File.WriteAllTextAsync(At("in"), "content");
        File.SetUnixFileMode(At("in"), (UnixFileMode)0x1E8);

        (await Docker.RunAsync("cp", At("in"), "files:/tmp/")).Succeeded();
        (await Docker.RunAsync("cp", At("in"), "files:/tmp/renamed")).Succeeded();
        (await Docker.RunAsync("cp", "files:tmp/in", At("out"))).Succeeded();
        (await Docker.RunAsync("cp", "files:/tmp/renamed", _folder)).Succeeded();

        Assert.Equal("content", await File.ReadAllTextAsync(At("out")));
        Assert.Equal("content", await File.ReadAllTextAsync(At("renamed")));
        Assert.Equal((UnixFileMode)0x1E8, File.GetUnixFileMode(At("out")));
        Assert.Equal(File.GetLastWriteTimeUtc(At("in")).Ticks / TimeSpan.TicksPerSecond, File.GetLastWriteTimeUtc(At("out")).Ticks / TimeSpan.TicksPerSecond);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cp_OfAFolder_TakesTheFolderOrWhatIsInIt(bool running)
    {
        await MakeAsync("folders", running);
        Directory.CreateDirectory(At("tree/sub"));
        await File.WriteAllTextAsync(At("tree/sub/f"), "f");
        File.CreateSymbolicLink(At("tree/link"), "sub/f");

        (await Docker.RunAsync("cp", At("tree"), "folders:/new")).Succeeded();
        (await Docker.RunAsync("cp", At("tree"), "folders:/tmp")).Succeeded();
        (await Docker.RunAsync("cp", At("tree") + "/.", "folders:/var")).Succeeded();

        Assert.Equal(["new/", "new/link", "new/sub/", "new/sub/f"], await NamesAsync("folders:/new"));
        Assert.Equal(["tree/", "tree/link", "tree/sub/", "tree/sub/f"], await NamesAsync("folders:/tmp/tree"));
        Assert.Contains("./sub/f", await NamesAsync("folders:/var/."));
        (await Docker.RunAsync("cp", "folders:/new/.", At("back"))).Succeeded();
        Assert.Equal("sub/f", new FileInfo(At("back/link")).LinkTarget);
        Assert.Equal("f", await File.ReadAllTextAsync(At("back/sub/f")));
    }

    [Fact]
    public async Task Cp_OfALink_TakesTheLinkOrFollowsIt()
    {
        await RunSleeperAsync("--name", "links");
        (await Docker.RunAsync("exec", "links", "sh", "-c", "mkdir /real; echo t > /real/target; ln -s target /real/link; ln -s /real /way; ln -s /etc/none /broken")).Succeeded();

        Assert.Equal("link link target", await MemberAsync("cp", "links:/way/link", "-"));
        Assert.Equal("file target ", await MemberAsync("cp", "-L", "links:/way/link", "-"));
        Assert.Equal("link broken /etc/none", await MemberAsync("cp", "links:/broken", "-"));
        using var answer = await Http.SendAsync(new(HttpMethod.Head, "/containers/links/archive?path=/way/link"));
        Assert.Contains("\"linkTarget\":\"/real/target\"", Status(answer), StringComparison.Ordinal);

        // Through the link, as the client resolves it; the link stays.
        await File.WriteAllTextAsync(At("file"), "through");
        (await Docker.RunAsync("cp", At("file"), "links:/way/link")).Succeeded();
        Assert.Equal("through", (await Docker.RunAsync("exec", "links", "cat", "/real/target")).Line);
        Assert.Equal("target", (await Docker.RunAsync("exec", "links", "readlink", "/real/link")).Line);
    }

    [Fact]
    public async Task Cp_FromAndToStandardStreams_IsATar()
    {
        await RunSleeperAsync("--name", "streams");
        await File.WriteAllTextAsync(At("f"), "piped");

        var piped = await ChildAsync($"tar -C {_folder} -cf - f | docker cp - streams:/tmp && docker cp streams:/tmp/f - | tar -xOf -");

        Assert.Equal("piped", piped.Succeeded().Line);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cp_IntoVolumesAndFoldersOfTheHost_ReachesThem(bool running)
    {
        Directory.CreateDirectory(At("bind/inner"));
        Directory.CreateDirectory(At("ro"));
        await File.WriteAllTextAsync(At("f"), "mounted");
        await MakeAsync("mounts", running, "-v", $"{At("bind")}:/bind", "-v", "data:/deep/data", "-v", $"{At("ro")}:/ro:ro");

        (await Docker.RunAsync("cp", At("f"), "mounts:/bind/inner/f")).Succeeded();
        (await Docker.RunAsync("cp", At("f"), "mounts:/deep/data/f")).Succeeded();
        var refused = await Docker.RunAsync("cp", At("f"), "mounts:/ro/f");

        Assert.Equal("mounted", await File.ReadAllTextAsync(At("bind/inner/f")));
        Assert.Equal("mounted", (await Docker.RunAsync("run", "--rm", "-v", "data:/d", "busybox", "cat", "/d/f")).Succeeded().Line);
        Assert.Contains("mounted volume is marked read-only", refused.Err, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(At("ro")));
        Assert.Equal(["bind/", "bind/inner/", "bind/inner/f"], await NamesAsync("mounts:/bind"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cp_OfPartsOfVolumesAndOfImages_SeesThem(bool running)
    {
        var volume = $"parts-{running}";
        (await Docker.RunAsync("run", "--rm", "-v", $"{volume}:/v", "busybox", "sh", "-c", "mkdir -p /v/a/b; echo part > /v/a/b/file")).Succeeded();
        (await Mounted.CreateAsync(
            Engine,
            [
                $"type=volume,src={volume},dst=/part,volume-subpath=a/b", $"type=volume,src={volume},dst=/one/file,volume-subpath=a/b/file,readonly",
                "type=image,src=busybox,dst=/image", "type=image,src=busybox,dst=/conf,image-subpath=etc",
            ],
            name: "parts", command: Sleeper)).Succeeded();
        if (running) (await Docker.RunAsync("start", "parts")).Succeeded();
        await File.WriteAllTextAsync(At("f"), "f");

        Assert.Equal(["part/", "part/file"], await NamesAsync("parts:/part"));
        Assert.Equal("file file ", await MemberAsync("cp", "parts:/one/file", "-"));
        Assert.Equal("file passwd ", await MemberAsync("cp", "parts:/image/etc/passwd", "-"));
        Assert.Equal("file passwd ", await MemberAsync("cp", "parts:/conf/passwd", "-"));
        (await Docker.RunAsync("cp", At("f"), "parts:/part/new")).Succeeded();
        Assert.Contains("read-only", (await Docker.RunAsync("cp", At("f"), "parts:/image/etc/f")).Err, StringComparison.Ordinal);
        Assert.Equal("f", (await Docker.RunAsync("run", "--rm", "-v", $"{volume}:/v", "busybox", "cat", "/v/a/b/new")).Succeeded().Line);
    }

    [Fact]
    public async Task Cp_OfAMemoryFileSystem_SeesWhatTheContainerSees()
    {
        await RunSleeperAsync("--name", "memory", "--tmpfs", "/mem", "--read-only");
        (await Docker.RunAsync("exec", "memory", "sh", "-c", "echo inside > /mem/made")).Succeeded();
        await File.WriteAllTextAsync(At("f"), "copied");

        (await Docker.RunAsync("cp", At("f"), "memory:/mem/f")).Succeeded();
        var refused = await Docker.RunAsync("cp", At("f"), "memory:/etc/f");

        Assert.Equal("copied", (await Docker.RunAsync("exec", "memory", "cat", "/mem/f")).Line);
        Assert.Equal(["mem/", "mem/f", "mem/made"], await NamesAsync("memory:/mem"));
        Assert.Contains("container rootfs is marked read-only", refused.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cp_OfTheWholeRoot_LeavesOutWhatTheKernelShows()
    {
        await RunSleeperAsync("--name", "whole");

        var names = await NamesAsync("whole:/");

        Assert.Contains("/etc/passwd", names);
        Assert.Contains("/proc/", names);
        Assert.DoesNotContain(names, name => name.StartsWith("/proc/", StringComparison.Ordinal) && name.Length > 6);
        Assert.DoesNotContain(names, name => name.StartsWith("/sys/", StringComparison.Ordinal) && name.Length > 5);
        Assert.DoesNotContain("/dev/null", names);
    }

    [Fact]
    public async Task Put_WithOwnersAndSpecialFiles_KeepsThem()
    {
        await RunSleeperAsync("--name", "owners", "--user", "5:6");
        var archive = await ArchiveAsync(
            new PaxTarEntry(TarEntryType.RegularFile, "setuid") { Uid = 1000, Gid = 1001, Mode = (UnixFileMode)0x9ED },
            new PaxTarEntry(TarEntryType.Fifo, "fifo") { Mode = (UnixFileMode)0x1B6 },
            new PaxTarEntry(TarEntryType.CharacterDevice, "node") { DeviceMajor = 1, DeviceMinor = 3 },
            new PaxTarEntry(TarEntryType.HardLink, "hard") { LinkName = "setuid" },
            new PaxTarEntry(TarEntryType.RegularFile, new string('n', 200)));

        using (await Ok(PutAsync("owners", "path=/tmp", archive)))
        using (await Ok(PutAsync("owners", "path=/var&copyUIDGID=true", archive)))
        {
        }

        Assert.Equal("9ed 1000 1001 2", Hex((await Docker.RunAsync("exec", "owners", "stat", "-c", "%a %u %g %h", "/tmp/setuid")).Succeeded().Line));
        Assert.Equal("5 6", (await Docker.RunAsync("exec", "owners", "stat", "-c", "%u %g", "/var/setuid")).Line);
        Assert.Equal("fifo 1:3", (await Docker.RunAsync("exec", "owners", "sh", "-c", "echo $(stat -c %F /tmp/fifo) $(stat -c %t:%T /tmp/node)")).Line);
        Assert.Equal("0", (await Docker.RunAsync("exec", "owners", "sh", "-c", $"wc -c < /tmp/{new string('n', 200)}")).Line);

        static string Hex(string line) => Convert.ToInt32(line.Split(' ')[0], 8).ToString("x") + line[line.IndexOf(' ')..];
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("bzip2")]
    [InlineData("xz")]
    [InlineData("zstd")]
    public async Task Put_OfACompressedArchive_IsUnpackedInTheAgent(string packer)
    {
        // A container that ships a packer of the same name, which must not run.
        await RunSleeperAsync("--name", "packed");
        (await Docker.RunAsync("exec", "packed", "sh", "-c", $"printf '#!/bin/sh\\ntouch /ran' > /bin/un{packer}; cp /bin/un{packer} /usr/bin/{packer}; rm -f /bin/{packer}; cp /usr/bin/{packer} /bin/{packer}; chmod +x /bin/{packer}")).Succeeded();
        await File.WriteAllTextAsync(At("f"), packer);
        var made = await ChildAsync($"cd {_folder} && tar -cf a.tar f && {packer} -c a.tar > packed");
        made.Succeeded();

        using var answer = await Ok(PutAsync("packed", "path=/tmp", await File.ReadAllBytesAsync(At("packed"))));

        Assert.Equal(packer, (await Docker.RunAsync("exec", "packed", "cat", "/tmp/f")).Line);
        Assert.NotEqual(0, (await Docker.RunAsync("exec", "packed", "test", "-e", "/ran")).ExitCode);
    }

    [Fact]
    public async Task Errors_OfTheArchive_HaveDockersStatusesAndWords()
    {
        await RunSleeperAsync("--name", "errors");
        var folder = await ArchiveAsync(new PaxTarEntry(TarEntryType.Directory, "passwd/"));

        await ExpectErrorAsync(await Http.GetAsync("/containers/errors/archive?path=/nope"), HttpStatusCode.NotFound, "Could not find the file /nope in container errors");
        await ExpectErrorAsync(await Http.GetAsync("/containers/nobody/archive?path=/"), HttpStatusCode.NotFound, "No such container: nobody");
        await ExpectErrorAsync(await Http.GetAsync("/containers/errors/archive"), HttpStatusCode.BadRequest, "path");
        await ExpectErrorAsync(await Http.GetAsync("/containers/errors/archive?path=/etc/passwd/"), HttpStatusCode.BadRequest, "not a directory");
        await ExpectErrorAsync(await PutAsync("errors", "path=/nope", folder), HttpStatusCode.NotFound, "Could not find the file /nope in container errors");
        await ExpectErrorAsync(await PutAsync("errors", "path=/etc/passwd", folder), HttpStatusCode.BadRequest, "extraction point is not a directory");
        await ExpectErrorAsync(
            await PutAsync("errors", "path=/etc&noOverwriteDirNonDir=true", folder), HttpStatusCode.BadRequest, "cannot overwrite non-directory \"passwd\" with directory \"/etc\"");
        await ExpectErrorAsync(await PutAsync("errors", "path=/tmp", Encoding.ASCII.GetBytes(new string('x', 2000))), HttpStatusCode.BadRequest, "The archive cannot be read");
        await ExpectErrorAsync(await PutAsync("errors", "path=/tmp", await ArchiveAsync(new PaxTarEntry(TarEntryType.RegularFile, "../out"))), HttpStatusCode.BadRequest, "break out");
        await ExpectErrorAsync(await PutAsync("errors", "path=/proc/sys/kernel", folder), HttpStatusCode.NotFound, "Could not find the file");
        using var head = await Http.SendAsync(new(HttpMethod.Head, "/containers/errors/archive?path=/nope"));
        Assert.Equal(HttpStatusCode.NotFound, head.StatusCode);
        using var root = await Http.SendAsync(new(HttpMethod.Head, "/containers/errors/archive?path=/tmp"));
        Assert.Contains("\"name\":\"tmp\"", Status(root), StringComparison.Ordinal);
        Assert.Contains("\"mode\":2148532735", Status(root), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cp_ToATargetThatIsFull_SaysSoAndLeavesTheOldFile()
    {
        await RunSleeperAsync("--name", "full", "--tmpfs", "/small:size=1m");
        (await Docker.RunAsync("exec", "full", "sh", "-c", "echo old > /small/f")).Succeeded();
        await File.WriteAllBytesAsync(At("f"), new byte[4 << 20]);

        var copy = await Docker.RunAsync("cp", At("f"), "full:/small/f");

        Assert.NotEqual(0, copy.ExitCode);
        Assert.Contains("No space left on device", copy.Err, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("f old", (await Docker.RunAsync("exec", "full", "sh", "-c", "echo $(ls -A /small) $(cat /small/f)")).Line);
    }

    [Fact]
    public async Task Cp_OfAStoppedContainer_LeavesNoMountBehind()
    {
        await Docker.RunAsync("create", "--name", "still", "-v", "kept:/kept", "busybox", "true");
        await File.WriteAllTextAsync(At("f"), "f");

        (await Docker.RunAsync("cp", At("f"), "still:/kept/f")).Succeeded();
        (await Docker.RunAsync("cp", "still:/kept/f", "-")).Succeeded();
        (await Docker.RunAsync("export", "still", "-o", At("tar"))).Succeeded();

        Assert.DoesNotContain(File.ReadLines("/proc/self/mountinfo"), line => line.Contains(Engine.Root, StringComparison.Ordinal) && line.Contains("/merged", StringComparison.Ordinal));
        (await Docker.RunAsync("start", "-a", "still")).Succeeded();
    }

    [Fact]
    public async Task Cp_WhileTheContainerSwapsFoldersForLinks_ReadsAndWritesNothingOfTheHost()
    {
        // The host's folder has the name the container's link leads to; a file in it would be the prey.
        var prey = At("prey");
        Directory.CreateDirectory(prey);
        await File.WriteAllTextAsync(prey + "/secret", "of the host");
        File.SetUnixFileMode(prey + "/secret", UnixFileMode.UserRead);
        var id = await Docker.RunDetachedAsync(
            "--name", "swapper", "busybox", "sh", "-c",
            $"mkdir -p /d {prey}; echo inside > {prey}/secret; while :; do rm -rf /d/way; ln -s {prey} /d/way; rm -rf /d/way; mkdir /d/way; echo mine > /d/way/secret; done");
        Assert.Equal(64, id.Length);
        var archive = await ArchiveAsync(
            new PaxTarEntry(TarEntryType.Directory, "way/") { Mode = (UnixFileMode)0x1FF },
            new PaxTarEntry(TarEntryType.RegularFile, "way/secret") { Mode = (UnixFileMode)0x1FF, DataStream = new MemoryStream("overwritten"u8.ToArray()) },
            new PaxTarEntry(TarEntryType.RegularFile, "way/new") { Mode = (UnixFileMode)0x9FF });

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        var tries = 0;
        await Task.WhenAll(ReadAsync("/d/way/secret"), ReadAsync("/d/way/."), ReadAsync("/d"), WriteAsync("/d"), WriteAsync("/d/way"));

        Assert.True(tries > 50, $"{tries} tries");
        Assert.Equal(["secret"], Directory.GetFileSystemEntries(prey).Select(Path.GetFileName));
        Assert.Equal("of the host", await File.ReadAllTextAsync(prey + "/secret"));
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(prey + "/secret"));

        async Task ReadAsync(string path)
        {
            while (!deadline.IsCancellationRequested)
            {
                Interlocked.Increment(ref tries);
                try
                {
                    using var answer = await Http.GetAsync($"/containers/swapper/archive?path={path}");
                    Assert.DoesNotContain("of the host", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
                }
                catch (HttpRequestException)
                {
                    // What it was reading went away in the middle.
                }
            }
        }

        async Task WriteAsync(string path)
        {
            while (!deadline.IsCancellationRequested)
            {
                Interlocked.Increment(ref tries);
                using var answer = await PutAsync("swapper", $"path={path}", archive);
            }
        }
    }

    private async Task MakeAsync(string name, bool running, params string[] options)
    {
        if (running)
        {
            await RunSleeperAsync(["--name", name, .. options]);
        }
        else
        {
            (await Docker.RunAsync(["create", "--name", name, .. options, "busybox", "true"])).Succeeded();
        }
    }

    private async Task<string[]> NamesAsync(string source)
    {
        await using var archive = new MemoryStream(await TarAsync("cp", source, "-"));
        await using var reader = new TarReader(archive);
        var names = new List<string>();
        while (await reader.GetNextEntryAsync() is { } entry)
        {
            names.Add(entry.Name);
        }

        return [.. names];
    }

    /// <summary>Kind, name and link target of an archive's only member.</summary>
    private async Task<string> MemberAsync(params string[] arguments)
    {
        await using var archive = new MemoryStream(await TarAsync(arguments));
        await using var reader = new TarReader(archive);
        var entry = (await reader.GetNextEntryAsync())!;
        Assert.Null(await reader.GetNextEntryAsync());
        return $"{(entry.EntryType == TarEntryType.SymbolicLink ? "link" : "file")} {entry.Name} {entry.LinkName}";
    }

    private async Task<byte[]> TarAsync(params string[] arguments)
    {
        var file = At(Guid.NewGuid().ToString("n"));
        (await ChildAsync($"docker {string.Join(' ', arguments)} > {file}")).Succeeded();
        return await File.ReadAllBytesAsync(file);
    }

    private Task<Portal.E2E.CliResult> ChildAsync(string script) => Portal.E2E.ChildProcess.RunAsync(
        "bash", ["-o", "pipefail", "-c", script.Replace("docker ", Portal.E2E.DockerCli.Usual + " ", StringComparison.Ordinal)],
        new Dictionary<string, string> { ["DOCKER_HOST"] = $"unix://{Engine.Socket}", ["DOCKER_CONFIG"] = _folder });

    private Task<HttpResponseMessage> PutAsync(string container, string query, byte[] archive) =>
        Http.PutAsync($"/containers/{container}/archive?{query}", new ByteArrayContent(archive));

    private static async Task<HttpResponseMessage> Ok(Task<HttpResponseMessage> sending)
    {
        var answer = await sending;
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return answer;
    }

    private static async Task<byte[]> ArchiveAsync(params TarEntry[] entries)
    {
        using var archive = new MemoryStream();
        await using (var writer = new TarWriter(archive, leaveOpen: true))
        {
            foreach (var entry in entries)
            {
                await writer.WriteEntryAsync(entry);
            }
        }

        return archive.ToArray();
    }

    private static string Status(HttpResponseMessage answer) =>
        Encoding.UTF8.GetString(Convert.FromBase64String(Assert.Single(answer.Headers.GetValues("X-Docker-Container-Path-Stat"))));

    private string At(string path) => Path.Combine(_folder, path);
}
