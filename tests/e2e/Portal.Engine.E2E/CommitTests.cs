using System.Formats.Tar;
using System.Net;
using System.Text.Json;

namespace Portal.Engine.E2E;

/// <summary>What containers change: diff, export, commit, and what it takes.</summary>
public sealed class CommitTests(Engine engine) : EngineTest(engine)
{
    private const string Changes =
        "mkdir -p /n1/n2; echo x > /n1/n2/f; ln /n1/n2/f /n1/hard; rm /bin/vi; rm -r /usr; mkdir /usr; echo z > /usr/z; echo a >> /etc/passwd; ln -s a /etc/lnk; chmod 711 /run; rmdir /home; echo q > /tmp/q";

    [Fact]
    public async Task Diff_OfARunningAndAStoppedContainer_ListsWhatDockerLists()
    {
        await RunSleeperAsync("--name", "changed", "-v", "/vol", "--tmpfs", "/mem");
        Assert.Equal(["A /mem", "A /vol"], (await Docker.RunAsync("diff", "changed")).Succeeded().Lines);
        (await Docker.RunAsync("exec", "changed", "sh", "-c", Changes + "; touch /vol/v /mem/m; echo '# mine' >> /etc/hosts")).Succeeded();

        string[] expected =
        [
            "C /bin", "D /bin/vi", "C /etc", "A /etc/lnk", "C /etc/passwd", "D /home", "A /mem", "A /n1", "A /n1/hard", "A /n1/n2", "A /n1/n2/f", "C /run", "C /tmp", "A /tmp/q",
            "C /usr", "D /usr/bin", "D /usr/sbin", "A /usr/z", "A /vol",
        ];
        Assert.Equal(expected, (await Docker.RunAsync("diff", "changed")).Succeeded().Lines);
        (await Docker.RunAsync("stop", "changed")).Succeeded();
        Assert.Equal(expected, (await Docker.RunAsync("diff", "changed")).Succeeded().Lines);
    }

