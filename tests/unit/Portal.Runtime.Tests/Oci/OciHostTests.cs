using Portal.Runtime.Cgroups;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Tests.Oci;

public sealed class OciHostTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("ocihost").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>A stock Debian 12 after boot: systemd has turned on cpu, memory and pids only, so no group has io files.</summary>
    [Fact]
    public void WeighsBlocks_V2BeforeAnyGroupHasIo_IsToldByTheRoot()
    {
        Write("cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc\n");
        Write("cgroup.subtree_control", "cpu memory pids\n");
        Write("io.cost.qos", "");
        Write("system.slice/memory.swap.max", "max\n");

        Assert.True(OciHost.WeighsBlocks(_root, CgroupVersion.V2));
    }

    [Fact]
    public void WeighsBlocks_V2KernelWithoutWeights_IsFalse()
    {
        Write("cgroup.controllers", "cpuset cpu io memory pids\n");
        Write("system.slice/io.max", "");

        Assert.False(OciHost.WeighsBlocks(_root, CgroupVersion.V2));
    }

    [Fact]
    public void WeighsBlocks_V1_NeedsTheFileThatIsWritten()
    {
        Write("docker/blkio.bfq.weight", "100\n");
        Assert.False(OciHost.WeighsBlocks(_root, CgroupVersion.V1));
        Write("blkio.weight", "500\n");
        Assert.True(OciHost.WeighsBlocks(_root, CgroupVersion.V1));
    }

    [Fact]
    public void HasController_Listed_IsAWholeWord()
    {
        Write("cgroup.controllers", "cpuset io pids\n");

        Assert.True(OciHost.HasController(_root, "pids"));
        Assert.False(OciHost.HasController(_root, "cpu"));
        Assert.False(OciHost.HasController(_root + "/absent", "pids"));
    }

    private void Write(string name, string text)
    {
        var path = Path.Combine(_root, name);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
