using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Tests.Containers;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Tests.Volumes;

public sealed class LocalVolumesTests : IDisposable
{
    private static readonly Dictionary<string, string> s_none = [];

    private readonly string _root = Directory.CreateTempSubdirectory("portal-volumes").FullName;
    private readonly ContainerStore _containers;
    private readonly LocalVolumes _volumes;

    public LocalVolumesTests()
    {
        _containers = new(new() { DataRoot = _root }, TimeProvider.System, NullLogger<ContainerStore>.Instance);
        _containers.Load();
        _volumes = Open();
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Create_Twice_IsTheSameAndSurvives()
    {
        var first = await _volumes.CreateAsync("data", new Dictionary<string, string> { ["k"] = "v" }, null, default);
        var second = await _volumes.CreateAsync("data", s_none, null, default);

        Assert.Equal(first, second);
        Assert.Equal("v", Open().Resolve("data").Labels["k"]);
        Assert.True(Directory.Exists(first.MountPoint));
    }

    [Fact]
    public async Task Create_WithoutName_IsAnonymous()
    {
        var volume = await _volumes.CreateAsync(null, s_none, null, default);

        Assert.Equal((64, true), (volume.Name.Length, volume.Anonymous));
    }

    [Fact]
    public async Task Create_BadName_IsRefused() =>
        Assert.Equal(ErrorKind.Invalid, (await Assert.ThrowsAsync<ErrorException>(() => _volumes.CreateAsync("../x", s_none, null, default))).Error.Kind);

    [Fact]
    public async Task Remove_InUse_Is409AndNamesTheContainer()
    {
        var volume = await _volumes.CreateAsync("data", s_none, null, default);
        var record = ContainerStoreTests.Record(ContainerId.New(), "web");
        Directory.CreateDirectory(_containers.Folder(record.Container.Id));
        var container = _containers.Add(record with
        {
            Container = record.Container with { Mounts = [new(MountKind.Volume, "data", volume.MountPoint, "/data", false, false, "")] },
        });

        Assert.Equal(
            $"remove data: volume is in use - [{container.Id}]",
            (await Assert.ThrowsAsync<ErrorException>(() => _volumes.RemoveAsync("data", force: true, default))).Message);

        _containers.Remove(container);
        await _volumes.RemoveAsync("data", force: false, default);
        Assert.False(Directory.Exists(volume.MountPoint));
    }

    [Fact]
    public async Task Remove_ClaimedForAContainerInTheMaking_Is409UntilItIsSettled()
    {
        var (maker, borrower) = (ContainerId.New(), ContainerId.New());
        var volume = await _volumes.ClaimAsync(null, s_none, null, maker, default);
        _volumes.Claim(volume.Name, borrower);
        _volumes.Settle(maker);

        _volumes.Discard(volume.Name);
        Assert.Equal(
            $"remove {volume.Name}: volume is in use - [{borrower}]",
            (await Assert.ThrowsAsync<ErrorException>(() => _volumes.RemoveAsync(volume.Name, force: true, default))).Message);

        _volumes.Settle(borrower);
        _volumes.Discard(volume.Name);
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<ErrorException>(() => _volumes.Claim(volume.Name, borrower)).Error.Kind);
    }

    [Fact]
    public async Task Remove_Absent_Is404UnlessForced()
    {
        await _volumes.RemoveAsync("nope", force: true, default);

        Assert.Equal("get nope: no such volume", (await Assert.ThrowsAsync<ErrorException>(() => _volumes.RemoveAsync("nope", false, default))).Message);
    }

    [Fact]
    public async Task Load_MadeForAContainerThatNeverCameToBe_IsGone()
    {
        var (unfinished, finished) = (ContainerId.New(), ContainerStoreTests.Record(ContainerId.New(), "web"));
        Directory.CreateDirectory(_containers.Folder(unfinished));
        Directory.CreateDirectory(_containers.Folder(finished.Container.Id));
        _containers.Add(finished);
        var lost = await _volumes.ClaimAsync(null, s_none, null, unfinished, default);
        var named = await _volumes.ClaimAsync("named", s_none, null, unfinished, default);
        var kept = await _volumes.ClaimAsync(null, s_none, null, finished.Container.Id, default);
        var alone = await _volumes.CreateAsync(null, s_none, null, default);

        var containers = new ContainerStore(new() { DataRoot = _root }, TimeProvider.System, NullLogger<ContainerStore>.Instance);
        containers.Load();
        var volumes = Open(containers);

        Assert.Equal(new[] { named.Name, kept.Name, alone.Name }.Order(), volumes.List().Select(volume => volume.Name).Order());
        Assert.False(Directory.Exists(Path.GetDirectoryName(lost.MountPoint)));
    }

