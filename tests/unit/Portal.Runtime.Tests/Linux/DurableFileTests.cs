using Portal.Runtime.Linux;

namespace Portal.Runtime.Tests.Linux;

public sealed class DurableFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Write_OverAnOlderFile_ReplacesAllOfItAndLeavesNothingElse()
    {
        var path = Path.Combine(_folder, "record.json");

        DurableFile.Write(path, "a longer first content"u8);
        DurableFile.Write(path, "second"u8);

        Assert.Equal("second", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public void Sweep_LeftoverOfAnUnfinishedWrite_IsDeletedAndRecordsStay()
    {
        var path = Path.Combine(_folder, "record.json");
        DurableFile.Write(path, "x"u8);
        File.WriteAllText(DurableFile.TemporaryPath(path), "half");

        DurableFile.Sweep(_folder);

        Assert.Equal([path], Directory.GetFileSystemEntries(_folder));
    }
}
