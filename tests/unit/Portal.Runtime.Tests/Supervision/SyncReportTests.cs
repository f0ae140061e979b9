using System.Text;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Supervision;

public class SyncReportTests
{
    [Theory]
    [InlineData("{\"pid\": 4711}\n", 4711, "")]
    [InlineData("{\"pid\": -1, \"message\": \"executable file `x` not found\\n\"}\n", -1, "executable file `x` not found\n")]
    [InlineData("{\"pid\": 7}\n{\"exit_code\": 0}\n", 7, "")]
    public void Parse_Report_IsRead(string text, int pid, string message) => Assert.Equal(new(pid, message), SyncReport.Parse(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData("")]
    [InlineData("[conmon:e]: trouble")]
    [InlineData("[]")]
    [InlineData("{\"pid\": \"x\"}")]
    public void Parse_AnythingElse_IsAFailure(string text) => Assert.True(SyncReport.Parse(Encoding.UTF8.GetBytes(text)).Pid <= 0);
}