    [Fact]
    public async Task Load_AnonymousVolumeOfARemovedContainer_Stays()
    {
        var record = ContainerStoreTests.Record(ContainerId.New(), "web");
        Directory.CreateDirectory(_containers.Folder(record.Container.Id));
        var volume = await _volumes.ClaimAsync(null, s_none, null, record.Container.Id, default);
        _containers.Remove(_containers.Add(record));

        var containers = new ContainerStore(new() { DataRoot = _root }, TimeProvider.System, NullLogger<ContainerStore>.Instance);
        containers.Load();

        Assert.Equal(volume.Name, Assert.Single(Open(containers).List()).Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"Name\":\"data\",\"Mou")]
    [InlineData("{\"Name\":\"data\",\"MountPoint\":7,\"Created\":\"2026-01-01T00:00:00Z\",\"Labels\":{},\"Anonymous\":false}")]
    [InlineData("{\"Name\":\"data\",\"MountPoint\":\"/v\",\"Created\":\"2026-01-01T00:00:00Z\",\"Labels\":null,\"Anonymous\":false}")]
    [InlineData("{\"Name\":\"other\",\"MountPoint\":\"/v\",\"Created\":\"2026-01-01T00:00:00Z\",\"Labels\":{},\"Anonymous\":false}")]
    [InlineData("[]")]
    [InlineData("null")]
    public async Task Load_UnreadableRecord_IsKeptWithItsDataAndNotMadeAnew(string content)
    {
        await _volumes.CreateAsync("good", s_none, null, default);
        var volume = await _volumes.CreateAsync("data", s_none, null, default);
        var folder = Path.GetDirectoryName(volume.MountPoint)!;
        await File.WriteAllTextAsync(volume.MountPoint + "/file", "worth");
        await File.WriteAllTextAsync(folder + "/volume.json", content);

        foreach (var volumes in (LocalVolumes[])[Open(), Open()])
        {
            Assert.Equal("good", Assert.Single(volumes.List()).Name);
            Assert.Equal("worth", await File.ReadAllTextAsync(volume.MountPoint + "/file"));
            Assert.Equal(content, await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(folder, "volume.json.unreadable-*"))));
            Assert.Contains("cannot be read", (await Assert.ThrowsAsync<ErrorException>(() => volumes.CreateAsync("data", s_none, null, default))).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("part", false)]
    public async Task Fill_CutShort_IsUndoneByTheNextAgent(string subpath, bool isAll)
    {
        var volume = await _volumes.CreateAsync("data", s_none, null, default);
        var folder = Path.Combine(volume.MountPoint, subpath);
        if (!isAll)
        {
            Directory.CreateDirectory(folder);
            await File.WriteAllTextAsync(volume.MountPoint + "/theirs", "data");
        }

        Assert.NotNull(_volumes.BeginFill("data", volume.MountPoint, subpath));
        Directory.CreateDirectory(folder + "/half");
        await File.WriteAllTextAsync(folder + "/half/file", "x");
        Open().Adopt([]);

        Assert.DoesNotContain(folder + "/half", Directory.GetFileSystemEntries(folder));
        Assert.Equal(!isAll, File.Exists(volume.MountPoint + "/theirs"));
        Assert.Equal(["_data", "volume.json"], Directory.GetFileSystemEntries(Path.GetDirectoryName(volume.MountPoint)!).Select(path => Path.GetFileName(path)).Order());
    }

    [Fact]
    public async Task Fill_ThatFails_LeavesTheVolumeEmptyAndOneThatIsCommittedStays()
    {
        var volume = await _volumes.CreateAsync("data", s_none, null, default);
        // Without an await inside: it is the thread that has its turn.
        using (_volumes.BeginFill("data", volume.MountPoint, ""))
        {
            File.WriteAllText(volume.MountPoint + "/half", "x");
        }

        Assert.Empty(Directory.GetFileSystemEntries(volume.MountPoint));
        using (var filling = _volumes.BeginFill("data", volume.MountPoint, ""))
        {
            File.WriteAllText(volume.MountPoint + "/whole", "x");
            filling!.Commit();
        }

        Open().Adopt([]);
        Assert.Single(Directory.GetFileSystemEntries(volume.MountPoint));
        Assert.Null(_volumes.BeginFill("data", volume.MountPoint, ""));
        Assert.Null(_volumes.BeginFill("data", volume.MountPoint, "missing"));
    }

    [Fact]
    public async Task Fill_OfANoteThatWasCutItself_TakesNothingAway()
    {
        var volume = await _volumes.CreateAsync("data", s_none, null, default);
        await File.WriteAllTextAsync(volume.MountPoint + "/theirs", "data");
        await File.WriteAllTextAsync(Path.GetDirectoryName(volume.MountPoint) + "/filling", "");

        Open().Adopt([]);

        Assert.True(File.Exists(volume.MountPoint + "/theirs"));
        Assert.False(File.Exists(Path.GetDirectoryName(volume.MountPoint) + "/filling"));
    }

    private LocalVolumes Open() => Open(_containers);

    private LocalVolumes Open(ContainerStore containers)
    {
        var volumes = new LocalVolumes(new() { DataRoot = _root }, containers, new VolumeMounts(NullLogger<VolumeMounts>.Instance), new RuntimeEvents(TimeProvider.System), TimeProvider.System, NullLogger<LocalVolumes>.Instance);
        volumes.Load();
        return volumes;
    }
}
