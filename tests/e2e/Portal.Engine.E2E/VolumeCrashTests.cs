using System.Formats.Tar;
using System.Net;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Agents killed while something is written into a volume: there is the old or the new, and nothing half.</summary>
public sealed class VolumeCrashTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private const string Api = "/control/v1/volumes/";

    private readonly DockerCli _docker = engine.Docker;

    private string Data => engine.DataRoot + "/volumes/cut/_data";

    public async ValueTask InitializeAsync() =>
        (await _docker.RunAsync("run", "--rm", "-v", "cut:/v", "busybox", "sh", "-c", "mkdir /v/sub; echo old > /v/sub/file")).Succeeded();

    public async ValueTask DisposeAsync()
    {
        await engine.ClearAsync();
        await engine.ClearVolumesAsync();
    }

    [Theory]
    [InlineData("content?path=sub/file&overwrite=1")]
    [InlineData("archive?overwrite=1")]
    public async Task Upload_KilledInTheMiddle_LeavesTheOldFileAlone(string where)
    {
        var killed = new TaskCompletionSource();
        var uploading = engine.Http.PutAsync(Api + "cut/" + where, new HeldContent(await LargeAsync(isArchive: where.StartsWith("archive", StringComparison.Ordinal)), killed.Task));
        await Patience.UntilAsync("the upload has begun", () => Files().Length == 2);
        await engine.KillAsync();
        killed.SetResult();
        Assert.IsAssignableFrom<HttpRequestException>(await Record.ExceptionAsync(() => uploading));
        await engine.StartAsync();

        await OldAloneAsync();
    }

    [Theory]
    [InlineData("content?path=sub/file&overwrite=1")]
    [InlineData("archive?overwrite=1")]
    public async Task Upload_KilledBeforeItsFileIsPutInItsPlace_LeavesTheOldFileAlone(string where)
    {
        await using (await KillPoint.SetAsync(engine.ProcessId, "rename 1"))
        {
            Assert.NotNull(await Record.ExceptionAsync(
                async () => await engine.Http.PutAsync(Api + "cut/" + where, new StreamContent(await LargeAsync(isArchive: where.StartsWith("archive", StringComparison.Ordinal))))));
        }

        await engine.KillAsync();
        Assert.Equal(2, Files().Length);
        await engine.StartAsync();

        await OldAloneAsync();
    }

    [Fact]
    public async Task Rename_Killed_IsDoneOrNot()
    {
        await using (await KillPoint.SetAsync(engine.ProcessId, "rename 1"))
        {
            Assert.NotNull(await Record.ExceptionAsync(() => engine.Http.PostAsync(Api + "cut/rename?path=sub/file&to=moved", null)));
        }

        await engine.KillAsync();
        await engine.StartAsync();

        await OldAloneAsync();
        using var again = await engine.Http.PostAsync(Api + "cut/rename?path=sub/file&to=moved", null);
        Assert.Equal(HttpStatusCode.NoContent, again.StatusCode);
        Assert.Equal([Data + "/moved"], Files());
    }

    [Theory]
    [InlineData("symlinkat 1")]
    [InlineData("symlinkat 40")]
    [InlineData("utimensat 30")]
    public async Task CopyUp_KilledInTheMiddle_IsBegunAnew(string point)
    {
        var folder = Directory.CreateTempSubdirectory("portal-image").FullName;
        try
        {
            await File.WriteAllTextAsync(
                folder + "/Dockerfile", "FROM busybox\nRUN mkdir /data && cd /data && for i in $(seq 60); do echo $i > file$i; ln -s file$i link$i; done; chown -R 5:6 /data; chmod 700 /data");
            (await _docker.RunAsync("build", "-q", "-t", "filled", folder)).Succeeded();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        await using (await KillPoint.SetAsync(engine.ProcessId, point))
        {
            Assert.NotEqual(0, (await _docker.RunAsync("create", "-v", "new:/data", "-v", "cut:/data/theirs", "filled")).ExitCode);
        }

        await engine.KillAsync();
        Assert.True(File.Exists(engine.DataRoot + "/volumes/new/filling"));
        await engine.StartAsync();

        Assert.Empty(Directory.GetFileSystemEntries(engine.DataRoot + "/volumes/new/_data"));
        Assert.Empty((await _docker.RunAsync("ps", "-aq")).Succeeded().Lines);
        Assert.Equal(
            "120 700 5 6 60",
            (await _docker.RunAsync("run", "--rm", "-v", "new:/data", "filled", "sh", "-c", "echo $(ls /data | wc -l) $(stat -c '%a %u %g' /data) $(cat /data/link60)")).Succeeded().Line);
        Assert.Equal(["_data", "volume.json"], Directory.GetFileSystemEntries(engine.DataRoot + "/volumes/new").Select(path => Path.GetFileName(path)).Order());
        await OldAloneAsync();
    }

    /// <summary>Eight MiB, as they are or as the file <c>sub/file</c> of an archive.</summary>
    private static async Task<Stream> LargeAsync(bool isArchive)
    {
        var content = new MemoryStream(new byte[8 << 20]);
        if (!isArchive)
        {
            return content;
        }

        var archive = new MemoryStream();
        await using (var writer = new TarWriter(archive, leaveOpen: true))
        {
            await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "sub/file") { DataStream = content });
        }

        archive.Position = 0;
        return archive;
    }

    private string[] Files() => Directory.GetFiles(Data, "*", SearchOption.AllDirectories);

    private async Task OldAloneAsync()
    {
        await Patience.UntilAsync("leftovers are gone", () => Files() is [var only] && only == Data + "/sub/file");
        Assert.Equal("old\n", await File.ReadAllTextAsync(Data + "/sub/file"));
        await Patience.UntilAsync("nothing is noted", () => Directory.GetFileSystemEntries(engine.DataRoot + "/volumes/cut").Length == 2);
    }
}
