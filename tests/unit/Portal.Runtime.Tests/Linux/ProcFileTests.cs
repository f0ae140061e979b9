using Portal.Runtime.Linux;

namespace Portal.Runtime.Tests.Linux;

public class ProcFileTests
{
    [Fact]
    public void ParseStat_NameWithBracketsAndBlanks_CountsFromTheLastOne() => Assert.Equal(
        new ProcessStat('S', 17, 98, 4242),
        ProcFile.ParseStat("99 (a) R 1 (b) S 17 99 98 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 1000 10 18446744073709551615"));

    [Theory]
    [InlineData("")]
    [InlineData("99 (x) S 1 2")]
    public void ParseStat_CutShort_IsNull(string text) => Assert.Null(ProcFile.ParseStat(text));
}
