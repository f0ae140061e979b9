using Portal.Domain.Primitives;
using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Tests.Cgroups;

public sealed class CgroupLimitsTests : IDisposable
{
    private const int Pid = 4711;

    private readonly ContainerId _id = ContainerId.New();
    private readonly FakeCgroupFiles _files = new();
    private readonly string _proc = Directory.CreateTempSubdirectory("limits").FullName;

    public CgroupLimitsTests()
    {
        Directory.CreateDirectory($"{_proc}/{Pid}");
        File.WriteAllText($"{_proc}/{Pid}/cgroup", $"4:memory:/portal/{_id}\n3:cpu,cpuacct:/portal/{_id}/below\n0::/portal/{_id}\n");
        _files.Content[V1("memory", "memory.limit_in_bytes")] = "9223372036854771712";
        _files.Content[V1("cpu", "cpu.shares")] = "1024";
        _files.Content[V2("memory.max")] = "max";
        _files.Content[V2("io.weight")] = "default 100\n8:0 50";
    }

    public void Dispose() => Directory.Delete(_proc, recursive: true);

    [Fact]
    public void Apply_ToEachController_WritesIntoTheContainersOwnCgroup()
    {
        Limits(v1: true).Apply(_id, Pid, [new("memory", ["memory.limit_in_bytes"], "100"), new("cpu", ["cpu.shares"], "512")]);

        Assert.Equal([(V1("memory", "memory.limit_in_bytes"), "100"), (V1("cpu", "cpu.shares"), "512")], _files.Written);
    }

    [Fact]
    public void Apply_OfOneThatIsRefused_TakesTheOthersBackInReverse()
    {
        _files.Refused.Add((V1("cpu", "cpu.cfs_quota_us"), "5"));
        _files.Content[V1("cpu", "cpu.cfs_quota_us")] = "-1";

        Assert.Throws<IOException>(() => Limits(v1: true).Apply(
            _id, Pid, [new("memory", ["memory.limit_in_bytes"], "100"), new("cpu", ["cpu.shares"], "512"), new("cpu", ["cpu.cfs_quota_us"], "5")]));

        Assert.Equal([V1("cpu", "cpu.shares"), V1("memory", "memory.limit_in_bytes")], _files.Written.Skip(2).Select(write => write.Path));
        Assert.Equal(("9223372036854771712", "1024"), (_files.Content[V1("memory", "memory.limit_in_bytes")], _files.Content[V1("cpu", "cpu.shares")]));
    }

    [Fact]
    public void Apply_Undone_IsAsBefore()
    {
        var undo = Limits(v1: false).Apply(_id, Pid, [new("memory", ["memory.max"], "100"), new("io", ["io.bfq.weight", "io.weight"], "default 200")]);

        undo();

        Assert.Equal(("max", "default 100"), (_files.Content[V2("memory.max")], _files.Content[V2("io.weight")]));
    }

    [Fact]
    public void Apply_OfAFileThatIsNotThere_ChangesNothing()
    {
        var refusal = Assert.Throws<IOException>(() => Limits(v1: true).Apply(
            _id, Pid, [new("memory", ["memory.limit_in_bytes"], "100"), new("cpu", ["cpu.rt_period_us"], "5")]));

        Assert.Contains("cpu.rt_period_us", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("9223372036854771712", _files.Content[V1("memory", "memory.limit_in_bytes")]);
    }

    [Theory]
    [InlineData("2999", false)]
    [InlineData("3000", true)]
    public void V2_MemoryBelowWhatIsUsed_IsRefusedInsteadOfKilledFor(string limit, bool taken)
    {
        _files.Content[V2("memory.stat")] = "anon 1000\nfile 900000\nkernel 500\nshmem 1500";

        var failure = Record.Exception(() => Limits(v1: false).Apply(_id, Pid, [new("memory", ["memory.max"], limit)]));

        Assert.Equal(taken, failure is null);
        Assert.Equal(taken ? limit : "max", _files.Content[V2("memory.max")]);
    }

    [Fact]
    public void Apply_OfAContainerThatHasEnded_Fails() =>
        Assert.Throws<IOException>(() => Limits(v1: true).Apply(_id, Pid + 1, [new("memory", ["memory.limit_in_bytes"], "100")]));

    private string V1(string controller, string file) => $"/cg/{controller}/portal/{_id}/{file}";

    private string V2(string file) => $"/cg2/portal/{_id}/{file}";

    private CgroupLimits Limits(bool v1) => new(
        CgroupLocator.Parse(v1
            ? ["1 0 0:1 / /cg/memory rw - cgroup cgroup rw,memory", "2 0 0:2 / /cg/cpu rw - cgroup cgroup rw,cpu"]
            : ["2 0 0:2 / /cg2 rw - cgroup2 cgroup2 rw"]),
        _files, _proc);
}
