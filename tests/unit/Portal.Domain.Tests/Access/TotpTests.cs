using System.Text;
using Portal.Domain.Access.Users;

namespace Portal.Domain.Tests.Access;

public class TotpTests
{
    private static readonly byte[] s_key = Encoding.ASCII.GetBytes("12345678901234567890");

    /// <summary>RFC 6238, appendix B, SHA-1; authenticators show the last six of its eight digits.</summary>
    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void Code_OfTheStandardsTimes_IsTheStandards(long seconds, string code) =>
        Assert.Equal(code, Totp.Code(s_key, Totp.StepAt(DateTimeOffset.FromUnixTimeSeconds(seconds))));

    [Fact]
    public void Match_WithinOneStep_IsTakenOnce()
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1_000_000_000);
        var step = Totp.StepAt(now);
        Assert.Equal(step - 1, Totp.Match(s_key, Totp.Code(s_key, step - 1), now, 0));
        Assert.Equal(step + 1, Totp.Match(s_key, Totp.Code(s_key, step + 1), now, 0));
        Assert.Null(Totp.Match(s_key, Totp.Code(s_key, step - 2), now, 0));
        Assert.Null(Totp.Match(s_key, Totp.Code(s_key, step + 2), now, 0));
        Assert.Null(Totp.Match(s_key, Totp.Code(s_key, step), now, step));
        Assert.Null(Totp.Match(s_key, "", now, 0));
        Assert.Equal(step, Totp.Match(s_key, Totp.Code(s_key, step).Insert(3, " "), now, step - 1));
    }

    /// <summary>RFC 4648, section 10.</summary>
    [Theory]
    [InlineData("", "")]
    [InlineData("f", "MY")]
    [InlineData("fo", "MZXQ")]
    [InlineData("foo", "MZXW6")]
    [InlineData("foob", "MZXW6YQ")]
    [InlineData("fooba", "MZXW6YTB")]
    [InlineData("foobar", "MZXW6YTBOI")]
    public void Base32_OfTheStandardsTexts_IsTheStandards(string text, string base32) => Assert.Equal(base32, Totp.Base32(Encoding.ASCII.GetBytes(text)));
}
