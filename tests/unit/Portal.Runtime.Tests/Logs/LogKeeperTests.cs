using Microsoft.Extensions.Logging.Abstractions;
using Portal.Runtime.Logs;

namespace Portal.Runtime.Tests.Logs;

public sealed class LogKeeperTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keeper").FullName;
    private readonly LogDisk _disk;
    private readonly LogCompressor _compressor = new([], TimeProvider.System, NullLogger<LogCompressor>.Instance);
    private readonly LogKeeper _keeper;

    public LogKeeperTests()
    {
        _disk = new(new() { DataRoot = _folder }, TimeProvider.System);
        _keeper = new(_compressor, _disk, TimeProvider.System, NullLogger<LogKeeper>.Instance);
        File.WriteAllText(Log, "");
        File.WriteAllText(_folder + "/ctl", "");
    }

    private string Log => _folder + "/log";

    public void Dispose()
    {
        _disk.Dispose();
        _compressor.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Keep_LogThatWasStill_IsRotatedWhenItIsFull()
    {
        using var over = new CancellationTokenSource();
        var keeping = _keeper.KeepAsync(new(Log, _folder + "/ctl", new(100, 2, false)), null, false, _ => { }, over.Token);

        for (var i = 1; i <= 3; i++)
        {
            await File.AppendAllTextAsync(Log, new string('x', 149) + "\n");
            await UntilAsync(() => File.Exists(Log + ".tmp") && !File.Exists(Log));
            File.Move(Log + ".tmp", Log);
            await UntilAsync(() => File.Exists($"{Log}.{i}") && !File.Exists($"{Log}.{i - 1}"));
        }

        await over.CancelAsync();
        await keeping.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Keep_MonitorEnds_LeavesTheLogWithinItsLimits()
    {
        using var over = new CancellationTokenSource();
        await over.CancelAsync();
        File.WriteAllText(Log, string.Concat(Enumerable.Range(0, 100).Select(i => Monitor.Line(i, $"{i}"))));

        await _keeper.KeepAsync(new(Log, _folder + "/ctl", new(1000, 2, false)), null, false, _ => { }, over.Token).WaitAsync(TimeSpan.FromSeconds(20));

        Assert.False(File.Exists(Log));
        Assert.InRange(new FileInfo(Log + ".1").Length, 900, 1000);
    }

    [Fact]
    public void Tidy_AfterAFloodThatNobodyKept_LeavesTheLogWithinItsLimits()
    {
        File.WriteAllText(Log, string.Concat(Enumerable.Range(0, 100).Select(i => Monitor.Line(i, $"{i}"))));
        File.WriteAllText(Log + ".tmp", "");

        _keeper.Tidy(new(Log, _folder + "/ctl", new(1000, 3, false)));

        Assert.Equal(["ctl", "log.1"], Directory.EnumerateFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.InRange(new FileInfo(Log + ".1").Length, 1900, 2000);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            await Task.Delay(1, patience.Token);
        }
    }
}
