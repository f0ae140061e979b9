using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Primitives;
using Portal.Domain.Volumes;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Tests.Tar;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Tests.Volumes;

public sealed class VolumeFilesTests : IAsyncLifetime
{
    private readonly string _root = Directory.CreateTempSubdirectory("portal-volumes").FullName;
    private readonly LocalVolumes _volumes;
    private readonly VolumeFiles _files;

    public VolumeFilesTests()
    {
        _volumes = Open();
        _files = new(_volumes);
        File.WriteAllText(_root + "/secret", "the host's");
    }

    private LocalVolumes Open()
    {
        var options = new RuntimeOptions { DataRoot = _root };
        var containers = new ContainerStore(options, TimeProvider.System, NullLogger<ContainerStore>.Instance);
        containers.Load();
        var volumes = new LocalVolumes(options, containers, new(NullLogger<VolumeMounts>.Instance), new RuntimeEvents(TimeProvider.System), TimeProvider.System, NullLogger<LocalVolumes>.Instance);
        volumes.Load();
        return volumes;
    }

    private string Data => _root + "/volumes/data/_data";

    public async ValueTask InitializeAsync() => await _volumes.CreateAsync("data", new Dictionary<string, string>(), null, default);

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_root, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Write_CutShort_IsSweptByTheNextAgentWhereverTheFileIs()
    {
        Directory.CreateDirectory(Data + "/deep/er");
        var plain = _volumes.BeginUpload("data", "deep"u8);
        var member = _volumes.BeginUpload("data", "."u8);
        var running = _volumes.BeginUpload("data", "gone"u8);
        await File.WriteAllTextAsync($"{Data}/deep/{Encoding.ASCII.GetString(plain.Name)}", "half");
        await File.WriteAllTextAsync($"{Data}/deep/er/{Encoding.ASCII.GetString(member.Name)}", "half");
        await File.WriteAllTextAsync(Data + "/deep/.uploading-by-the-user", "whole");

        var next = Open();
        next.Adopt([]);
        await next.Sweeping;

        Assert.Equal([Data + "/deep/.uploading-by-the-user"], Directory.GetFiles(Data, "*", SearchOption.AllDirectories));
        Assert.Equal(["_data", "volume.json"], Directory.GetFileSystemEntries(_root + "/volumes/data").Select(path => Path.GetFileName(path)).Order());
        running.Dispose();
    }

