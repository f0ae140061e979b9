using System.Text;
using Portal.Runtime.Logs;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Logs;

public sealed class LogLinesTests
{
    private static readonly LogQuery s_all = new(true, true, false, null, null, null);

    private readonly LogList _list = new();

    private LogList Write(string log, LogQuery? query = null, bool finish = true)
    {
        using var lines = new LogLines(query ?? s_all, _list);
        lines.Write(Encoding.Latin1.GetBytes(log));
        if (finish)
        {
            lines.Finish();
        }

        return _list;
    }

    [Fact]
    public void Write_PartsOfTwoStreams_GiveOneLineEachWithTheTimeOfTheFirstPart()
    {
        Write(Monitor.Line(1, "out ", tag: 'P') + Monitor.Line(2, "err ", "stderr", 'P') + Monitor.Line(3, "end") + Monitor.Line(4, "end", "stderr"));

        Assert.Equal([(Monitor.Time(1), StdioStream.Stdout, "out end\n"), (Monitor.Time(2), StdioStream.Stderr, "err end\n")], _list.Entries);
    }

    [Fact]
    public void Write_LineWithoutEnd_ComesInPiecesOf16KiBWithOneTime()
    {
        var parts = Enumerable.Range(0, 100).Select(i => new string((char)('a' + (i % 26)), i == 0 ? 3000 : 8192)).ToList();

        Write(string.Concat(parts.Select((part, i) => Monitor.Line(i, part, tag: 'P'))), finish: false);

        Assert.All(_list.Entries, entry => Assert.Equal((Monitor.Time(0), 16384), (entry.Time, entry.Text.Length)));
        Assert.Equal(string.Concat(parts)[..(49 * 16384)], string.Concat(_list.Texts));
    }

    [Theory]
    [InlineData(16383)] // with its line feed just a piece
    [InlineData(16384)]
    [InlineData(16385)]
    [InlineData(100_000)]
    public void Write_LongLine_IsWholeInTheEnd(int length)
    {
        var text = new string('x', length);
        var parts = string.Concat(text.Chunk(8192).Select((part, i) => Monitor.Line(1, new(part), tag: (i + 1) * 8192 >= length ? 'F' : 'P')));

        Write(parts + Monitor.Line(2, "next"));

        Assert.Equal(text + "\nnext\n", string.Concat(_list.Texts));
        Assert.Equal("next\n", _list.Entries[^1].Text);
        Assert.DoesNotContain("", _list.Texts);
    }

    [Fact]
    public void Finish_PromptWithoutEnd_IsNotLost() => Assert.Equal(["Password: "], Write(Monitor.Line(1, "Password: ", tag: 'P')).Texts);

    [Fact]
    public void Write_EveryByte_ComesOutAsItWentIn()
    {
        var bytes = string.Concat(Enumerable.Range(0, 256).Where(i => i != '\n').Select(i => (char)i));

        Assert.Equal([bytes + "\n"], Write(Monitor.Line(1, bytes)).Texts);
    }

    [Fact]
    public void Since_ClockSetBack_LaterLinesStillCount()
    {
        Write(Monitor.Line(1, "old") + Monitor.Line(5, "first") + Monitor.Line(2, "after the clock was set back"), s_all with { Since = Monitor.Start.AddSeconds(5) });

        Assert.Equal(["first\n", "after the clock was set back\n"], _list.Texts);
    }

    [Fact]
    public void Since_InTheMiddleOfALine_LeavesAllOfItOut()
    {
        Write(Monitor.Line(1, "be", tag: 'P') + Monitor.Line(3, "gun") + Monitor.Line(3, "new"), s_all with { Since = Monitor.Start.AddSeconds(2) });

        Assert.Equal(["new\n"], _list.Texts);
    }

    [Fact]
    public void Until_FirstLaterLine_EndsAll()
    {
        using var lines = new LogLines(s_all with { Until = Monitor.Start.AddSeconds(2) }, _list);

        lines.Write(Encoding.UTF8.GetBytes(Monitor.Line(2, "be", tag: 'P') + Monitor.Line(3, "gun") + Monitor.Line(3, "late") + Monitor.Line(1, "early")));

        Assert.Equal(["begun\n"], _list.Texts);
        Assert.True(lines.IsPast);
    }

    [Fact]
    public void Until_TheTimeOfALine_IncludesIt()
    {
        var line = "2026-11-23T18:00:00.123456789+00:00 stdout F a\n";

        Write(line + line.Replace("789+", "801+", StringComparison.Ordinal), s_all with { Until = Monitor.Start.AddTicks(1234567) });

        Assert.Equal(["a\n"], _list.Texts);
    }

    [Fact]
    public void Write_WhatACrashLeft_IsPassedOver()
    {
        Write("torn\n" + Monitor.Line(1, "a") + Monitor.Line(1, "x").Replace("18:00", "1x:00", StringComparison.Ordinal) + new string('\0', 200) + "\n" + Monitor.Line(1, "b"));

        Assert.Equal(["a\n", "b\n"], _list.Texts);
    }
}
