using System.Text;
using Portal.Runtime.Logs;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Logs;

public sealed class K8sFileLineTests
{
    [Theory]
    [InlineData("2026-11-23T18:00:00.123456789+00:00 stdout F hello", "2026-11-23T18:00:00.1234567Z", 89, StdioStream.Stdout, false, "hello")]
    [InlineData("2026-11-23T18:00:00.000000001+01:30 stderr P a b ", "2026-11-23T16:30:00Z", 1, StdioStream.Stderr, true, "a b ")]
    [InlineData("2024-02-29T00:00:00.999999999-11:00 stdout F ", "2024-02-29T11:00:00.9999999Z", 99, StdioStream.Stdout, false, "")]
    [InlineData("1969-12-31T23:59:59.500000000+00:00 stdout F ", "1969-12-31T23:59:59.5Z", 0, StdioStream.Stdout, false, "")]
    public void TryParse_LineOfTheMonitor_IsRead(string text, string time, int nanoseconds, StdioStream stream, bool partial, string rest)
    {
        var bytes = Encoding.UTF8.GetBytes(text);

        Assert.True(K8sFileLine.TryParse(bytes, out var line));
        Assert.True(K8sFileLine.TryParseTime(bytes, out var read));
        Assert.Equal(((DateTimeOffset.Parse(time) - DateTimeOffset.UnixEpoch).Ticks * 100) + nanoseconds, read);
        Assert.Equal((stream, partial, rest), (line.Stream, line.IsPartial, Encoding.UTF8.GetString(bytes.AsSpan(K8sFileLine.PrefixLength))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-11-23T18:00:00.123456789+00:00 stdout")]
    [InlineData("2026-11-23T18:00:00.123456789+00:00 stdout X hello")]
    [InlineData("2026-11-23T18:00:00.123456789+00:00 stdout Fhello")]
    [InlineData("2026-11-23T18:00:00.123456789+00:00 stdin F hello")]
    public void TryParse_AnythingElse_IsRefused(string text) => Assert.False(K8sFileLine.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Theory]
    [InlineData("2026-02-30T18:00:00.123456789+00:00")]
    [InlineData("2026-13-01T18:00:00.123456789+00:00")]
    [InlineData("2026-1x-01T18:00:00.123456789+00:00")]
    [InlineData("2026-11-23T18:00:00.12345678x+00:00")]
    [InlineData("2026-11-23T18:00:00.123456789Z00:00")]
    [InlineData("0001-01-01T00:00:00.000000000+10:00")]
    [InlineData("2026-11-23T18:00:00.123456789+00:0")]
    public void TryParseTime_AnythingElse_IsRefused(string text) => Assert.False(K8sFileLine.TryParseTime(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void Format_ReadBack_IsTheSame()
    {
        var time = new DateTimeOffset(2026, 11, 23, 18, 0, 0, TimeSpan.FromHours(2)).AddTicks(1234567);
        var bytes = K8sFileLine.Format(time, StdioStream.Stderr, "gone");

        Assert.True(K8sFileLine.TryParse(bytes, out var line));
        Assert.True(K8sFileLine.TryParseTime(bytes, out var read));
        Assert.Equal((StdioStream.Stderr, false, "gone\n"), (line.Stream, line.IsPartial, Encoding.UTF8.GetString(bytes.AsSpan(K8sFileLine.PrefixLength))));
        Assert.Equal((time - DateTimeOffset.UnixEpoch).Ticks * 100, read);
    }
}
