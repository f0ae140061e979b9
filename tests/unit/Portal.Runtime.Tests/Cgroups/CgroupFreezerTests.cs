using Microsoft.Extensions.Time.Testing;
using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Tests.Cgroups;

public sealed class CgroupFreezerTests : IDisposable
{
    private const int Pid = 4711;

    private readonly ContainerId _id = ContainerId.New();
    private readonly FakeTimeProvider _time = new();
    private readonly FakeCgroupFiles _files = new();
    private readonly string _proc = Directory.CreateTempSubdirectory("freezer").FullName;

    public CgroupFreezerTests()
    {
        Directory.CreateDirectory($"{_proc}/{Pid}");
        File.WriteAllText($"{_proc}/{Pid}/stat", Stat('S'));
        File.WriteAllText($"{_proc}/{Pid}/cgroup", $"6:freezer:/portal/{_id}/inner\n4:memory:/portal/{_id}\n0::/portal/{_id}\n");
    }

    private string V1 => $"/cg/freezer/portal/{_id}/freezer.state";

    private string V2 => $"/cg2/portal/{_id}";

    public void Dispose() => Directory.Delete(_proc, recursive: true);

    [Fact]
    public async Task Freeze_OnV1_WritesUntilTheKernelSaysFrozen()
    {
        // What the kernel answers while one of the processes has not stopped yet.
        _files.Reads[V1] = new(["FREEZING", "FREEZING", "FROZEN"]);

        await Run(Freezer(v1: true).TryFreezeAsync(_id, Pid, CancellationToken.None));

        Assert.Equal([(V1, "FROZEN"), (V1, "FROZEN"), (V1, "FROZEN")], _files.Written);
    }

    [Fact]
    public async Task Freeze_OnV2_WaitsForTheEvent()
    {
        _files.Reads[V2 + "/cgroup.events"] = new(["populated 1\nfrozen 0", "populated 1\nfrozen 1"]);

        await Run(Freezer(v1: false).TryFreezeAsync(_id, Pid, CancellationToken.None));

        Assert.Equal([(V2 + "/cgroup.freeze", "1"), (V2 + "/cgroup.freeze", "1")], _files.Written);
    }

    [Theory]
    [InlineData(true, "THAWED")]
    [InlineData(false, "0")]
    public async Task Freeze_ThatNeverCompletes_IsUndone(bool v1, string thawed)
    {
        _files.Reads[V1] = new(["FREEZING"]);
        _files.Reads[V2 + "/cgroup.events"] = new(["populated 1\nfrozen 0"]);

        await Assert.ThrowsAsync<IOException>(() => Run(Freezer(v1).TryFreezeAsync(_id, Pid, CancellationToken.None)));

        Assert.Equal(thawed, _files.Written[^1].Value);
    }

    [Fact]
    public async Task Freeze_GivenUpByTheCaller_IsUndone()
    {
        _files.Reads[V1] = new(["FREEZING"]);
        using var caller = new CancellationTokenSource();

        var freezing = Freezer(v1: true).TryFreezeAsync(_id, Pid, caller.Token);
        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => freezing);
        Assert.Equal((V1, "THAWED"), _files.Written[^1]);
    }

    [Fact]
    public async Task Freeze_OfAProcessInNoCgroupOfItsOwn_TouchesNothing()
    {
        File.WriteAllText($"{_proc}/{Pid}/cgroup", "6:freezer:/\n0::/user.slice\n");

        await Assert.ThrowsAsync<IOException>(() => Run(Freezer(v1: true).TryFreezeAsync(_id, Pid, CancellationToken.None)));

        Assert.Empty(_files.Written);
    }

    [Fact]
    public async Task Freeze_OfAProcessThatIsAboutToEnd_WaitsToSeeIt()
    {
        File.WriteAllText($"{_proc}/{Pid}/cgroup", "6:freezer:/\n0::/\n");

        var freezing = Freezer(v1: true).TryFreezeAsync(_id, Pid, CancellationToken.None);
        Assert.False(freezing.IsCompleted);
        File.WriteAllText($"{_proc}/{Pid}/stat", Stat('Z'));
        await Run(freezing);

        Assert.False(await freezing);
    }

    [Fact]
    public async Task Freeze_OfAProcessThatHasEnded_SaysSo()
    {
        // As the kernel shows a process that its parent has not collected.
        File.WriteAllText($"{_proc}/{Pid}/stat", Stat('Z'));
        File.WriteAllText($"{_proc}/{Pid}/cgroup", "6:freezer:/\n0::/\n");
        Assert.False(await Freezer(v1: true).TryFreezeAsync(_id, Pid, CancellationToken.None));

        Directory.Delete($"{_proc}/{Pid}", recursive: true);
        Assert.False(await Freezer(v1: true).TryFreezeAsync(_id, Pid, CancellationToken.None));

        Assert.Empty(_files.Written);
    }

    [Theory]
    [InlineData("FROZEN", true)]
    [InlineData("FREEZING", true)]
    [InlineData("THAWED", false)]
    public void IsFrozen_OnV1_FollowsTheKernel(string state, bool frozen)
    {
        _files.Reads[V1] = new([state]);

        Assert.Equal(frozen, Freezer(v1: true).IsFrozen(_id, Pid));
    }

    [Fact]
    public void Hybrid_WithoutAFreezerHierarchy_TakesTheV2Tree()
    {
        var locator = CgroupLocator.Parse(["1 0 0:1 / /cg/memory rw - cgroup cgroup rw,memory", "2 0 0:2 / /cg2 rw - cgroup2 cgroup2 rw"]);

        new CgroupFreezer(locator, _files, _time, _proc).Thaw(_id, Pid);

        Assert.Equal([(V2 + "/cgroup.freeze", "0")], _files.Written);
    }

    [Fact]
    public void Thaw_OfAProcessThatIsGone_DoesNothing()
    {
        Freezer(v1: true).Thaw(_id, Pid + 1);

        Assert.Empty(_files.Written);
    }

    private static string Stat(char state) => $"{Pid} (sleep) {state} 1 {string.Join(' ', Enumerable.Repeat('0', 48))}\n";

    /// <summary>Lets time pass until the work is done.</summary>
    private async Task Run(Task work)
    {
        while (!work.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        await work;
    }

    private CgroupFreezer Freezer(bool v1) => new(
        CgroupLocator.Parse(v1
            ? ["1 0 0:1 / /cg/memory rw - cgroup cgroup rw,memory", "2 0 0:2 / /cg/freezer rw - cgroup cgroup rw,freezer"]
            : ["2 0 0:2 / /cg2 rw - cgroup2 cgroup2 rw"]),
        _files, _time, _proc);
}
