using Portal.Api.Adapters.Hosts;

namespace Portal.Api.Tests.Adapters.Hosts;

public class EngineTimeTests
{
    [Theory]
    [InlineData("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.0000000Z")]
    [InlineData("2026-01-02T03:04:05.5Z", "2026-01-02T03:04:05.5000000Z")]
    [InlineData("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.1234567Z")]
    [InlineData("2026-01-02T03:04:05.123+02:00", "2026-01-02T01:04:05.1230000Z")]
    [InlineData("2026-01-02T03:04:05-01:30", "2026-01-02T04:34:05.0000000Z")]
    public void TryParse_Rfc3339_GivesUtc(string text, string utc)
    {
        Assert.True(EngineTime.TryParse(text, out var time));
        Assert.Equal(utc, time.UtcDateTime.ToString("O"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-01-02 03:04:05Z")]
    [InlineData("2026-13-02T03:04:05Z")]
    [InlineData("2026-01-02T03:04:05")]
    [InlineData("2026-01-02T03:04:05.12")]
    [InlineData("2026-01-02T03:04:05+2:00")]
    [InlineData("0001-01-01T00:00:00+14:00")]
    [InlineData("9999-12-31T23:59:59-10:00")]
    public void TryParse_AnythingElse_IsRefused(string text) => Assert.False(EngineTime.TryParse(text, out _));

    [Fact]
    public void Parse_Never_IsNull() => Assert.Null(EngineTime.Parse("0001-01-01T00:00:00Z"));
}
