using Portal.TestKit.Fleet;
using Portal.Web.Components.Controls;

namespace Portal.Web.Tests.Controls;

public sealed class FormatTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(-1, "0 B")]
    [InlineData(double.NaN, "0 B")]
    [InlineData(1, "1 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1 KiB")]
    [InlineData(1023.9 * 1024, "1 MiB")]
    [InlineData(1.456 * 1024 * 1024, "1.46 MiB")]
    [InlineData(12.34 * 1024 * 1024 * 1024, "12.3 GiB")]
    [InlineData(999.9 * 1024, "1000 KiB")]
    [InlineData(9e18, "7994 PiB")]
    public void ByteSize_ReadsAsPeopleSayIt(double bytes, string expected) => Assert.Equal(expected, ByteSize.Format(bytes));

    [Theory]
    [InlineData(-30, "just now")]
    [InlineData(4, "just now")]
    [InlineData(59, "59 s ago")]
    [InlineData(60, "1 min ago")]
    [InlineData(3600 * 5, "5 h ago")]
    [InlineData(86_400, "yesterday")]
    [InlineData(86_400 * 12, "12 days ago")]
    [InlineData(86_400 * 90, "2 months ago")]
    [InlineData(86_400 * 800, "2 years ago")]
    public void RelativeTime_ReadsAsPeopleSayIt(int seconds, string expected) =>
        Assert.Equal(expected, RelativeTime.Format(Some.Now, Some.Now.AddSeconds(seconds)));
}
