using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Events;
using Portal.Runtime.Images;
using Portal.Runtime.Mounts;
using Portal.Runtime.Tests.Containers;
using Portal.Runtime.Volumes;

namespace Portal.Runtime.Tests.Mounts;

public sealed class MountResolutionTests : IDisposable, IImages
{
    private static readonly Digest s_layer = Digest.Of("layer"u8);

    private readonly string _root = Directory.CreateTempSubdirectory("portal-mounts").FullName;
    private readonly ContainerStore _containers;
    private readonly LocalVolumes _volumes;
    private readonly MountResolution _resolution;

    public MountResolutionTests()
    {
        var options = new RuntimeOptions { DataRoot = _root + "/data", RunRoot = _root + "/run" };
        _containers = new(options, TimeProvider.System, NullLogger<ContainerStore>.Instance);
        _containers.Load();
        _volumes = new(options, _containers, new(NullLogger<VolumeMounts>.Instance), new RuntimeEvents(TimeProvider.System), TimeProvider.System, NullLogger<LocalVolumes>.Instance);
        _volumes.Load();
        _resolution = new(options, _containers, _volumes, this, new(options, null!));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Mounts_OfEveryKind_AreResolved()
    {
        var mounts = await ResolveAsync(
            new MountSpec(MountKind.Bind, _root, "/b/../bind", true) { Origin = MountOrigin.Binds, Mode = "ro,z", CreateSource = true, ReadOnlyReach = ReadOnlyReach.TopOnly },
            new MountSpec(MountKind.Volume, "named", "/named", false) { VolumeLabels = new Dictionary<string, string> { ["k"] = "v" }, Subpath = "x" },
            new MountSpec(MountKind.Volume, "", "/anonymous", false) { Origin = MountOrigin.Volumes },
            new MountSpec(MountKind.Tmpfs, "", "/tmpfs", false) { TmpfsOptions = "size=1m" },
            new MountSpec(MountKind.Image, "tools", "/image", true) { Subpath = "bin" });

        Assert.Equal(["/bind", "/named", "/tmpfs", "/image", "/anonymous", "/declared"], mounts.Select(mount => mount.Target));
        Assert.Equal(
            new ResolvedMount(MountKind.Bind, null, _root, "/bind", true, false, "rslave")
            {
                Origin = MountOrigin.Binds, Mode = "ro,z", CreateSource = true, ReadOnlyReach = ReadOnlyReach.TopOnly, LockedOptions = mounts[0].LockedOptions,
            },
            mounts[0]);
        Assert.Equal(("named", "x", false, "v"), (mounts[1].VolumeName, mounts[1].Subpath, mounts[1].Anonymous, _volumes.Resolve("named").Labels["k"]));
        Assert.Equal("noexec,nosuid,nodev,rprivate,size=1m", mounts[2].TmpfsOptions);
        Assert.Equal((Digest.Of("tools"u8), "tools", 0, true), (mounts[3].ImageId, mounts[3].ImageName, mounts[3].ImageIndex, mounts[3].Source.EndsWith("/3", StringComparison.Ordinal)));
        Assert.Equal((true, MountOrigin.Volumes), (mounts[4].Anonymous, mounts[4].Origin));
        Assert.Equal((true, MountOrigin.Image), (mounts[5].Anonymous, mounts[5].Origin));
    }

    [Fact]
    public async Task VolumesFrom_Another_TakesItsMountsOverButForTmpfsOfTheShortForm()
    {
        Lend(
            "lender",
            new(MountKind.Bind, null, "/src", "/b", false, false, "rshared") { Origin = MountOrigin.Binds, Mode = "rshared" },
            new(MountKind.Volume, "vol", "/vol", "/v", true, true, "") { Origin = MountOrigin.Image },
            new(MountKind.Tmpfs, null, "", "/short", false, false, "") { Origin = MountOrigin.Tmpfs },
            new(MountKind.Tmpfs, null, "", "/long", false, false, "") { TmpfsOptions = "nodev" },
            new(MountKind.Image, null, "/theirs", "/i", true, false, "") { ImageId = s_layer, ImageIndex = 0 });
        await _volumes.CreateAsync("vol", new Dictionary<string, string>(), null, default);

        var (mounts, plan) = await ResolveAsync(new ContainerSpec { Image = "x", VolumesFrom = ["lender"] });

        Assert.Equal(["/b", "/v", "/long", "/i"], mounts.Select(mount => mount.Target).Take(4));
        Assert.Equal((false, "rshared", "", MountOrigin.Container), (mounts[0].ReadOnly, mounts[0].Propagation, mounts[0].Mode, mounts[0].Origin));
        Assert.Equal((true, true, "vol"), (mounts[1].ReadOnly, mounts[1].Anonymous, mounts[1].VolumeName));
        Assert.Equal((_containers.Resolve("lender").Id, 0), (plan.Images[0].Of, plan.Images[0].Index));
        Assert.EndsWith("/3", mounts[3].Source, StringComparison.Ordinal);
    }

    [Fact]
    public async Task VolumesFrom_ReadOnly_MakesAllOfThemSo()
    {
        Lend("lender", new(MountKind.Bind, null, "/src", "/b", false, false, ""), new(MountKind.Tmpfs, null, "", "/t", false, false, ""));

        var (mounts, _) = await ResolveAsync(new ContainerSpec { Image = "x", VolumesFrom = ["lender:ro,z"] });

        Assert.All(mounts.Take(2), mount => Assert.True(mount.ReadOnly));
    }

    [Fact]
    public async Task Target_ThatSeveralWant_GoesToTheNearest()
    {
        Lend("first", Bind("/first", "/own"), Bind("/first", "/shared"), Bind("/first", "/anonymous"), Bind("/first", "/declared"));
        Lend("second", Bind("/second", "/shared"));

        var (mounts, _) = await ResolveAsync(new ContainerSpec
        {
            Image = "x",
            VolumesFrom = ["first", "second"],
            Mounts = [new(MountKind.Bind, _root, "/own", false), new(MountKind.Volume, "", "/anonymous", false) { Origin = MountOrigin.Volumes }],
        });

        Assert.Equal(
            [$"/own {_root}", "/shared /second", "/anonymous /first", "/declared /first"],
            mounts.Select(mount => $"{mount.Target} {mount.Source}"));
    }

    [Theory]
    [InlineData("", "volumes-from specification cannot be an empty string")]
    [InlineData("nope", "No such container: nope")]
    [InlineData("lender:foo", "invalid mode: foo")]
    [InlineData("lender:ro,rw", "invalid mode: ro,rw")]
    [InlineData("lender:nocopy", "invalid mode: nocopy")]
    [InlineData("lender:rshared", "invalid mode: rshared")]
    public void VolumesFrom_ThatIsWrong_Is400InDockersWords(string from, string message)
    {
        Lend("lender");

        var error = Assert.Throws<ErrorException>(() => _resolution.Plan(new() { Image = "x", VolumesFrom = [from] }, new())).Error;

        Assert.Equal((ErrorKind.Invalid, message), (error.Kind, error.Message));
    }

    [Fact]
    public void Bind_OfAMissingSource_IsRefusedUnlessItIsToBeMade()
    {
        Assert.Equal(
            "invalid mount config for type \"bind\": bind source path does not exist: /nowhere/x",
            Assert.Throws<ErrorException>(() => _resolution.Plan(new() { Image = "x", Mounts = [new(MountKind.Bind, "/nowhere/x", "/b", false)] }, new())).Message);

        _resolution.Plan(new() { Image = "x", Mounts = [new(MountKind.Bind, "/nowhere/x", "/b", false) { CreateSource = true }] }, new());
        Assert.False(Path.Exists("/nowhere"));
    }

    [Theory]
    [InlineData("/", "", "rslave")]
    [InlineData("/", "rshared", "rshared")]
    [InlineData("{root}/data/x", "", "rslave")]
    [InlineData("{root}/run", "", "rslave")]
    [InlineData("{root}/database", "", "rprivate")]
    [InlineData("{root}/database", "private", "private")]
    public void Propagation_OfWhatShowsTheEngine_LetsItsMountsGo(string source, string asked, string propagation) => Assert.Equal(
        propagation,
        new BindSources(new() { DataRoot = _root + "/data", RunRoot = _root + "/run" })
            .Propagation(new(MountKind.Bind, source.Replace("{root}", _root, StringComparison.Ordinal), "/x", false) { Propagation = asked }));

    [Fact]
    public void Propagation_ThatWouldHoldTheEnginesMounts_IsRefused() => Assert.Equal(
        $"invalid mount config: must use either propagation mode \"rslave\" or \"rshared\" when mount source is within the daemon root, daemon root: \"{_root}/data\", bind mount source: \"/\", propagation: \"private\"",
        Assert.Throws<ErrorException>(() => new BindSources(new() { DataRoot = _root + "/data", RunRoot = _root + "/run" }).Propagation(new(MountKind.Bind, "/", "/x", false) { Propagation = "private" })).Message);

    [Fact]
    public void Image_Unknown_Is404() => Assert.Equal(
        ErrorKind.NotFound, Assert.Throws<ErrorException>(() => _resolution.Plan(new() { Image = "x", Mounts = [new(MountKind.Image, "nope", "/i", true)] }, new())).Error.Kind);

    private static ResolvedMount Bind(string source, string target) => new(MountKind.Bind, null, source, target, false, false, "rprivate");

    private void Lend(string name, params ResolvedMount[] mounts)
    {
        var record = ContainerStoreTests.Record(ContainerId.New(), name);
        Directory.CreateDirectory(_containers.Folder(record.Container.Id));
        _containers.Reserve(name, record.Container.Id);
        _containers.Add(record with { Container = record.Container with { Mounts = mounts } });
    }

    private async Task<List<ResolvedMount>> ResolveAsync(params MountSpec[] mounts) => (await ResolveAsync(new ContainerSpec { Image = "x", Mounts = mounts })).Mounts;

    private async Task<(List<ResolvedMount> Mounts, MountPlan Plan)> ResolveAsync(ContainerSpec spec)
    {
        var plan = _resolution.Plan(spec, new() { Volumes = ["/declared/"] });
        var mounts = new List<ResolvedMount>();
        await _resolution.MakeAsync(ContainerId.New(), plan, mounts, default);
        return (mounts, plan);
    }

    ImageSnapshot IImages.Resolve(string reference) => reference == "tools"
        ? new(Digest.Of("tools"u8), [], [], default, 0, "", "", "", "", new(), [s_layer], [])
        : throw new ErrorException(ErrorKind.NotFound, "image.not_found", "");

    IReadOnlyList<ImageSnapshot> IImages.List() => throw new NotSupportedException();

    Task<IReadOnlyList<string>> IImages.LoadAsync(Stream archive, CancellationToken ct) => throw new NotSupportedException();

    LayerUsage IImages.LayerUsage() => throw new NotSupportedException();

    Task<ImageSnapshot> IImages.ImportAsync(Stream layer, string? repository, string? tag, ImageConfig config, string message, CancellationToken ct) => throw new NotSupportedException();

    Task IImages.SaveAsync(IReadOnlyList<string> references, Stream archive, CancellationToken ct) => throw new NotSupportedException();

    Task IImages.TagAsync(string reference, string repository, string? tag, CancellationToken ct) => throw new NotSupportedException();

    Task<IReadOnlyList<ImageDeletion>> IImages.RemoveAsync(string reference, bool force, bool noPrune, CancellationToken ct) => throw new NotSupportedException();
}
