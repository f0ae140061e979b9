using Portal.TestKit.Fleet;
using Portal.Web.Components.Controls;

namespace Portal.Web.Tests.Controls;

public sealed class LogBufferTests
{
    [Fact]
    public void Append_BeyondCapacity_DropsTheOldestAndCountsThem()
    {
        var buffer = new LogBuffer(100);

        for (var i = 0; i < 1000; i++)
        {
            buffer.Append([Some.Log($"line {i}", i)]);
        }

        Assert.Equal(100, buffer.Total);
        Assert.Equal("line 900", buffer[0].Plain);
        Assert.Equal("line 999", buffer[99].Plain);
        Assert.Equal(900, buffer.Dropped);
        Assert.Equal(Some.Now.AddSeconds(999), buffer.Newest);
    }

    [Fact]
    public void Search_WhileLinesArrive_ShowsMatchesOnly()
    {
        var buffer = new LogBuffer();
        buffer.Append([Some.Log("Error one"), Some.Log("fine")]);
        var before = buffer.Generation;

        buffer.Search("error");
        buffer.Append([Some.Log("fine too"), Some.Log("an \u001b[31mERR\u001b[0mOR across colours")]);

        Assert.Equal(2, buffer.Count);
        Assert.Equal(4, buffer.Total);
        Assert.Equal("an ERROR across colours", buffer[1].Plain);
        Assert.NotEqual(before, buffer.Generation);
        buffer.Search("");
        Assert.Equal(4, buffer.Count);
    }

    [Fact]
    public void Search_MatchesThatLeaveTheBuffer_LeaveTheViewToo()
    {
        var buffer = new LogBuffer(10);
        buffer.Search("odd");

        for (var i = 0; i < 35; i++)
        {
            buffer.Append([Some.Log(i % 2 == 1 ? $"odd {i}" : $"even {i}")]);
        }

        Assert.Equal(["odd 25", "odd 27", "odd 29", "odd 31", "odd 33"], Enumerable.Range(0, buffer.Count).Select(i => buffer[i].Plain));
        Assert.Equal(12, buffer.Dropped);
    }

    [Fact]
    public void Clear_KeepsTheSearch()
    {
        var buffer = new LogBuffer();
        buffer.Search("a");
        buffer.Append([Some.Log("a")]);

        buffer.Clear();
        buffer.Append([Some.Log("b"), Some.Log("a")]);

        Assert.Equal((1, 2), (buffer.Count, buffer.Total));
    }
}
