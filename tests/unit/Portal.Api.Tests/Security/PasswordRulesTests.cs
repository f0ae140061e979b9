using Portal.Api.Security;

namespace Portal.Api.Tests.Security;

public class PasswordRulesTests
{
    [Theory]
    [InlineData("correct horse battery", true)]
    [InlineData("ünïcödé", false)]
    [InlineData("ünïcödé8", true)]
    [InlineData("alllowercase", true)]
    [InlineData("1234567", false)]
    [InlineData("PASSWORD", false)]
    [InlineData("qwertyuiop", false)]
    [InlineData("zzzzzzzzzzzzzzzz", false)]
    [InlineData("Administratrix", false)]
    [InlineData(null, false)]
    public void CheckPassword_LengthAndGuessabilityDecide(string? password, bool usable) =>
        Assert.Equal(usable, PasswordRules.CheckPassword(password, "administratrix") is null);

    [Fact]
    public void CheckPassword_Longest_Is1024()
    {
        var longest = string.Concat(Enumerable.Repeat("ab", 512));
        Assert.Null(PasswordRules.CheckPassword(longest, "ann"));
        Assert.NotNull(PasswordRules.CheckPassword(longest + "c", "ann"));
    }

    [Fact]
    public void Pause_Grows_FromTheFifthFailureTo15Minutes()
    {
        Assert.Equal([0, 0, 0, 0, 1, 2, 4, 8], Enumerable.Range(1, 8).Select(failures => (int)AttemptThrottle.PauseAfter(failures).TotalSeconds));
        Assert.Equal(TimeSpan.FromMinutes(15), AttemptThrottle.PauseAfter(1_000));
    }
}
