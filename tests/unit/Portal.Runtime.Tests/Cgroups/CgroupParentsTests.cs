using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Tests.Cgroups;

public sealed class CgroupParentsTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("parents").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Remove_ParentThatWasNotThere_GoesWithAllBelowItAndOthersStay()
    {
        Directory.CreateDirectory(_root + "/memory/admins");
        Directory.CreateDirectory(_root + "/cpu");
        var parents = Open();
        parents.Use("/admins");
        parents.Use("");
        parents.Use("mine/deeper");
        parents.Use("admins/below");
        Directory.CreateDirectory(_root + "/memory/mine/deeper");
        Directory.CreateDirectory(_root + "/cpu/mine/deeper");
        Directory.CreateDirectory(_root + "/memory/admins/below");

        Open().Remove();

        Assert.Equal(["admins"], Directory.GetDirectories(_root + "/memory").Select(Path.GetFileName));
        Assert.Empty(Directory.GetDirectories(_root + "/memory/admins"));
        Assert.Empty(Directory.GetDirectories(_root + "/cpu"));
    }

    [Fact]
    public void Remove_ParentThatIsInUse_Stays()
    {
        Directory.CreateDirectory(_root + "/memory");
        Open().Use("busy");
        Directory.CreateDirectory(_root + "/memory/busy");
        File.WriteAllText(_root + "/memory/busy/somebody", "");

        Open().Remove();

        Assert.True(Directory.Exists(_root + "/memory/busy"));
    }

    [Fact]
    public void GrantRealtime_Parents_GetTheShareFromTheTop()
    {
        Directory.CreateDirectory(_root + "/cpu");
        Open(new() { RunRoot = _root, CpuRealtimePeriod = 1_000_000, CpuRealtimeRuntime = 400_000 }).GrantRealtime("/portal/group/container");

        Assert.Equal("400000", File.ReadAllText(_root + "/cpu/portal/cpu.rt_runtime_us"));
        Assert.Equal("1000000", File.ReadAllText(_root + "/cpu/portal/group/cpu.rt_period_us"));
        Assert.False(Directory.Exists(_root + "/cpu/portal/group/container"));
    }

    private CgroupParents Open(RuntimeOptions? options = null) => new(options ?? new() { RunRoot = _root }, RecordedTree.LocateV1(_root));
}
