using System.Diagnostics;
using System.Formats.Tar;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Portal.E2E;

namespace Portal.Engine.E2E.Builds;

/// <summary>How a build goes: what it says, what it keeps, and how it ends when it is made to.</summary>
public sealed partial class BuildTests(Engine engine) : EngineTest(engine), IClassFixture<BuildLeavings>
{
    private DockerCli Classic => Docker.With("DOCKER_BUILDKIT", "0");

    [Fact]
    public async Task Build_Twice_SaysWhatDockerSaysAndIsTheSameImage()
    {
        var folder = Context("FROM busybox AS one\nRUN echo out; echo err >&2\nFROM one\nLABEL a=b\nCOPY f /f\n", ("f", "F"));

        var first = (await Classic.RunAsync("build", "-t", "twice:1", "-t", "twice:2", folder)).Succeeded();
        var second = (await Classic.RunAsync("build", "-t", "twice:3", folder)).Succeeded();

        string[] expected =
        [
            @"^Step 1/5 : FROM busybox AS one$", @"^ ---> [0-9a-f]{12}$", @"^Step 2/5 : RUN echo out; echo err >&2$", @"^ ---> Running in [0-9a-f]{12}$", @"^out$", @"err", @"Removing intermediate container [0-9a-f]{12}$",
            @"^ ---> [0-9a-f]{12}$", @"^Step 3/5 : FROM one$", @"^ ---> [0-9a-f]{12}$", @"^Step 4/5 : LABEL a=b$", @"^ ---> [0-9a-f]{12}$", @"^Step 5/5 : COPY f /f$", @"^ ---> [0-9a-f]{12}$",
            @"^Successfully built [0-9a-f]{12}$", @"^Successfully tagged twice:1$", @"^Successfully tagged twice:2$",
        ];
        var lines = first.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).SkipWhile(line => !line.StartsWith("Step", StringComparison.Ordinal)).ToArray();
        Assert.All(expected.Zip(lines), pair => Assert.Matches(pair.First, pair.Second.TrimEnd('\r')));
        Assert.Equal(2, second.Lines.Count(line => line == "---> Using cache"));
        var ids = (await Docker.RunAsync("image", "inspect", "-f", "{{.Id}}", "twice:1", "twice:2", "twice:3")).Succeeded().Lines;
        Assert.Single(ids.Distinct());
        Assert.Equal(ids[0], (await Classic.RunAsync("build", "-q", folder)).Succeeded().Line);
        (await Docker.RunAsync("rmi", "twice:1", "twice:2", "twice:3")).Succeeded();
    }

    [Fact]
    public async Task Build_WithoutCache_RunsAgain()
    {
        var folder = Context("FROM busybox\nRUN head -c 16 /dev/urandom > /r\n");
        string[] ids =
        [
            (await Classic.RunAsync("build", "-q", folder)).Succeeded().Line, (await Classic.RunAsync("build", "-q", folder)).Succeeded().Line,
            (await Classic.RunAsync("build", "-q", "--no-cache", folder)).Succeeded().Line, (await Classic.RunAsync("build", "-q", folder)).Succeeded().Line,
        ];
        await Docker.RunAsync(["rmi", "-f", .. ids.Distinct()]);

        Assert.Equal([true, false, true], ids.Zip(ids[1..], (a, b) => a == b));
    }

    [Fact]
    public async Task Build_FilesTouchedOnly_AreTakenFromTheCache()
    {
        var folder = Context("FROM busybox\nCOPY f /f\nRUN true\n", ("f", "same"));
        (await Classic.RunAsync("build", "-q", folder)).Succeeded();
        File.SetLastWriteTimeUtc(Path.Combine(folder, "f"), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        var touched = (await Classic.RunAsync("build", folder)).Succeeded();
        File.SetUnixFileMode(Path.Combine(folder, "f"), UnixFileMode.UserRead);
        var changed = (await Classic.RunAsync("build", folder)).Succeeded();

        Assert.Equal(2, touched.Lines.Count(line => line == "---> Using cache"));
        Assert.DoesNotContain("---> Using cache", changed.Lines);
    }

    [Fact]
    public async Task Build_CommandFails_TellsCodeAndLineAndLeavesNothing()
    {
        var answer = await PostAsync("FROM busybox\n\nRUN echo before && exit 9\n", "");

        using var last = JsonDocument.Parse(answer.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]);
        var detail = last.RootElement.GetProperty("errorDetail");
        Assert.Equal(9, detail.GetProperty("code").GetInt32());
        Assert.Equal("The command '/bin/sh -c echo before && exit 9' returned a non-zero code: 9 (Dockerfile:3)", detail.GetProperty("message").GetString());
        Assert.Equal("", (await Docker.RunAsync("ps", "-aq")).Succeeded().Out);
    }

    [Fact]
    public async Task Build_DockerfileWrong_IsAStatusOfItsOwn()
    {
        var answer = await Http.PostAsync("/build", Archive(("Dockerfile", "FROM busybox\nNOPE\n")));

        await ExpectErrorAsync(answer, HttpStatusCode.BadRequest, "dockerfile parse error on line 2: unknown instruction: NOPE");
        await ExpectErrorAsync(await Http.PostAsync("/build", Archive(("x", "y"))), HttpStatusCode.BadRequest, "Cannot locate specified Dockerfile: Dockerfile");
        await ExpectErrorAsync(await Http.PostAsync("/build?squash=1", Archive(("Dockerfile", "FROM busybox\n"))), HttpStatusCode.BadRequest, "squash");
        await ExpectErrorAsync(await Http.PostAsync("/build?t=UPPER", Archive(("Dockerfile", "FROM busybox\n"))), HttpStatusCode.BadRequest, "must be lowercase");
        await ExpectErrorAsync(await Http.PostAsync("/build?dockerfile=../../etc/passwd", Archive(("Dockerfile", "FROM busybox\n"))), HttpStatusCode.BadRequest, "Cannot locate specified Dockerfile");
    }

    [Fact]
    public async Task Build_ClientGoes_EndsItsContainerAndLeavesNothing()
    {
        var before = Leftovers();
        var folder = Context("FROM busybox\nRUN echo on the way && sleep 3456\n");
        await using (var client = Classic.Start("build", folder))
        {
            await Patience.UntilAsync("the command runs", () => Task.FromResult(Sleepers() > 0));
            Assert.Equal("", (await Docker.RunAsync("ps", "-aq")).Succeeded().Out);
            (await ChildProcess.RunAsync("kill", ["-KILL", client.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])).Succeeded();
        }

        await Patience.UntilAsync("nothing of it is left", () => Task.FromResult(Sleepers() == 0 && Leftovers().SequenceEqual(before)));
    }

    [Fact]
    public async Task Build_IndependentStages_RunAtTheSameTime()
    {
        var folder = Context("FROM busybox AS a\nRUN sleep 2 && echo a > /a\nFROM busybox AS b\nRUN sleep 2 && echo b > /b\nFROM busybox AS unneeded\nRUN sleep 60\nFROM scratch\nCOPY --from=a /a /\nCOPY --from=b /b /\n");
        var watch = Stopwatch.StartNew();

        var built = (await Classic.RunAsync("build", folder)).Succeeded();

        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3.9));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], StepNumber().Matches(built.Out).Select(match => int.Parse(match.Groups[1].Value, null)));
    }

    [Fact]
    public async Task Build_Limits_HoldForItsCommands()
    {
        var folder = Context("FROM busybox\nRUN ulimit -n; df -k /dev/shm | tail -1; grep extra /etc/hosts; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; id -u\n");

        var built = (await Classic.RunAsync("build", "--ulimit", "nofile=123:456", "--shm-size", "32m", "--add-host", "extra.test:10.9.8.7", "-m", "64m", "--no-cache", folder)).Succeeded();

        Assert.Contains("123", built.Lines);
        Assert.Contains(built.Lines, line => line.StartsWith("shm", StringComparison.Ordinal) && line.Contains("32768", StringComparison.Ordinal));
        Assert.Contains(built.Lines, line => line.Contains("10.9.8.7", StringComparison.Ordinal));
        Assert.Contains("67108864", built.Lines);
    }

    [Fact]
    public async Task Add_OfAnAddressThatIsNotTheOpenNetwork_IsRefused()
    {
        foreach (var address in (string[])["http://127.0.0.1:9/x", "http://[::1]:9/x", "http://169.254.169.254/latest/meta-data/x", $"http://{Engine.Gateway}:9/x", "http://0x7f000001/x", "http://127.0.0.1:9/x.git"])
        {
            var answer = await PostAsync($"FROM busybox\nADD {address} /x/\n", "");

            Assert.Contains("is not on the open network", answer, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("../out")]
    [InlineData("a/../../out")]
    public async Task Context_ThatBreaksOut_IsRefused(string name)
    {
        var answer = await Http.PostAsync("/build", Archive(("Dockerfile", "FROM busybox\n"), (name, "x")));

        await ExpectErrorAsync(answer, HttpStatusCode.BadRequest, "would break out");
    }

    [Fact]
    public async Task Context_WithLinksThatLeadOut_StaysInside()
    {
        var canary = Path.Combine(Engine.Root, "canary");
        await File.WriteAllTextAsync(canary, "host");
        var folder = Context("FROM busybox\nCOPY d /d\nCOPY up /up\n");
        File.CreateSymbolicLink(Path.Combine(folder, "d"), Engine.Root);
        File.CreateSymbolicLink(Path.Combine(folder, "up"), "../../../../../../../../" + canary);
        var built = await Classic.RunAsync("build", folder);
        Assert.NotEqual(0, built.ExitCode);
        Assert.Contains("COPY failed: file not found in build context", built.Out + built.Err, StringComparison.Ordinal);

        File.Delete(Path.Combine(folder, "Dockerfile"));
        File.CreateSymbolicLink(Path.Combine(folder, "Dockerfile"), canary);
        Assert.NotEqual(0, (await Classic.RunAsync("build", folder)).ExitCode);
    }

    [Fact]
    public async Task Image_ClaimingTheSameHistory_IsNoCache()
    {
        var folder = Context("FROM busybox\nRUN echo honest > /who\n");
        (await Docker.RunAsync("run", "--name", "poison", "busybox", "sh", "-c", "echo poisoned > /who")).Succeeded();
        (await Docker.RunAsync("commit", "-c", "CMD [\"sh\"]", "-m", "buildkit.dockerfile.v0", "poison", "poison")).Succeeded();

        (await Classic.RunAsync("build", "--cache-from", "poison", "-t", "honest", folder)).Succeeded();

        Assert.Equal("honest", (await Docker.RunAsync("run", "--rm", "honest", "cat", "/who")).Succeeded().Line);
        await Docker.RunAsync("rm", "poison");
        await Docker.RunAsync("rmi", "poison", "honest");
    }

    [Fact]
    public async Task Cache_ShownAndPruned_GivesItsSpaceBack()
    {
        var folder = Context("FROM busybox\nRUN head -c 3000000 /dev/urandom > /big\nRUN --mount=type=cache,target=/c head -c 2000000 /dev/urandom > /c/kept\nRUN exit 1\n");
        Assert.NotEqual(0, (await Classic.RunAsync("build", folder)).ExitCode);
        using var usage = JsonDocument.Parse(await Http.GetStringAsync("/system/df"));
        var records = usage.RootElement.GetProperty("BuildCache").EnumerateArray().ToArray();
        Assert.Contains(records, record => record.GetProperty("Type").GetString() == "regular" && record.GetProperty("Size").GetInt64() == 3000000);
        Assert.Contains(records, record => record.GetProperty("Type").GetString() == "exec.cachemount" && record.GetProperty("Size").GetInt64() >= 2000000);

        using (var kept = JsonDocument.Parse(await (await Http.PostAsync("/build/prune?filters=" + Uri.EscapeDataString("{\"until\":[\"10h\"]}"), null)).Content.ReadAsStringAsync()))
        {
            Assert.Equal(0, kept.RootElement.GetProperty("SpaceReclaimed").GetInt64());
        }

        var pruned = (await Docker.RunAsync("builder", "prune", "-af")).Succeeded();

        Assert.Contains("Total reclaimed space: ", pruned.Out, StringComparison.Ordinal);
        using var after = JsonDocument.Parse(await Http.GetStringAsync("/system/df"));
        Assert.Empty(after.RootElement.GetProperty("BuildCache").EnumerateArray());
        (await Classic.RunAsync("build", Context("FROM busybox\nRUN true\n"))).Succeeded();
    }

    [Fact]
    public async Task CacheMount_TakenByManyAtOnce_HasOneAfterTheOtherWhenLocked()
    {
        var stages = string.Concat(Enumerable.Range(0, 4).Select(i => $"FROM busybox AS s{i}\nRUN --mount=type=cache,id=one,target=/c,sharing=locked test ! -e /c/busy && touch /c/busy && sleep 0.3 && rm /c/busy && echo {i} > /done\n"));
        var last = "FROM scratch\n" + string.Concat(Enumerable.Range(0, 4).Select(i => $"COPY --from=s{i} /done /{i}\n"));

        (await Classic.RunAsync("build", "--no-cache", Context(stages + last))).Succeeded();
    }

    [Fact]
    public async Task CacheMounts_OfOneStep_AreNeverWaitedForInCircles()
    {
        const string One = "--mount=type=cache,id=x,target=/x,sharing=locked", Two = "--mount=type=cache,id=y,target=/y,sharing=locked", Again = "--mount=type=cache,id=x,target=/z,sharing=locked";
        var folder = Context($"FROM busybox AS a\nRUN {One} {Two} {Again} touch /x/f && ls /z/f && sleep 0.3 && touch /a\nFROM busybox AS b\nRUN {Two} {One} sleep 0.3 && touch /b\nFROM scratch\nCOPY --from=a /a /\nCOPY --from=b /b /\n");

        (await Classic.RunAsync("build", "--no-cache", folder)).Succeeded();
    }

    [Fact]
    public async Task CacheMount_IdWithDots_StaysInItsPlace()
    {
        var folder = Context("FROM busybox\nRUN --mount=type=cache,id=../../../../escape,target=/c touch /c/x\n");

        (await Classic.RunAsync("build", "--no-cache", folder)).Succeeded();

        Assert.Empty(Directory.GetFileSystemEntries(Engine.DataRoot, "escape*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Image_Built_IsLoadedAndRunElsewhere()
    {
        var folder = Context("FROM busybox\nRUN mkdir -p /a/b && echo x > /a/b/c && rm /bin/vi\nCMD [\"sh\", \"-c\", \"cat /a/b/c; ls /bin/vi 2>&1\"]\n");
        (await Classic.RunAsync("build", "-t", "moved", folder)).Succeeded();
        var archive = Path.Combine(Engine.Root, "moved.tar");
        (await Docker.RunAsync("save", "-o", archive, "moved")).Succeeded();
        var id = (await Docker.RunAsync("image", "inspect", "-f", "{{.Id}}", "moved")).Line;
        (await Docker.RunAsync("rmi", "moved")).Succeeded();
        (await Docker.RunAsync("load", "-i", archive)).Succeeded();

        Assert.Equal(id, (await Docker.RunAsync("image", "inspect", "-f", "{{.Id}}", "moved")).Line);
        Assert.Equal(["x", "ls: /bin/vi: No such file or directory"], (await Docker.RunAsync("run", "--rm", "moved")).Lines);
        (await Docker.RunAsync("rmi", "moved")).Succeeded();
    }

    [GeneratedRegex(@"^Step (\d+)/7 : ", RegexOptions.Multiline)]
    private static partial Regex StepNumber();

    private static int Sleepers() => Process.GetProcessesByName("sleep").Count(process =>
    {
        using (process)
        {
            try
            {
                return File.ReadAllText($"/proc/{process.Id}/cmdline").Contains("3456", StringComparison.Ordinal);
            }
            catch (IOException)
            {
                return false;
            }
        }
    });

    private string[] Leftovers() =>
    [
        .. ((string[])["containers", "containers-rw", "builds/work"]).Select(name => Path.Combine(Engine.DataRoot, name)).Where(Directory.Exists).SelectMany(Directory.GetFileSystemEntries),
        .. Directory.GetFileSystemEntries(Path.Combine(Engine.RunRoot, "bundles")),
    ];

    private string Context(string dockerfile, params (string Name, string Content)[] files)
    {
        var folder = Path.Combine(Engine.Root, "build-" + Guid.NewGuid().ToString("n")[..8]);
        Directory.CreateDirectory(folder);
        foreach (var (name, content) in files.Append(("Dockerfile", dockerfile)))
        {
            File.WriteAllText(Path.Combine(folder, name), content);
        }

        return folder;
    }

    private async Task<string> PostAsync(string dockerfile, string query) =>
        await (await Http.PostAsync("/build?" + query, Archive(("Dockerfile", dockerfile)))).Content.ReadAsStringAsync();

    private static ByteArrayContent Archive(params (string Name, string Content)[] files)
    {
        using var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)) });
            }
        }

        return new(stream.ToArray()) { Headers = { ContentType = new("application/x-tar") } };
    }
}
