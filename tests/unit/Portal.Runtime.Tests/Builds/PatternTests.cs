using System.Diagnostics;
using Portal.Runtime.Builds.Dockerfiles;

namespace Portal.Runtime.Tests.Builds;

/// <summary>Rows as in the tests and the reference of the pattern rules that Docker follows.</summary>
public sealed class PatternTests
{
    [Theory]
    [InlineData("*", "fileutils.go", true)]
    [InlineData("*.go", "fileutils.go", true)]
    [InlineData("*", "a/b", true)]
    [InlineData("*.go", "a/b.go", false)]
    [InlineData("**", "a/b/c", true)]
    [InlineData("**/", "file", true)]
    [InlineData("**/file", "file", true)]
    [InlineData("**/file", "dir/dir/file", true)]
    [InlineData("**/dir/*.txt", "a/dir/x.txt", true)]
    [InlineData("dir/**", "dir/a/b", true)]
    [InlineData("dir/**", "dir", false)]
    [InlineData("**/**/*.txt", "a/b/x.txt", true)]
    [InlineData("a**b", "a/x/b", true)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "a/c", false)]
    [InlineData("a[b-d]e", "ace", true)]
    [InlineData("a[^b-d]e", "ace", false)]
    [InlineData("a[^b-d]e", "aze", true)]
    [InlineData("a\\*b", "a*b", true)]
    [InlineData("a\\*b", "axb", false)]
    [InlineData("/root", "root", true)]
    [InlineData("/root", "a/root", false)]
    [InlineData("./x/../y", "y", true)]
    [InlineData("dir", "dir/file", true)]
    [InlineData("dir/", "dir/file", true)]
    [InlineData("di", "dir/file", false)]
    [InlineData(".", ".", true)]
    [InlineData("^x$", "^x$", true)]
    [InlineData("a.b", "axb", false)]
    public void Pattern_OfOneLine_Matches(string pattern, string path, bool matches) => Assert.Equal(matches, new IgnorePatterns(IgnorePatterns.Read(pattern)).Matches(path));

    [Theory]
    [InlineData("*\n!keep", "keep", false)]
    [InlineData("*\n!keep", "other", true)]
    [InlineData("!keep\n*", "keep", true)]
    [InlineData("docs\n!docs/README", "docs/README", false)]
    [InlineData("docs\n!docs/README", "docs/x", true)]
    [InlineData("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true)]
    [InlineData("# *.go\n\n  *.md  ", "x.md", true)]
    [InlineData("# *.go", "x.go", false)]
    [InlineData("! x\nx", "x", true)]
    [InlineData("\uFEFFa", "a", true)]
    public void Patterns_OfAFile_TheLastDecides(string file, string path, bool matches) => Assert.Equal(matches, new IgnorePatterns(IgnorePatterns.Read(file)).Matches(path));

    [Theory]
    [InlineData("[")]
    [InlineData("[a")]
    [InlineData("a\\")]
    [InlineData("!")]
    public void Pattern_Malformed_IsRefused(string pattern) => Assert.Throws<FormatException>(() => new IgnorePatterns([pattern]));

    [Fact]
    public void Pattern_MadeToTakeLong_DoesNot()
    {
        var watch = Stopwatch.StartNew();

        Assert.False(new PathPattern(string.Concat(Enumerable.Repeat("**/*a*", 50)) + "b", spans: true).Matches(new string('a', 2000)));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), watch.Elapsed.ToString());
    }

    [Theory]
    [InlineData("**", "a/b", false)]
    [InlineData("**", "ab", true)]
    [InlineData("a/*/c", "a/b/c", true)]
    [InlineData("[]a]", "]", true)]
    public void Pattern_OfCopy_StaysInItsParts(string pattern, string path, bool matches) => Assert.Equal(matches, new PathPattern(pattern, spans: false).Matches(path));
}
