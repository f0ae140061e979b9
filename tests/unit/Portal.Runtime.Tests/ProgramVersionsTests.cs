namespace Portal.Runtime.Tests;

public sealed class ProgramVersionsTests
{
    [Theory]
    [InlineData("crun version 1.8.1\ncommit: f8a096be\nrundir: /run/crun\nspec: 1.0.0\n+SYSTEMD", "1.8.1", "f8a096be")]
    [InlineData("runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1\nspec: 1.0.2-dev\ngo: go1.19.8", "1.1.5+ds1", "1.1.5+ds1-1")]
    [InlineData("conmon version 2.1.6\ncommit: unknown", "2.1.6", "")]
    [InlineData("tini version 0.1.7_catatonit", "0.1.7_catatonit", "")]
    [InlineData("tini version 0.19.0 - git.de40ad0", "0.19.0", "")]
    [InlineData("", "", "")]
    public void Output_OfEachProgram_IsUnderstood(string output, string version, string commit) =>
        Assert.Equal(new("program", version, commit), ProgramVersions.Parse("program", output));
}
