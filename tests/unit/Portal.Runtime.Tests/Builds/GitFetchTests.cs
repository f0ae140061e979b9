using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Fetching;

namespace Portal.Runtime.Tests.Builds;

public sealed class GitFetchTests
{
    [Theory]
    [InlineData("https://example.org/x.git", "git is not installed on this machine: there is no /nowhere/git")]
    [InlineData("git@example.org:x.git", "only http and https are spoken here")]
    [InlineData("ssh://example.org/x.git", "only http and https are spoken here")]
    [InlineData("git://example.org/x.git", "only http and https are spoken here")]
    public async Task Fetch_ThatCannotBe_SaysWhy(string address, string words)
    {
        var git = new GitFetch(new() { GitPath = "/nowhere/git" }, new OutboundPolicy([]));

        var failure = await Assert.ThrowsAsync<ErrorException>(() => git.GetAsync(GitAddress.TryParse(address)!, "/nowhere/x", keepGit: false, TestContext.Current.CancellationToken));

        Assert.Equal(ErrorKind.Invalid, failure.Error.Kind);
        Assert.Contains("the git repository on example.org: " + words, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Address_WithAPassword_KeepsItOutOfWhatIsStored()
    {
        var address = GitAddress.TryParse("https://joe:s%40crets@example.org:8443/a/x.git#main:sub")!;

        Assert.Equal(("https://example.org:8443/a/x.git", "example.org", "main", "sub"), (address.Remote, address.Host, address.Reference, address.Folder));
        Assert.Equal(("https://example.org:8443/", "https://joe:s%40crets@example.org:8443/"), (address.Origin, address.Login));
        Assert.Null(GitAddress.TryParse("https://example.org/x.git")!.Login);
    }

    [Theory]
    [InlineData("https://example.org/x.git#a\"b")]
    [InlineData("https://example.org/x.git#a\nb")]
    [InlineData("https://example.org/x.git#--upload-pack=x")]
    public void Address_ThatWouldBeMoreThanOne_IsNone(string text) => Assert.Null(GitAddress.TryParse(text));
}
