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
        var first = await _volumes.CreateAsync("data", new Dictionary<string, string> { ["k"] = "v" }, default);
        var second = await _volumes.CreateAsync("data", s_none, default);

        Assert.Equal(first, second);
        Assert.Equal("v", Open().Resolve("data").Labels["k"]);
        Assert.True(Directory.Exists(first.MountPoint));
    }

    [Fact]
    public async Task Create_WithoutName_IsAnonymous()
    {
        var volume = await _volumes.CreateAsync(null, s_none, default);

        Assert.Equal((64, true), (volume.Name.Length, volume.Anonymous));
    }

    [Fact]
    public async Task Create_BadName_IsRefused() =>
        Assert.Equal(ErrorKind.Invalid, (await Assert.ThrowsAsync<ErrorException>(() => _volumes.CreateAsync("../x", s_none, default))).Error.Kind);

    [Fact]
    public async Task Remove_InUse_Is409AndNamesTheContainer()
    {
        var volume = await _volumes.CreateAsync("data", s_none, default);
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
        var volume = await _volumes.ClaimAsync(null, s_none, maker, default);
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

    private LocalVolumes Open()
    {
        var volumes = new LocalVolumes(new() { DataRoot = _root }, _containers, new RuntimeEvents(TimeProvider.System), TimeProvider.System);
        volumes.Load();
        return volumes;
    }
}
