using System.Text;
using Portal.Runtime.Logs;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Logs;

public sealed class LogLossTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("loss").FullName;
    private readonly LogLoss _loss = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Compare_LogGrewByMoreThanWasRead_NothingIsMissing()
    {
        Look(1000, 0);
        Look(2000, 1450);
        Look(90_000, 130_000);

        Assert.Equal(0, _loss.Missing);
    }

    [Fact]
    public void Compare_FullDisk_CountsWhatIsMissingAndSeesTheEndOfIt()
    {
        Look(1000, 0);
        Look(1000 + 50_000, 0);
        Assert.Equal((50_000, false, Monitor.Start.AddSeconds(1000)), (_loss.Missing, _loss.IsOver, _loss.Since));

        Look(1000 + 80_000, 20_000);
        Assert.Equal((60_000, true), (_loss.Missing, _loss.IsOver));

        _loss.Noted();
        Look(90_000, 40_000);
        Assert.Equal((0, false), (_loss.Missing, _loss.IsOver));
    }

    [Fact]
    public void Compare_DiskWasNotFull_OtherReadsOfTheMonitorCountForNothing()
    {
        Look(1000, 0, full: false);
        Look(50_000, 0, full: false);

        Assert.Equal(0, _loss.Missing);
    }

    [Fact]
    public void Compare_LittleMissing_IsInHandUntilTheNextLook()
    {
        Look(1000, 0);
        Look(1000 + 4096, 0);
        Assert.Equal(0, _loss.Missing);

        // The disk has room again by now; the gap is from before.
        Look(1000 + 4296, 300, full: false);
        Assert.Equal((3996, true), (_loss.Missing, _loss.IsOver));

        // What was in hand was written after all, and is no gap.
        var other = new LogLoss();
        other.Compare(1000, 0, true, Monitor.Start);
        other.Compare(5096, 0, true, Monitor.Start);
        other.Compare(5196, 4300, true, Monitor.Start);
        Assert.Equal(0, other.Missing);
    }

    [Fact]
    public void ReadBy_ThisProcess_Grows()
    {
        var before = LogLoss.ReadBy(Environment.ProcessId);
        File.WriteAllText(_folder + "/x", new string('x', 100_000));
        _ = File.ReadAllText(_folder + "/x");

        Assert.True(LogLoss.ReadBy(Environment.ProcessId) >= before + 90_000);
        Assert.Null(LogLoss.ReadBy(0));
    }

    [Fact]
    public void Note_Read_IsALineOfTheLogThatSaysWhatIsMissing()
    {
        Assert.Null(LogLossNote.TryRead(_folder + "/log", 3));

        LogLossNote.Write(_folder + "/log", 3, Monitor.Start, Monitor.Start.AddMinutes(2), 12345, StdioStream.Stderr);

        Assert.Equal(
            Monitor.Line(120, "[portal] output is missing here: between 2026-11-23T18:00:00Z and 2026-11-23T18:02:00Z about 12345 bytes could not be written to this log, its disk was full", "stderr"),
            Encoding.UTF8.GetString(LogLossNote.TryRead(_folder + "/log", 3)!));
    }

    private void Look(long read, long written, bool full = true) => _loss.Compare(read, written, full, Monitor.Start.AddSeconds(read));
}
