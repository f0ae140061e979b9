using System.IO.Compression;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Runtime.Logs;

namespace Portal.Runtime.Tests.Logs;

public sealed class LogCompressorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("compress").FullName;
    private readonly FakeTimeProvider _time = new();

    private string Log => _folder + "/log";

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Compress_File_IsTheSameInLessAndAsOld()
    {
        var text = string.Concat(Enumerable.Range(0, 10_000).Select(i => Monitor.Line(i, $"line {i}")));
        File.WriteAllText(Log + ".7", text);
        File.SetLastWriteTimeUtc(Log + ".7", Monitor.Start.UtcDateTime);

        LogCompression.Compress(Log, 7, default);

        Assert.Equal("log.7.gz", Names());
        Assert.Equal(text, Decompress(7));
        Assert.InRange(new FileInfo(Log + ".7.gz").Length, 1, text.Length / 5);
        Assert.Equal(Monitor.Start.UtcDateTime, File.GetLastWriteTimeUtc(Log + ".7.gz"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Log + ".7.gz"));
    }

    [Theory]
    [InlineData(true, false)] // killed while it wrote
    [InlineData(false, true)] // killed before the old one was deleted
    [InlineData(true, true)]
    public void Compress_CutShortBefore_IsDoneAgain(bool unfinished, bool both)
    {
        File.WriteAllText(Log + ".7", "text\n");
        if (unfinished)
        {
            File.WriteAllText(Log + ".7.tmp", new string('x', 1000));
        }

        if (both)
        {
            File.WriteAllText(Log + ".7.gz", "of before");
        }

        LogCompression.Compress(Log, 7, default);

        Assert.Equal(("log.7.gz", "text\n"), (Names(), Decompress(7)));
    }

    [Fact]
    public void Compress_FileThatWasDropped_LeavesNothing()
    {
        File.WriteAllText(Log + ".7.tmp", "half");

        LogCompression.Compress(Log, 7, default);

        Assert.Equal("", Names());
    }

    [Fact]
    public void Compress_Cancelled_LeavesTheFile()
    {
        File.WriteAllText(Log + ".7", "text\n");

        Assert.Throws<OperationCanceledException>(() => LogCompression.Compress(Log, 7, new(canceled: true)));

        Assert.Equal("log.7", Names());
    }

    [Fact]
    public async Task Compressor_FileJustPutAside_WaitsSomeSeconds()
    {
        using var compressor = new LogCompressor([], _time, NullLogger<LogCompressor>.Instance);
        await compressor.StartAsync(default);
        File.WriteAllText(Log + ".1", "text\n");

        compressor.Add(Log, 1);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal("log.1", Names());

        await UntilAsync(() => Names() == "log.1.gz");
        await compressor.StopAsync(default);
    }

    [Fact]
    public async Task Compressor_AtItsStart_FindsWhatAnAgentBeforeItLeft()
    {
        File.WriteAllText(Log + ".3", "text\n");
        File.WriteAllText(_folder + "/other.3", "text\n");
        using var compressor = new LogCompressor(
            [new Kept((Log, LogLimits.Default), (_folder + "/other", LogLimits.Default with { Compress = false }))], _time, NullLogger<LogCompressor>.Instance);
        await compressor.StartAsync(default);

        await UntilAsync(() => Names() == "log.3.gz other.3");
        await compressor.StopAsync(default);
    }

    /// <summary>Lets time pass until something is so; the compressor's timers are there when it comes to them.</summary>
    private async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1, patience.Token);
        }
    }

    private string Decompress(int number)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(LogFileSet.CompressedNameOf(Log, number)), CompressionMode.Decompress));
        return reader.ReadToEnd();
    }

    private string Names() => string.Join(' ', Directory.EnumerateFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    private sealed class Kept(params (string, LogLimits)[] logs) : IKeptLogs
    {
        public IReadOnlyList<(string Path, LogLimits Limits)> List() => logs;
    }
}
