using System.Text;
using Portal.Runtime.Logs;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Logs;

public sealed class K8sFileLineTests
{
    [Theory]
    [InlineData("2026-11-23T18:00:00.123456789+00:00 stdout F hello", "2026-11-23T18:00:00.1234567Z", StdioStream.Stdout, false, "hello")]
    [InlineData("2026-11-23T18:00:00.000000000+01:30 stderr P a b ", "2026-11-23T16:30:00Z", StdioStream.Stderr, true, "a b ")]
    [InlineData("2024-02-29T00:00:00.999999999-11:00 stdout F ", "2024-02-29T11:00:00.9999999Z", StdioStream.Stdout, false, "")]
    public void TryParse_LineOfTheMonitor_IsRead(string text, string time, StdioStream stream, bool partial, string rest)
    {
        var bytes = Encoding.UTF8.GetBytes(text);

        Assert.True(K8sFileLine.TryParse(bytes, out var line));
        Assert.Equal(DateTimeOffset.Parse(time), new DateTimeOffset(line.UtcTicks, TimeSpan.Zero));
        Assert.Equal((stream, partial, rest), (line.Stream, line.IsPartial, Encoding.UTF8.GetString(bytes.AsSpan(line.TextStart))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-11-23T18:00:00.123456789+00:00 stdout")]
    [InlineData("2026-11-23T18:00:00.123456789+00:00 stdout X hello")]
    [InlineData("2026-11-23T18:00:00.123456789+00:00 stdin F hello")]
    [InlineData("2026-02-30T18:00:00.123456789+00:00 stdout F hello")]
    [InlineData("2026-13-01T18:00:00.123456789+00:00 stdout F hello")]
    [InlineData("2026-1x-01T18:00:00.123456789+00:00 stdout F hello")]
    [InlineData("2026-11-23T18:00:00.12345678x+00:00 stdout F hello")]
    [InlineData("2026-11-23T18:00:00.123456789Z00:00 stdout F hello")]
    [InlineData("0001-01-01T00:00:00.000000000+10:00 stdout F before time")]
    public void TryParse_AnythingElse_IsRefused(string text) => Assert.False(K8sFileLine.TryParse(Encoding.UTF8.GetBytes(text), out _));
}
