using Portal.Agent.EngineApi;
using Portal.Domain.Primitives;

namespace Portal.Agent.Tests.EngineApi;

public sealed class EngineTimeTests
{
    [Theory]
    [InlineData("1795460400", "2026-11-23T19:00:00Z")]
    [InlineData("1795460400.", "2026-11-23T19:00:00Z")]
    [InlineData("1795460400.5", "2026-11-23T19:00:00.5Z")]
    [InlineData("1795460400.123456789", "2026-11-23T19:00:00.1234567Z")]
    [InlineData("1795460400.1234567899999", "2026-11-23T19:00:00.1234567Z")]
    [InlineData("-1", "1969-12-31T23:59:59Z")]
    public void ParseUnix_SecondsAndFraction_IsATime(string text, string time) => Assert.Equal(DateTimeOffset.Parse(time), EngineTime.ParseUnix(text, "since"));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0")]
    public void ParseUnix_Nothing_IsNull(string? text) => Assert.Null(EngineTime.ParseUnix(text, "since"));

    [Fact]
    public void ParseUnix_FarAway_IsAsFarAsTimesGo() => Assert.Equal(9999, EngineTime.ParseUnix("99999999999999", "since")?.Year);

    [Theory]
    [InlineData("1h30m", 5400d)]
    [InlineData("2562047h", 2562047 * 3600d)]
    [InlineData("2562048h", null)]
    [InlineData("2000000h2000000h", null)]
    [InlineData("99999999999999999999h", null)]
    public void Duration_AsLongAsGos_IsRead(string text, double? seconds) => Assert.Equal(seconds, EngineTime.TryParseDuration(text)?.TotalSeconds);

    [Theory]
    [InlineData("abc", "invalid seconds \"abc\": invalid syntax")]
    [InlineData("1h", "invalid seconds \"1h\": invalid syntax")]
    [InlineData("2020-01-01T00:00:00Z", "invalid seconds \"2020-01-01T00:00:00Z\": invalid syntax")]
    [InlineData("99999999999999999999", "invalid seconds \"99999999999999999999\": value out of range")]
    [InlineData("1.x", "invalid nanoseconds: invalid character 'x' at position 0")]
    [InlineData("1.5.5", "invalid nanoseconds: invalid character '.' at position 1")]
    [InlineData("1.123456789012345678901", "invalid nanoseconds: length 21 exceeds maximum 20")]
    public void ParseUnix_AnythingElse_IsRefusedInDockersWords(string text, string reason)
    {
        var error = Assert.Throws<ErrorException>(() => EngineTime.ParseUnix(text, "until")).Error;

        Assert.Equal((ErrorKind.Invalid, $"invalid value for \"until\": invalid timestamp \"{text}\": {reason}"), (error.Kind, error.Message));
    }

    [Fact]
    public void Parse_Zero_IsTheBeginningAndNotNothing() => Assert.Equal(DateTimeOffset.UnixEpoch, EngineTime.Parse("0", "since"));
}
