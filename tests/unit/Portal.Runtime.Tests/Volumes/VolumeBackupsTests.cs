using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Tar;
using Portal.Runtime.Tests.Containers;
using Portal.Runtime.Tests.Tar;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Tests.Volumes;

public sealed class VolumeBackupsTests : IAsyncLifetime
{
    private readonly string _root = Directory.CreateTempSubdirectory("portal-backups").FullName;
    private readonly RuntimeOptions _options;
    private readonly QuietLog _containers = new();
    private LocalVolumes _volumes;
    private VolumeBackups _backups;

    public VolumeBackupsTests()
    {
        _options = new() { DataRoot = _root };
        (_volumes, _backups) = Open();
    }

    private string Data => _root + "/volumes/data/_data";

    public async ValueTask InitializeAsync() => await _volumes.CreateAsync("data", new Dictionary<string, string> { ["colour"] = "blue" }, null, default);

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_root, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Restore_OfABackup_IsTheSame()
    {
        Directory.CreateDirectory(Data + "/folder");
        await File.WriteAllTextAsync(Data + "/folder/file", "content");
        File.SetUnixFileMode(Data + "/folder/file", UnixFileMode.UserRead | UnixFileMode.SetUser);
        File.SetLastWriteTimeUtc(Data + "/folder/file", new(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        File.CreateSymbolicLink(Data + "/link", "/etc/passwd");
        await ShellAsync($"ln {Data}/folder/file {Data}/second; mkfifo {Data}/pipe; truncate -s 64M {Data}/sparse; printf end >> {Data}/sparse; chmod 2711 {Data}");
        await File.WriteAllTextAsync(Data + "/portal-volume.seal.json", "a file of this name");

        var manifest = await _backups.RestoreAsync("copy", new MemoryStream(await BackupAsync()), default);

        Assert.Equal(("data", "local", "blue"), (manifest.Volume, manifest.Driver, manifest.Labels["colour"]));
        Assert.Equal("blue", _volumes.Resolve("copy").Labels["colour"]);
        var copy = _root + "/volumes/copy/_data";
        Assert.Equal(await LookAsync(Data), await LookAsync(copy));
        Assert.True(long.Parse(await ShellAsync($"stat -c %b {copy}/sparse")) < 100);
        Assert.Equal("a file of this name", await File.ReadAllTextAsync(copy + "/portal-volume.seal.json"));
        Assert.Equal(await ShellAsync($"stat -c %i {copy}/second"), await ShellAsync($"stat -c %i {copy}/folder/file"));
        Assert.Empty(_backups.List());
    }

    [Fact]
    public async Task Backup_IsReadByAnybodysTar()
    {
        await File.WriteAllTextAsync(Data + "/file", "content");
        await File.WriteAllBytesAsync(_root + "/backup", await BackupAsync());

        await using var tar = Compression.Unpack(File.OpenRead(_root + "/backup"));
        await using (var plain = File.Create(_root + "/backup.tar"))
        {
            tar.CopyTo(plain);
        }

        Assert.Equal("portal-volume.json data/ data/file portal-volume.seal.json", (await ShellAsync($"tar -tf {_root}/backup.tar")).Replace('\n', ' '));
    }

    [Fact]
    public async Task Restore_OfABrokenArchive_LeavesNothing()
    {
        await File.WriteAllTextAsync(Data + "/file", new string('x', 100_000));
        var good = await BackupAsync();
        var raw = Raw(good);
        var changed = raw.ToArray();
        changed[Array.IndexOf(changed, (byte)'x', 2048)] = (byte)'y';
        byte[][] broken =
        [
            [], good[..(good.Length / 2)], raw[..(raw.Length / 2)], raw[..^2048], changed,
            new TarBuilder().File("file", "x").Build().ToArray(),
            [.. Member("portal-volume.json", """{"format":2,"volume":"x","driver":"local","labels":{},"options":null,"created":"2020-01-01T00:00:00Z","taken":"2020-01-01T00:00:00Z","sizeBytes":0}""")],
        ];
        await _volumes.CreateAsync("empty", new Dictionary<string, string>(), null, default);
        foreach (var archive in broken)
        {
            Assert.Equal(ErrorKind.Invalid, (await Assert.ThrowsAsync<ErrorException>(() => _backups.RestoreAsync("fresh", new MemoryStream(archive), default))).Error.Kind);
            await Assert.ThrowsAsync<ErrorException>(() => _backups.RestoreAsync("empty", new MemoryStream(archive), default));
            Assert.False(Directory.Exists(_root + "/volumes/fresh"));
            Assert.Equal(["_data", "volume.json"], Directory.GetFileSystemEntries(_root + "/volumes/empty").Select(path => Path.GetFileName(path)).Order());
            Assert.Empty(Directory.GetFileSystemEntries(_root + "/volumes/empty/_data"));
        }

        Assert.Equal(["data", "empty"], _volumes.List().Select(volume => volume.Name));
        await _backups.RestoreAsync("empty", new MemoryStream(raw), default);
        Assert.True(File.Exists(_root + "/volumes/empty/_data/file"));
    }

    [Theory]
    [InlineData("data/../../../secret", '0', "")]
    [InlineData("../secret", '0', "")]
    [InlineData("secret", '0', "")]
    [InlineData("data/hard", '1', "data/../../../../secret")]
    [InlineData("data/hard", '1', "/secret")]
    public async Task Restore_OfAnArchiveThatWouldLeaveTheVolume_IsRefused(string name, char type, string link)
    {
        await File.WriteAllTextAsync(_root + "/secret", "the host's");
        var manifest = """{"format":1,"volume":"x","driver":"local","labels":{},"options":null,"created":"2020-01-01T00:00:00Z","taken":"2020-01-01T00:00:00Z","sizeBytes":0}""";
        var archive = new TarBuilder().File("portal-volume.json", manifest).Member(name, type, type == '0' ? "stolen" : "", link).Build();

        Assert.Equal(ErrorKind.Invalid, (await Assert.ThrowsAsync<ErrorException>(() => _backups.RestoreAsync("fresh", archive, default))).Error.Kind);

        Assert.Equal("the host's", await File.ReadAllTextAsync(_root + "/secret"));
        Assert.False(Directory.Exists(_root + "/volumes/fresh"));
    }

    [Fact]
    public async Task Restore_IntoAVolumeThatIsUsedOrNotEmptyOrInMemory_Is409()
    {
        await File.WriteAllTextAsync(Data + "/file", "x");
        var backup = await BackupAsync();
        await _volumes.CreateAsync("used", new Dictionary<string, string>(), null, default);
        await _volumes.CreateAsync("memory", new Dictionary<string, string>(), new Dictionary<string, string> { ["type"] = "tmpfs", ["device"] = "tmpfs" }, default);
        using var use = _volumes.Use("used");

        foreach (var (volume, code) in new[] { ("data", "volume.not_empty"), ("used", "volume.in_use"), ("memory", "volume.in_memory"), ("../x", "volume.invalid_name") })
        {
            Assert.Equal(code, (await Assert.ThrowsAsync<ErrorException>(() => _backups.RestoreAsync(volume, new MemoryStream(backup), default))).Error.Code);
        }

        Assert.Equal("x", await File.ReadAllTextAsync(Data + "/file"));
    }

    [Fact]
    public void Restore_UnderWay_KeepsOthersOut()
    {
        using var place = _volumes.BeginRestore("data");
        using var coming = _volumes.BeginRestore("coming");

        Assert.Equal("volume data is being restored", Assert.Throws<ErrorException>(() => _volumes.Use("data")).Message);
        Assert.Equal(ErrorKind.Conflict, Assert.Throws<ErrorException>(() => _volumes.BeginRestore("data")).Error.Kind);
        Assert.Equal("volume coming is being restored", Assert.Throws<ErrorException>(() => _volumes.BeginRestore("coming")).Message);
        Assert.DoesNotContain(_volumes.List(), volume => volume.Name == "coming");
    }

    [Fact]
    public async Task Load_AfterARestoreThatWasCutShort_HasNothingOfIt()
    {
        var place = _volumes.BeginRestore("data");
        await File.WriteAllTextAsync(place.Folder + "/half", "x");
        var coming = _volumes.BeginRestore("coming");
        await File.WriteAllTextAsync(coming.Folder + "/half", "x");

        (_volumes, _backups) = Open();

        Assert.Equal("data", Assert.Single(_volumes.List()).Name);
        Assert.Equal(["_data", "volume.json"], Directory.GetFileSystemEntries(_root + "/volumes/data").Select(path => Path.GetFileName(path)).Order());
        Assert.False(Directory.Exists(_root + "/volumes/coming"));
    }

    [Theory]
    [InlineData(QuietMode.Pause, "pause second,pause first,unpause first,unpause second")]
    [InlineData(QuietMode.Stop, "stop second,stop first,start first,start second")]
    [InlineData(QuietMode.None, "")]
    public async Task Backup_QuietsTheUsersOfTheVolumeAndHasThemGoOn(QuietMode mode, string calls)
    {
        Run("first", "data");
        Run("second", "data");
        Run("other", "elsewhere");

        await BackupAsync(mode);

        Assert.Equal(calls, string.Join(',', _containers.Calls));
        Assert.Empty(Notes());
    }

    [Fact]
    public async Task Backup_WhoseReaderLeaves_HasTheContainersGoOn()
    {
        Run("first", "data");
        await File.WriteAllBytesAsync(Data + "/file", new byte[1 << 20]);

        await Assert.ThrowsAsync<IOException>(() => _backups.BackupAsync("data", QuietMode.Pause, _ => throw new IOException("gone"), default));

        Assert.Equal(["pause first", "unpause first"], _containers.Calls);
        Assert.Empty(Notes());
    }

    [Fact]
    public async Task Backup_OfAVolumeWhoseUserCannotBeQuieted_IsRefusedAndUndone()
    {
        Run("first", "data");
        Run("stubborn", "data");
        Run("last", "data");

        await Assert.ThrowsAsync<ErrorException>(() => BackupAsync(QuietMode.Pause));

        Assert.Equal(["pause last", "pause stubborn", "unpause last"], _containers.Calls);
        Assert.Empty(Notes());
    }

    [Fact]
    public async Task Backup_ThatWouldStopWhatGoesThen_IsRefused()
    {
        Run("first", "data", autoRemove: true);

        Assert.Equal("volume.user_would_go", (await Assert.ThrowsAsync<ErrorException>(() => BackupAsync(QuietMode.Stop))).Error.Code);

        Assert.Empty(_containers.Calls);
    }

    [Fact]
    public async Task Settle_AfterAnAgentThatWasKilled_HasContainersGoOn()
    {
        Run("first", "data");
        await new QuietContainers(_options, _containers, NullLogger<QuietContainers>.Instance).BeginAsync("data", QuietMode.Pause, default);
        Assert.Single(Notes());

        var next = new QuietContainers(_options, _containers, NullLogger<QuietContainers>.Instance);
        await next.SettleAsync();
        await next.SettleAsync();

        Assert.Equal(["pause first", "unpause first"], _containers.Calls);
        Assert.Empty(Notes());
    }

    private static byte[] Member(string name, string content) => new TarBuilder().File(name, content).Build().ToArray();

    private static byte[] Raw(byte[] packed)
    {
        using var plain = new MemoryStream();
        Compression.Unpack(new MemoryStream(packed)).CopyTo(plain);
        return plain.ToArray();
    }

    private static async Task<string> ShellAsync(string script)
    {
        var start = new System.Diagnostics.ProcessStartInfo("sh") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(script);
        using var shell = System.Diagnostics.Process.Start(start)!;
        var output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return output.Trim();
    }

    /// <summary>Names, kinds, modes, owners, sizes, links and times of a tree, and what is in its files.</summary>
    private static Task<string> LookAsync(string folder) =>
        ShellAsync($"cd {folder} && find . -printf '%p %y %m %U %G %s %n %l %T@\\n' | sed 's/^\\(.* d [0-9]* [0-9]* [0-9]*\\) [0-9]*/\\1/' | sort; find . -type f | sort | xargs cksum");

    private async Task<byte[]> BackupAsync(QuietMode mode = QuietMode.None)
    {
        var archive = new MemoryStream();
        await _backups.BackupAsync("data", mode, _ => archive, default);
        return archive.ToArray();
    }

    private string[] Notes() => Directory.Exists(_root + "/quiet") ? Directory.GetFiles(_root + "/quiet") : [];

    private void Run(string name, string volume, bool autoRemove = false)
    {
        var record = ContainerStoreTests.Record(ContainerId.New(), name, ContainerState.Running, autoRemove);
        // Newest first, as the engine lists them.
        _containers.Running.Insert(0, record.Container with { Mounts = [new(MountKind.Volume, volume, "/v", "/v", false, false, "")] });
    }

    private (LocalVolumes Volumes, VolumeBackups Backups) Open()
    {
        var containers = new ContainerStore(_options, TimeProvider.System, NullLogger<ContainerStore>.Instance);
        containers.Load();
        var volumes = new LocalVolumes(
            _options, containers, new(NullLogger<VolumeMounts>.Instance), new RuntimeEvents(TimeProvider.System), TimeProvider.System, NullLogger<LocalVolumes>.Instance);
        volumes.Load();
        return (volumes, new(volumes, new(_options, _containers, NullLogger<QuietContainers>.Instance), TimeProvider.System));
    }

    /// <summary>Containers that note what is done to them. The stubborn one cannot be paused.</summary>
    private sealed class QuietLog : NoContainers
    {
        public List<ContainerSnapshot> Running { get; } = [];

        public List<string> Calls { get; } = [];

        public override IReadOnlyList<ContainerSnapshot> List() => Running;

        public override Task PauseAsync(ContainerId id, CancellationToken ct)
        {
            Note("pause", id, ContainerState.Running);
            if (Name(id) == "stubborn")
            {
                throw new ErrorException(ErrorKind.Internal, "container.pause_failed", "no");
            }

            Set(id, ContainerState.Paused);
            return Task.CompletedTask;
        }

        public override Task UnpauseAsync(ContainerId id, CancellationToken ct) => Note("unpause", id, ContainerState.Running);

        public override Task<bool> StopAsync(ContainerId id, TimeSpan? timeout, string? signal, CancellationToken ct)
        {
            Note("stop", id, ContainerState.Exited);
            return Task.FromResult(true);
        }

        public override Task<bool> StartAsync(ContainerId id, CancellationToken ct)
        {
            Note("start", id, ContainerState.Running);
            return Task.FromResult(true);
        }

        private string Name(ContainerId id) => Running.Single(container => container.Id == id).Name;

        private Task Note(string call, ContainerId id, ContainerState state)
        {
            Calls.Add($"{call} {Name(id)}");
            Set(id, state);
            return Task.CompletedTask;
        }

        private void Set(ContainerId id, ContainerState state)
        {
            var index = Running.FindIndex(container => container.Id == id);
            Running[index] = Running[index] with { Status = Running[index].Status with { State = state } };
        }
    }
}
