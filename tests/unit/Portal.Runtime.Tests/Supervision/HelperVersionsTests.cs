using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Supervision;

public sealed class HelperVersionsTests
{
    [Theory]
    [InlineData("crun version 1.7.2\ncommit: x")]
    [InlineData("crun version 0.20.1.3-dirty")]
    [InlineData("conmon version 2.1.1\ncommit: unknown")]
    [InlineData("conmon version 2.0")]
    public void Complaint_OfAnOldProgram_NamesItAndTheFloor(string output)
    {
        var words = output.Split('\n')[0].Split(' ');

        Assert.StartsWith($"{words[0]} {words[2]} is older than {(words[0] == "crun" ? "1.8" : "2.1.2")},", Complaint(output), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("crun version 1.8\ncommit: x")]
    [InlineData("crun version 1.8.1\ncommit: x")]
    [InlineData("crun version 1.14.1-dirty")]
    [InlineData("conmon version 2.1.2")]
    [InlineData("conmon version 2.1.10+ds1")]
    [InlineData("runc version 1.0.0")]
    [InlineData("crun version UNKNOWN")]
    [InlineData("something else")]
    [InlineData("")]
    public void Complaint_OfANewOrUnknownProgram_IsNone(string output) => Assert.Null(Complaint(output));

    private static string? Complaint(string output) => HelperVersions.Complaint(ProgramVersions.Parse(output.Split(' ')[0], output));
}
