using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Supervision;

public sealed class CrunStateTests : IDisposable
{
    private const string Cgroup = "/portal/c1";

    private readonly string _root = Directory.CreateTempSubdirectory("portal-crun").FullName;
    private readonly string _folder;
    private readonly string[] _hierarchies;

    public CrunStateTests()
    {
        _folder = Directory.CreateDirectory(_root + "/oci/c1").FullName;
        File.WriteAllText(_folder + "/config.json", "{}");
        _hierarchies = [_root + "/memory", _root + "/pids", _root + "/without"];
        Directory.CreateDirectory(_hierarchies[0] + Cgroup);
        Directory.CreateDirectory(_hierarchies[1] + Cgroup);
        Directory.CreateDirectory(_hierarchies[2]);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Waits_WhileTheProcessHoldsAFifoWithoutAName_IsTrue()
    {
        var folder = Directory.CreateTempSubdirectory("portal-fifo").FullName;
        Assert.False(CrunState.Waits(folder, Environment.ProcessId));
        using (File.Create(folder + "/exec.fifo"))
        {
            File.Delete(folder + "/exec.fifo");
            Assert.True(CrunState.Waits(folder, Environment.ProcessId));
            Assert.False(CrunState.Waits(folder + "x", Environment.ProcessId));
        }

        Assert.False(CrunState.Waits(folder, Environment.ProcessId));
        Assert.False(CrunState.Waits(folder, int.MaxValue));
        Directory.Delete(folder);
    }

    [Fact]
    public void TryRemove_EndedContainer_TakesCgroupsOfAllHierarchiesAndTheFolder()
    {
        WriteStatus(Cgroup);

        Assert.True(CrunState.TryRemove(_folder, Cgroup, _hierarchies));

        Assert.False(Directory.Exists(_folder));
        Assert.All(_hierarchies, hierarchy => Assert.False(Directory.Exists(hierarchy + Cgroup)));
        Assert.True(Directory.Exists(_hierarchies[0] + "/portal"));
    }

    [Fact]
    public void TryRemove_CgroupInUse_LeavesTheFolderToTheRuntime()
    {
        WriteStatus(Cgroup);
        Directory.CreateDirectory(_hierarchies[1] + Cgroup + "/child");

        Assert.False(CrunState.TryRemove(_folder, Cgroup, _hierarchies));

        Assert.True(File.Exists(_folder + "/status"));
    }

    [Theory]
    [InlineData("{\"cgroup-path\":\"/else/c1\",\"systemd-cgroup\":false}")]
    [InlineData("{\"cgroup-path\":\"/portal/c1\",\"systemd-cgroup\":true}")]
    [InlineData("{\"cgroup-path\":7,\"systemd-cgroup\":false}")]
    [InlineData("[]")]
    [InlineData("")]
    public void TryRemove_UnexpectedStatus_TouchesNothing(string status)
    {
        File.WriteAllText(_folder + "/status", status);

        Assert.False(CrunState.TryRemove(_folder, Cgroup, _hierarchies));

        Assert.True(Directory.Exists(_hierarchies[0] + Cgroup));
    }

    [Fact]
    public void TryLetGo_FolderOfAnotherRuntime_DoesNotTouchItsFifo()
    {
        File.WriteAllText(_folder + "/state.json", "{}");
        File.WriteAllText(_folder + "/exec.fifo", "");

        Assert.False(CrunState.TryLetGo(_folder));

        Assert.True(File.Exists(_folder + "/exec.fifo"));
    }

    [Fact]
    public void TryLetGo_CreatedContainer_SendsOneByteAndTakesTheNameAway()
    {
        WriteStatus(Cgroup);
        File.WriteAllText(_folder + "/exec.fifo", "");
        using var reader = File.OpenRead(_folder + "/exec.fifo");

        Assert.True(CrunState.TryLetGo(_folder));

        Assert.Equal(0, reader.ReadByte());
        Assert.Equal(-1, reader.ReadByte());
        Assert.False(File.Exists(_folder + "/exec.fifo"));
    }

    private void WriteStatus(string cgroup) =>
        File.WriteAllText(_folder + "/status", $$"""{"pid":1,"cgroup-path":"{{cgroup}}","scope":"","systemd-cgroup":false}""");
}
