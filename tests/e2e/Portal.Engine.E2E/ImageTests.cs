using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;

namespace Portal.Engine.E2E;

public sealed class ImageTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Images_AfterImport_ListsBusyboxWithItsCommand()
    {
        Assert.Equal("busybox:latest", (await Docker.RunAsync("images", "--format", "{{.Repository}}:{{.Tag}}")).Succeeded().Line);
        Assert.Equal("[\"sh\"]", (await Docker.RunAsync("image", "inspect", "--format", "{{json .Config.Cmd}}", "busybox")).Succeeded().Line);
    }

    [Fact]
    public async Task Load_OfADockerArchive_RunsAndIsRemovedAgain()
    {
        var archive = Path.Combine(Engine.Root, "loaded.tar");
        await WriteArchiveAsync(archive);

        var load = (await Docker.RunAsync("load", "-i", archive)).Succeeded();
        Assert.Contains("Loaded image: loaded:1", load.Out, StringComparison.Ordinal);
        Assert.Equal("from the archive", (await Docker.RunAsync("run", "--rm", "loaded:1")).Succeeded().Line);

        var removal = (await Docker.RunAsync("rmi", "loaded:1")).Succeeded();
        Assert.Contains("Untagged: loaded:1", removal.Out, StringComparison.Ordinal);
        Assert.Contains("Deleted: sha256:", removal.Out, StringComparison.Ordinal);
        Assert.Equal("busybox:latest", (await Docker.RunAsync("images", "--format", "{{.Repository}}:{{.Tag}}")).Line);
    }

    [Fact]
    public async Task Load_OfGarbage_FailsAndLeavesNoImage()
    {
        var load = await Docker.RunWithInputAsync(new string('x', 4096), "load");

        Assert.NotEqual(0, load.ExitCode);
        Assert.Equal("busybox:latest", (await Docker.RunAsync("images", "-a", "--format", "{{.Repository}}:{{.Tag}}")).Line);
    }

    [Fact]
    public async Task Rmi_OfAnImageInUse_IsAConflict()
    {
        await RunSleeperAsync("--name", "user");

        var removal = await Docker.RunAsync("rmi", "busybox");

        Assert.Equal(1, removal.ExitCode);
        Assert.Contains("conflict: unable to remove repository reference", removal.Err, StringComparison.Ordinal);
        Assert.Equal("busybox:latest", (await Docker.RunAsync("images", "--format", "{{.Repository}}:{{.Tag}}")).Line);
    }

    [Fact]
    public async Task Rmi_OfAnUnknownImage_SaysSo()
    {
        var removal = await Docker.RunAsync("rmi", "nowhere");

        Assert.Equal(1, removal.ExitCode);
        Assert.Contains("No such image: nowhere", removal.Err, StringComparison.Ordinal);
    }

    /// <summary>As docker save writes it: a configuration, one layer, a manifest.</summary>
    private static async Task WriteArchiveAsync(string path)
    {
        using var layer = new MemoryStream();
        await using (var tar = new TarWriter(layer, TarEntryFormat.Ustar, leaveOpen: true))
        {
            await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.Directory, "bin/") { Mode = (UnixFileMode)0x1ED });
            await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "bin/busybox")
            {
                Mode = (UnixFileMode)0x1ED,
                DataStream = new MemoryStream(await File.ReadAllBytesAsync("/bin/busybox")),
            });
            await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "text") { DataStream = new MemoryStream("from the archive\n"u8.ToArray()) });
        }
        var diffId = Convert.ToHexStringLower(SHA256.HashData(layer.ToArray()));
        var configuration = Encoding.UTF8.GetBytes($$$"""
            {"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/busybox","cat","/text"]},"rootfs":{"type":"layers","diff_ids":["sha256:{{{diffId}}}"]},"history":[{"created":"2020-01-01T00:00:00Z"}]}
            """);
        var name = Convert.ToHexStringLower(SHA256.HashData(configuration)) + ".json";
        await using var archive = new TarWriter(File.Create(path), TarEntryFormat.Ustar);
        foreach (var (entry, content) in new[]
        {
            (name, configuration),
            ("layer/layer.tar", layer.ToArray()),
            ("manifest.json", Encoding.UTF8.GetBytes($$"""[{"Config":"{{name}}","RepoTags":["loaded:1"],"Layers":["layer/layer.tar"]}]""")),
        })
            await archive.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, entry) { DataStream = new MemoryStream(content) });
    }
}
