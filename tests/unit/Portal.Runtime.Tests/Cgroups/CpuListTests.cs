using Portal.Runtime.Cgroups;

namespace Portal.Runtime.Tests.Cgroups;

public sealed class CpuListTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("7", "7")]
    [InlineData("0,3-4,7,8-10", "0 3 4 7 8 9 10")]
    [InlineData("03,1-3", "1 2 3")]
    [InlineData("3,2,1,0-0", "0 1 2 3")]
    public void TryParse_Good_HasItsNumbers(string text, string numbers)
    {
        Assert.True(CpuList.TryParse(text, out var set, out _));
        Assert.Equal(numbers, string.Join(' ', Enumerable.Range(0, set.Length).Where(i => set[i])));
    }

    [Theory]
    [InlineData("a", "invalid format: a")]
    [InlineData("1-", "invalid format: 1-")]
    [InlineData("-1", "invalid format: -1")]
    [InlineData("2-1", "invalid format: 2-1")]
    [InlineData("1,,2", "invalid format: 1,,2")]
    [InlineData("1, 2", "invalid format: 1, 2")]
    [InlineData("0\n", "invalid format: 0\n")]
    [InlineData("0-999999999", "value of out range, maximum is 8192")]
    [InlineData("1-18446744073709551615", "value of out range, maximum is 8192")]
    [InlineData("99999999999999999999", "invalid format: 99999999999999999999")]
    public void TryParse_Bad_SaysWhy(string text, string reason)
    {
        Assert.False(CpuList.TryParse(text, out _, out var said));
        Assert.Equal(reason, said);
    }

    [Theory]
    [InlineData("0-1", "0-3", true)]
    [InlineData("", "0", true)]
    [InlineData("4", "0-3", false)]
    public void IsWithin_Lists_AreCompared(string asked, string available, bool within)
    {
        Assert.True(CpuList.TryParse(asked, out var numbers, out _) & CpuList.TryParse(available, out var all, out _));
        Assert.Equal(within, CpuList.IsWithin(numbers, all));
    }
}
