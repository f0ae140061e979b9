using Portal.Web.Components.Controls;

namespace Portal.Web.Tests.Controls;

public sealed class AnsiTextTests
{
    [Fact]
    public void Line_WithColours_BecomesStyledRuns()
    {
        var runs = AnsiText.Parse("\u001b[1;31mERROR\u001b[0m gone \u001b[38;5;208mfar\u001b[39m\u001b[48;2;1;2;255mdeep\u001b[m");

        Assert.Equal(
            [new("ERROR", "a-b a-f1", null), new(" gone ", null, null), new("far", null, "color:#ff8700"), new("deep", null, "background:#0102ff")],
            runs);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "")]
    [InlineData("a\u001b]0;title\u0007b", "ab")] // window title
    [InlineData("a\u001b]52;c;cm0gLXJm\u001b\\b", "ab")] // clipboard
    [InlineData("a\u001b]8;;https://evil.example\u001b\\link\u001b]8;;\u001b\\b", "alinkb")] // hyperlink
    [InlineData("a\u001b[2J\u001b[1;1Hb\u001b[6nc", "abc")] // clear, move, report
    [InlineData("a\u009b31mb", "ab")] // 8-bit introducer
    [InlineData("a\u001b(Bb\u001b7c", "abc")] // character set, save cursor
    [InlineData("a\u001bPq#0;2;0\u001b\\b", "ab")] // sixel
    [InlineData("a\u001b]never ends", "a")]
    [InlineData("a\u001b[31", "a")]
    [InlineData("a\u001b", "a")]
    [InlineData("a\0\u0007\u007f\u0085b", "ab")]
    [InlineData("10 %\r50 %\r100 %", "100 %")]
    [InlineData("windows\r", "windows")]
    [InlineData("\r", "")]
    [InlineData("a\tb", "a    b")]
    [InlineData("user\u202egnp.exe", "user\ufffdgnp.exe")] // right-to-left override
    [InlineData("a\u001b[999999999999999999mb", "ab")]
    [InlineData("a\u001b[38;5;999mb\u001b[38;2;1mc", "abc")]
    public void Line_WithControls_KeepsOnlyItsText(string line, string expected) => Assert.Equal(expected, AnsiText.Plain(AnsiText.Parse(line)));

    [Fact]
    public void Reverse_OfColours_SwapsThem()
    {
        var run = Assert.Single(AnsiText.Parse("\u001b[31;42;7mx"));

        Assert.Equal("a-f2 a-g1", run.Class);
    }

    [Fact]
    public void Style_OfHostileParameters_IsOnlyEverAColour()
    {
        foreach (var run in AnsiText.Parse("\u001b[38;2;1;2;3mx\u001b[38;5;20my\u001b[38:2:9:9:9mz"))
        {
            Assert.Matches("^color:#[0-9a-f]{6}$", run.Style);
        }
    }

    [Fact]
    public void Mark_HitAcrossRuns_CutsAtEveryBorder()
    {
        var runs = AnsiText.Parse("one T\u001b[32mWO\u001b[0m two");

        var marked = AnsiText.Mark(runs, "two");

        Assert.Equal(["one |", "T|hit", "WO|hit", " |", "two|hit"], marked.Select(run => run.Text + "|" + (run.Hit ? "hit" : "")));
        Assert.Equal("a-f2", marked[2].Class);
        Assert.Equal(AnsiText.Plain(runs), AnsiText.Plain(marked));
    }
}