    [Fact]
    public async Task Write_AndItsNote_AreGoneAtTheEnd()
    {
        await _files.WriteAsync("data", VolumePath.Parse("new"), new MemoryStream("content"u8.ToArray()), overwrite: false, default);

        Assert.Equal([Data + "/new"], Directory.GetFiles(_root + "/volumes/data", "*", SearchOption.AllDirectories).Where(path => !path.EndsWith("volume.json", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task List_OfALargeFolder_ComesInParts()
    {
        foreach (var i in Enumerable.Range(0, 25))
        {
            await File.WriteAllTextAsync($"{Data}/{i:00}", "x");
        }

        var names = new List<string>();
        byte[]? after = null;
        do
        {
            var part = await _files.ListAsync("data", VolumePath.Root, after, 10, default);
            Assert.Equal(25, part.Total);
            names.AddRange(part.Entries.Select(entry => entry.Text));
            after = part.Next;
        }
        while (after is not null);

        Assert.Equal(Enumerable.Range(0, 25).Select(i => $"{i:00}"), names);
    }

    [Fact]
    public async Task List_ShowsWhatEachIs()
    {
        Directory.CreateDirectory(Data + "/folder");
        await File.WriteAllTextAsync(Data + "/file", "12345");
        File.SetUnixFileMode(Data + "/file", UnixFileMode.UserRead | UnixFileMode.GroupRead);
        File.SetLastWriteTimeUtc(Data + "/file", new(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        File.CreateSymbolicLink(Data + "/link", "/etc/passwd");

        var entries = (await _files.ListAsync("data", VolumePath.Root, null, 10, default)).Entries.ToDictionary(entry => entry.Text);

        Assert.Equal((VolumeEntryKind.File, 5, 0x120u, new DateTimeOffset(2020, 1, 2, 3, 4, 5, default)), (entries["file"].Kind, entries["file"].Size, entries["file"].Mode, entries["file"].Modified));
        Assert.Equal(VolumeEntryKind.Folder, entries["folder"].Kind);
        Assert.Equal((VolumeEntryKind.Link, "/etc/passwd"), (entries["link"].Kind, Encoding.UTF8.GetString(entries["link"].LinkTarget!)));
    }

    [Theory]
    [InlineData("out/secret")]
    [InlineData("absolute/secret")]
    [InlineData("out/volumes/data/_data/file")]
    public async Task Path_ThroughALinkThatLeadsOut_IsRefused(string path)
    {
        File.CreateSymbolicLink(Data + "/out", "../../..");
        File.CreateSymbolicLink(Data + "/absolute", _root);
        await File.WriteAllTextAsync(Data + "/file", "x");

        foreach (var act in (Func<Task>[])
            [
                () => _files.StatAsync("data", VolumePath.Parse(path), default),
                () => ReadAsync(path),
                () => WriteAsync(path, "new", overwrite: true),
                () => _files.DeleteAsync("data", VolumePath.Parse(path), true, default),
                () => _files.RenameAsync("data", VolumePath.Parse("file"), VolumePath.Parse(path), true, default),
                () => _files.ListAsync("data", VolumePath.Parse(path[..path.LastIndexOf('/')]), null, 10, default),
            ])
        {
            Assert.Equal(("volume.escapes", ErrorKind.Invalid), (await Assert.ThrowsAsync<ErrorException>(act)).Error is var error ? (error.Code, error.Kind) : default);
        }

        Assert.Equal("the host's", await File.ReadAllTextAsync(_root + "/secret"));
    }

    [Fact]
    public async Task Read_OfALinkOrAPipe_OpensNothing()
    {
        File.CreateSymbolicLink(Data + "/link", _root + "/secret");
        using (var made = System.Diagnostics.Process.Start("mkfifo", Data + "/pipe"))
        {
            await made.WaitForExitAsync();
        }

        Assert.Equal("volume.not_a_file", (await Assert.ThrowsAsync<ErrorException>(() => ReadAsync("link"))).Error.Code);
        Assert.Equal("volume.not_a_file", (await Assert.ThrowsAsync<ErrorException>(() => ReadAsync("pipe"))).Error.Code);
    }

    [Fact]
    public async Task Read_OfAFile_GivesAllOrItsBeginning()
    {
        Directory.CreateDirectory(Data + "/real");
        File.CreateSymbolicLink(Data + "/inner", "real");
        await File.WriteAllTextAsync(Data + "/real/file", "hello world");

        Assert.Equal("hello world", await ReadAsync("inner/file"));
        Assert.Equal("hello", await ReadAsync("/real/./file", 5));
        Assert.Equal("", await ReadAsync("real/file", 0));
        Assert.Equal("volume.no_file", (await Assert.ThrowsAsync<ErrorException>(() => ReadAsync("none"))).Error.Code);
        Assert.Equal("volume.not_a_folder", (await Assert.ThrowsAsync<ErrorException>(() => ReadAsync("real/file/x"))).Error.Code);
    }

    [Fact]
    public async Task Write_IsThereWhollyOrNotAtAll()
    {
        await WriteAsync("file", "first", overwrite: false);
        Assert.Equal("volume.file_exists", (await Assert.ThrowsAsync<ErrorException>(() => WriteAsync("file", "second", overwrite: false))).Error.Code);
        Assert.Equal("first", await File.ReadAllTextAsync(Data + "/file"));
        File.SetUnixFileMode(Data + "/file", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await WriteAsync("file", "second", overwrite: true);
        Assert.Equal(("second", UnixFileMode.UserRead | UnixFileMode.UserWrite), (await File.ReadAllTextAsync(Data + "/file"), File.GetUnixFileMode(Data + "/file")));

        await Assert.ThrowsAsync<IOException>(() => _files.WriteAsync("data", VolumePath.Parse("file"), new BreakingStream(), true, default));
        Directory.CreateDirectory(Data + "/folder");
        Assert.Equal("volume.is_a_folder", (await Assert.ThrowsAsync<ErrorException>(() => WriteAsync("folder", "x", overwrite: true))).Error.Code);
        Assert.Equal("volume.path", (await Assert.ThrowsAsync<ErrorException>(() => WriteAsync("/", "x", overwrite: true))).Error.Code);
        Assert.Equal(["file", "folder"], Directory.GetFileSystemEntries(Data).Select(path => Path.GetFileName(path)).Order());
        Assert.Equal("second", await File.ReadAllTextAsync(Data + "/file"));
    }

    [Fact]
    public async Task Write_OverALink_ReplacesTheLink()
    {
        File.CreateSymbolicLink(Data + "/link", _root + "/secret");

        await WriteAsync("link", "mine", overwrite: true);

        Assert.Null(new FileInfo(Data + "/link").LinkTarget);
        Assert.Equal("the host's", await File.ReadAllTextAsync(_root + "/secret"));
    }

    [Fact]
    public async Task WriteArchive_MergesFoldersAndReplacesOnlyWhenTold()
    {
        Directory.CreateDirectory(Data + "/a");
        await File.WriteAllTextAsync(Data + "/a/old", "old");
        var archive = new TarBuilder().Folder("a").File("a/old", "new").File("a/more", "more");

        Assert.Equal("volume.file_exists", (await Assert.ThrowsAsync<ErrorException>(() => _files.WriteArchiveAsync("data", VolumePath.Root, archive.Build(), false, default))).Error.Code);
        Assert.Equal("old", await File.ReadAllTextAsync(Data + "/a/old"));
        await _files.WriteArchiveAsync("data", VolumePath.Root, archive.Build(), true, default);
        Assert.Equal(("new", "more"), (await File.ReadAllTextAsync(Data + "/a/old"), await File.ReadAllTextAsync(Data + "/a/more")));
        Assert.Equal("volume.is_a_folder", (await Assert.ThrowsAsync<ErrorException>(() => _files.WriteArchiveAsync("data", VolumePath.Root, new TarBuilder().File("a", "x").Build(), true, default))).Error.Code);
    }

    [Theory]
    [InlineData("../../../secret")]
    [InlineData("out/secret")]
    public async Task WriteArchive_ThatWouldLeaveTheVolume_TouchesNothingOutside(string name)
    {
        File.CreateSymbolicLink(Data + "/out", _root);

        _ = await Record.ExceptionAsync(() => _files.WriteArchiveAsync("data", VolumePath.Root, new TarBuilder().File(name, "stolen").Build(), true, default));

        Assert.Equal("the host's", await File.ReadAllTextAsync(_root + "/secret"));
    }

    [Fact]
    public async Task FoldersRenamesAndDeletes_DoWhatTheySay()
    {
        await _files.MakeFolderAsync("data", VolumePath.Parse("one"), default);
        Assert.Equal("volume.file_exists", (await Assert.ThrowsAsync<ErrorException>(() => _files.MakeFolderAsync("data", VolumePath.Parse("one"), default))).Error.Code);
        await WriteAsync("one/file", "x", overwrite: false);
        await WriteAsync("other", "y", overwrite: false);
        Assert.Equal("volume.file_exists", (await Assert.ThrowsAsync<ErrorException>(() => _files.RenameAsync("data", VolumePath.Parse("other"), VolumePath.Parse("one/file"), false, default))).Error.Code);
        await _files.RenameAsync("data", VolumePath.Parse("other"), VolumePath.Parse("one/file"), true, default);
        Assert.Equal("y", await File.ReadAllTextAsync(Data + "/one/file"));
        Assert.Equal("volume.path", (await Assert.ThrowsAsync<ErrorException>(() => _files.RenameAsync("data", VolumePath.Parse("one"), VolumePath.Parse("one/in"), false, default))).Error.Code);
        Assert.Equal("volume.not_empty", (await Assert.ThrowsAsync<ErrorException>(() => _files.DeleteAsync("data", VolumePath.Parse("one"), false, default))).Error.Code);
        await _files.DeleteAsync("data", VolumePath.Parse("one"), true, default);
        Assert.Empty(Directory.GetFileSystemEntries(Data));
        Assert.Equal("volume.no_file", (await Assert.ThrowsAsync<ErrorException>(() => _files.DeleteAsync("data", VolumePath.Parse("one"), true, default))).Error.Code);
        Assert.Equal("volume.path", (await Assert.ThrowsAsync<ErrorException>(() => _files.DeleteAsync("data", VolumePath.Root, true, default))).Error.Code);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("a\0b")]
    public void Path_ThatCannotBe_IsRefused(string path) => Assert.Equal("volume.path", Assert.Throws<ErrorException>(() => VolumePath.Parse(path)).Error.Code);

    private async Task<string> ReadAsync(string path, long? length = null)
    {
        var content = new MemoryStream();
        long? told = null;
        await _files.ReadAsync("data", VolumePath.Parse(path), length, (_, bytes) =>
        {
            told = bytes;
            return content;
        }, default);
        Assert.Equal(told, content.Length);
        return Encoding.UTF8.GetString(content.ToArray());
    }

    private Task WriteAsync(string path, string content, bool overwrite) =>
        _files.WriteAsync("data", VolumePath.Parse(path), new MemoryStream(Encoding.UTF8.GetBytes(content)), overwrite, default);

    private sealed class BreakingStream : MemoryStream
    {
        private bool _begun;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_begun)
            {
                throw new IOException("the connection broke");
            }

            _begun = true;
            return new(buffer.Length);
        }
    }
}
