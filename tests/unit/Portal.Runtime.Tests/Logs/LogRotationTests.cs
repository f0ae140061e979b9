using System.Text;
using Portal.Runtime.Linux;
using Portal.Runtime.Logs;

namespace Portal.Runtime.Tests.Logs;

public sealed class LogRotationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rotation").FullName;

    private OpenLog Log => new(_folder + "/log", _folder + "/ctl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Rotate_Small_IsLeft()
    {
        File.WriteAllText(Log.Path, "12345");

        Assert.False(LogRotation.Rotate(Log, 6, 3));
        Assert.Equal(["log"], Names());
    }

    [Fact]
    public void Rotate_Full_ShiftsDropsTheOldestAndAsksForANewFile()
    {
        File.WriteAllText(Log.ControlFifo, "");
        foreach (var text in (string[])["1", "2", "3", "4"])
        {
            File.WriteAllText(Log.Path, text);
            Assert.True(LogRotation.Rotate(Log, 1, 3));
        }

        Assert.Equal(["ctl", "log.1", "log.2"], Names());
        Assert.Equal("4 3", File.ReadAllText(Log.Path + ".1") + " " + File.ReadAllText(Log.Path + ".2"));
        Assert.Equal("2 0 0\n", File.ReadAllText(Log.ControlFifo));
    }

    [Fact]
    public void Rotate_FilesGrewTooLarge_BytesDecide()
    {
        foreach (var text in (string[])["1111111111", "2222222222", "3333333333"])
        {
            File.WriteAllText(Log.Path, text);
            Assert.True(LogRotation.Rotate(Log, 4, 5));
        }

        // 4 × 4 bytes may be kept beside the new file: one of ten, not two.
        Assert.Equal(["log.1"], Names());
    }

    [Fact]
    public void Rotate_RealFifo_NeitherWaitsForAReaderNorLosesTheMessage()
    {
        using (var folder = new PathInRoot(_folder))
        {
            Assert.Equal((Errno)0, Libc.MakeNodeAt(folder.Root, "ctl"u8, FileKind.Fifo, 0x180, 0, 0));
        }

        File.WriteAllText(Log.Path, "12");
        Assert.True(LogRotation.Rotate(Log, 1, 3)); // nobody there: must return

        using var conmon = new FileStream(Log.ControlFifo, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        Assert.False(LogRotation.Rotate(Log, 1, 3)); // the new file is missing: asks again
        var message = new byte[16];
        Assert.Equal("2 0 0\n", Encoding.ASCII.GetString(message, 0, conmon.Read(message)));
    }

    [Fact]
    public void Rotate_MessageWasLost_IsSentAgain()
    {
        File.WriteAllText(Log.ControlFifo, "");
        File.WriteAllText(Log.Path + ".1", "x");

        Assert.False(LogRotation.Rotate(Log, 1, 3));
        Assert.Equal("2 0 0\n", File.ReadAllText(Log.ControlFifo));
        Assert.Equal(["ctl", "log.1"], Names());
    }

    private IEnumerable<string?> Names() => Directory.EnumerateFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal);
}