    [Fact]
    public async Task Diff_OfAnUntouchedContainer_IsNull()
    {
        await RunSleeperAsync("--name", "untouched");

        Assert.Equal("null", await Http.GetStringAsync("/containers/untouched/changes"));
        Assert.Equal("", (await Docker.RunAsync("diff", "untouched")).Succeeded().Out);
        await ExpectErrorAsync(await Http.GetAsync("/containers/nobody/changes"), HttpStatusCode.NotFound, "No such container: nobody");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Export_ThenImport_IsTheSameTree(bool running)
    {
        await RunSleeperAsync("--name", "exported", "-v", "/vol");
        (await Docker.RunAsync("exec", "exported", "sh", "-c", Changes + "; echo v > /vol/v; mknod /dev-node c 1 3; chmod 4755 /usr/z")).Succeeded();
        if (!running)
        {
            (await Docker.RunAsync("stop", "exported")).Succeeded();
        }

        var file = Path.Combine(Engine.Root, "export.tar");
        (await Docker.RunAsync("export", "-o", file, "exported")).Succeeded();
        var members = await ReadAsync(file);
        (await Docker.RunAsync("import", "-c", "CMD [\"sh\"]", file, "imported")).Succeeded();
        var listing = (await Docker.RunAsync("run", "--rm", "imported", "sh", "-c", "cat /n1/hard; stat -c %h /n1/n2/f; readlink /etc/lnk; stat -c '%a %F' /usr/z /dev-node; ls /vol; ls -d vol; ls /home 2>/dev/null || echo no home")).Lines;
        (await Docker.RunAsync("rmi", "imported")).Succeeded();

        Assert.Equal(["x", "2", "a", "4755 regular file", "644 character special file", "vol", "no home"], listing);
        Assert.Equal(TarEntryType.HardLink, members["n1/n2/f"]);
        Assert.Contains("vol/", members.Keys);
        Assert.DoesNotContain("vol/v", members.Keys);
        Assert.DoesNotContain(members.Keys, name => name.StartsWith("proc/", StringComparison.Ordinal) && name.Length > 5);
    }

    [Fact]
    public async Task Commit_WithChanges_RunsSavesLoadsAndIsCommittedAgain()
    {
        await Docker.RunAsync("run", "--name", "base", "-e", "KEPT=1", "busybox", "sh", "-c", Changes);
        var id = (await Docker.RunAsync(
            "commit", "-a", "me", "-m", "why", "-c", "CMD [\"sh\",\"-c\",\"cat /n1/n2/f /usr/z; ls /usr /bin/vi; echo $KEPT $ADDED; pwd\"]", "-c", "ENV ADDED=2", "-c", "WORKDIR /n1", "-c", "LABEL l=v",
            "-c", "EXPOSE 80", "-c", "VOLUME /data", "-c", "HEALTHCHECK --interval=7s CMD true", "-c", "STOPSIGNAL SIGINT", "-c", "ONBUILD RUN x", "-c", "USER 0:0", "base", "made:1")).Succeeded().Line;

        Assert.StartsWith("sha256:", id, StringComparison.Ordinal);
        Assert.Equal(["x", "z", "/usr:", "z", "1 2", "/n1"], (await Docker.RunAsync("run", "--rm", "made:1")).Lines);
        using var document = JsonDocument.Parse((await Docker.RunAsync("image", "inspect", "made:1")).Succeeded().Out);
        var image = document.RootElement[0];
        Assert.Equal(id, image.GetProperty("Id").GetString());
        Assert.Equal(("me", "why"), (image.GetProperty("Author").GetString(), image.GetProperty("Comment").GetString()));
        Assert.Equal((await Docker.RunAsync("image", "inspect", "-f", "{{.Id}}", "busybox")).Line, image.GetProperty("Parent").GetString());
        Assert.Equal(2, image.GetProperty("RootFS").GetProperty("Layers").GetArrayLength());
        var config = image.GetProperty("Config");
        Assert.Equal("SIGINT", config.GetProperty("StopSignal").GetString());
        Assert.Equal("v", config.GetProperty("Labels").GetProperty("l").GetString());
        Assert.Equal("CMD-SHELL true", string.Join(' ', config.GetProperty("Healthcheck").GetProperty("Test").EnumerateArray().Select(t => t.GetString())));
        Assert.True(config.GetProperty("ExposedPorts").TryGetProperty("80/tcp", out _));

        var file = Path.Combine(Engine.Root, "made.tar");
        (await Docker.RunAsync("save", "-o", file, "made:1")).Succeeded();
        (await Docker.RunAsync("rmi", "made:1")).Succeeded();
        Assert.Contains("Loaded image: made:1", (await Docker.RunAsync("load", "-i", file)).Succeeded().Out, StringComparison.Ordinal);
        await Docker.RunAsync("run", "--name", "again", "made:1", "sh", "-c", "echo more > /more; rm /usr/z");
        (await Docker.RunAsync("commit", "again", "made:2")).Succeeded();
        Assert.Equal("more", (await Docker.RunAsync("run", "--rm", "made:2", "sh", "-c", "cat /more; ls /usr")).Line);
        Assert.Equal("3", (await Docker.RunAsync("image", "inspect", "-f", "{{len .RootFS.Layers}}", "made:2")).Line);
        await Docker.RunAsync("rm", "-f", "base", "again");
        (await Docker.RunAsync("rmi", "made:2", "made:1")).Succeeded();
    }

    [Fact]
    public async Task Commit_OfARunningContainer_LeavesItRunningAndTellsOfIt()
    {
        await RunSleeperAsync("--name", "busy");
        var since = DateTimeOffset.UtcNow;

        var id = (await Docker.RunAsync("commit", "-m", "live", "busy", "live:1")).Succeeded().Line;

        Assert.Equal("running", await Docker.InspectAsync("busy", "{{.State.Status}}"));
        var events = (await Docker.RunAsync("events", "--since", $"{since.ToUnixTimeSeconds()}", "--until", $"{DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1}", "--format", "{{.Type}} {{.Action}} {{.Actor.Attributes.imageID}} {{.Actor.Attributes.imageRef}} {{.Actor.Attributes.name}}")).Lines;
        Assert.Contains($"container commit {id} live:1 busy", events);
        Assert.Contains("image tag <no value> <no value> live:1", events);
        (await Docker.RunAsync("rmi", "live:1")).Succeeded();
    }

    [Fact]
    public async Task Commit_ThatIsWrong_SaysSoAndMakesNothing()
    {
        await RunSleeperAsync("--name", "wrong");
        var before = (await Docker.RunAsync("images", "-aq")).Lines;

        await ExpectErrorAsync(await Http.PostAsync("/commit", null), HttpStatusCode.BadRequest, "container");
        await ExpectErrorAsync(await Http.PostAsync("/commit?container=nobody", null), HttpStatusCode.NotFound, "No such container: nobody");
        await ExpectErrorAsync(await Http.PostAsync("/commit?container=wrong&changes=RUN%20x", null), HttpStatusCode.BadRequest, "RUN is not a valid change command");
        await ExpectErrorAsync(await Http.PostAsync("/commit?container=wrong&repo=Bad//Name", null), HttpStatusCode.BadRequest, "invalid reference format");

        Assert.Equal(before, (await Docker.RunAsync("images", "-aq")).Lines);
    }

    [Fact]
    public async Task Sizes_OfAContainer_AreItsFilesAndTheImages()
    {
        await RunSleeperAsync("--name", "sized", "-v", "held:/vol");
        (await Docker.RunAsync("exec", "sized", "sh", "-c", "head -c 100000 /dev/zero > /big; ln /big /second; head -c 5000 /dev/zero > /vol/v")).Succeeded();
        var image = long.Parse((await Docker.RunAsync("image", "inspect", "-f", "{{.Size}}", "busybox")).Line);

        Assert.Equal($"100000 {image + 100000}", (await Docker.RunAsync("inspect", "--size", "-f", "{{.SizeRw}} {{.SizeRootFs}}", "sized")).Line);
        Assert.Equal("100kB (virtual 2.08MB)", (await Docker.RunAsync("ps", "-s", "--format", "{{.Size}}")).Line);
        using var usage = JsonDocument.Parse(await Http.GetStringAsync("/system/df"));
        Assert.Equal(image, usage.RootElement.GetProperty("LayersSize").GetInt64());
        Assert.Equal(0, usage.RootElement.GetProperty("Images")[0].GetProperty("SharedSize").GetInt64());
        Assert.Equal(100000, usage.RootElement.GetProperty("Containers")[0].GetProperty("SizeRw").GetInt64());
        var volume = usage.RootElement.GetProperty("Volumes").EnumerateArray().Single(v => v.GetProperty("Name").GetString() == "held").GetProperty("UsageData");
        Assert.Equal((5000L, 1), (volume.GetProperty("Size").GetInt64(), volume.GetProperty("RefCount").GetInt32()));
        (await Docker.RunAsync("kill", "sized")).Succeeded();
        await Docker.UntilAsync("sized", "{{.State.Status}}", "exited");
        Assert.Contains("Total reclaimed space: 100kB", (await Docker.RunAsync("container", "prune", "-f")).Succeeded().Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DiskUsage_OfImagesThatShareLayers_CountsThemOnce()
    {
        await Docker.RunAsync("run", "--name", "grown", "busybox", "sh", "-c", "head -c 50000 /dev/zero > /big");
        (await Docker.RunAsync("commit", "grown", "grown:1")).Succeeded();
        var image = long.Parse((await Docker.RunAsync("image", "inspect", "-f", "{{.Size}}", "busybox")).Line);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Http.GetStringAsync("/v1.44/system/df")));

        foreach (var answer in answers)
        {
            using var usage = JsonDocument.Parse(answer);
            Assert.Equal(image + 50000, usage.RootElement.GetProperty("LayersSize").GetInt64());
            Assert.All(usage.RootElement.GetProperty("Images").EnumerateArray(), i => Assert.Equal(image, i.GetProperty("SharedSize").GetInt64()));
        }

        await Docker.RunAsync("rm", "grown");
        (await Docker.RunAsync("rmi", "grown:1")).Succeeded();
    }

    private static async Task<Dictionary<string, TarEntryType>> ReadAsync(string path)
    {
        await using var reader = new TarReader(File.OpenRead(path));
        var members = new Dictionary<string, TarEntryType>();
        while (await reader.GetNextEntryAsync() is { } entry)
        {
            members[entry.Name] = entry.EntryType;
        }

        return members;
    }
}
