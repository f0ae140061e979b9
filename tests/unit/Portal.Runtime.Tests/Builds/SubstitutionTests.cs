using Portal.Runtime.Builds.Dockerfiles;

namespace Portal.Runtime.Tests.Builds;

public sealed class SubstitutionTests
{
    private static readonly Dictionary<string, string> s_variables = new() { ["a"] = "abc", ["e"] = "", ["p"] = "/usr/lib/x.so.1", ["s"] = "one two", ["v1"] = "1", ["1"] = "first" };

    [Theory]
    [InlineData("$a", "abc")]
    [InlineData("${a}", "abc")]
    [InlineData("x$a-y", "xabc-y")]
    [InlineData("$av", "")]
    [InlineData("$v1$none.", "1.")]
    [InlineData("$1x", "firstx")]
    [InlineData("$", "$")]
    [InlineData("a$ b", "a$ b")]
    [InlineData("\\$a", "$a")]
    [InlineData("\\a", "a")]
    [InlineData("a\\", "a")]
    [InlineData("'$a'", "$a")]
    [InlineData("'a\\'", "a\\")]
    [InlineData("\"$a\"", "abc")]
    [InlineData("\"\\$a \\\" \\\\ \\n\"", "$a \" \\ \\n")]
    [InlineData("\"it's\"", "it's")]
    [InlineData("a\"b\"'c'", "abc")]
    public void Word_Simple_IsReplaced(string text, string expected) => Assert.Equal(expected, Word(text));

    [Theory]
    [InlineData("${a:-w}", "abc")]
    [InlineData("${e:-w}", "w")]
    [InlineData("${n:-w}", "w")]
    [InlineData("${a-w}", "abc")]
    [InlineData("${e-w}", "")]
    [InlineData("${n-w}", "w")]
    [InlineData("${a:+w}", "w")]
    [InlineData("${e:+w}", "")]
    [InlineData("${n:+w}", "")]
    [InlineData("${a+w}", "w")]
    [InlineData("${e+w}", "w")]
    [InlineData("${n+w}", "")]
    [InlineData("${a:?w}", "abc")]
    [InlineData("${e?w}", "")]
    [InlineData("${n:-${a:+${v1}}}", "1")]
    [InlineData("${n:-'a}b'}", "a}b")]
    [InlineData("${n:-\"$a\"}", "abc")]
    [InlineData("${n:-}", "")]
    public void Word_WithAChoice_IsReplaced(string text, string expected) => Assert.Equal(expected, Word(text));

    [Theory]
    [InlineData("${p#*/}", "usr/lib/x.so.1")]
    [InlineData("${p##*/}", "x.so.1")]
    [InlineData("${p%.*}", "/usr/lib/x.so")]
    [InlineData("${p%%.*}", "/usr/lib/x")]
    [InlineData("${p#/us?}", "/lib/x.so.1")]
    [InlineData("${p#nope}", "/usr/lib/x.so.1")]
    [InlineData("${a#}", "abc")]
    [InlineData("${a%%*}", "")]
    [InlineData("${n#x}", "")]
    [InlineData("${a#\\*}", "abc")]
    [InlineData("${a/b/X}", "aXc")]
    [InlineData("${p/s/S}", "/uSr/lib/x.so.1")]
    [InlineData("${p//s/S}", "/uSr/lib/x.So.1")]
    [InlineData("${p//\\//:}", ":usr:lib:x.so.1")]
    [InlineData("${p//*/y}", "y")]
    [InlineData("${a/?/}", "bc")]
    [InlineData("${a//?/}", "")]
    [InlineData("${a/z/}", "abc")]
    public void Word_WithAPattern_IsReplaced(string text, string expected) => Assert.Equal(expected, Word(text));

    [Theory]
    [InlineData("${", "syntax error: missing '}'")]
    [InlineData("${a", "syntax error: missing '}'")]
    [InlineData("${a:", "syntax error: missing '}'")]
    [InlineData("${a:-", "syntax error: missing '}'")]
    [InlineData("${a/x", "syntax error: missing '/' in substitution")]
    [InlineData("${}", "syntax error: bad substitution")]
    [InlineData("${:}", "syntax error: bad substitution")]
    [InlineData("${{a}}", "syntax error: bad substitution")]
    [InlineData("${a!b}", "unsupported modifier (!) in substitution")]
    [InlineData("${a:#b}", "unsupported modifier (:#) in substitution")]
    [InlineData("'a", "unexpected end of statement while looking for matching single-quote")]
    [InlineData("\"a", "unexpected end of statement while looking for matching double-quote")]
    [InlineData("${n?}", "n: is not allowed to be unset")]
    [InlineData("${e:?}", "e: is not allowed to be unset")]
    [InlineData("${n:?why}", "n: why")]
    public void Word_Malformed_SaysHow(string text, string problem) => Assert.Equal(problem, Assert.Throws<FormatException>(() => Word(text)).Message);

    [Theory]
    [InlineData("a b", "a|b")]
    [InlineData("$s", "one|two")]
    [InlineData("\"$s\" x", "one two|x")]
    [InlineData("a'' ''", "a|")]
    [InlineData("$e", "")]
    [InlineData(" a\\ b ", "a b")]
    public void Split_KeepsWhatIsQuotedTogether(string text, string expected) => Assert.Equal(expected, string.Join('|', New('\\').Split(text)));

    [Theory]
    [InlineData("$a \"$a\" '$a'", "abc \"abc\" 'abc'")]
    [InlineData("\\$a \\\\ \\n", "$a \\ \\n")]
    public void Text_KeepsItsQuotes(string text, string expected) => Assert.Equal(expected, New('\\').Text(text));

    [Fact]
    public void Escape_MayBeABacktick() => Assert.Equal("$a C:\\x", New('`').Word("`$a C:\\x"));

    [Fact]
    public void Word_NestedTooDeeply_IsRefused() =>
        Assert.Contains("nested too deeply", Assert.Throws<FormatException>(() => Word(string.Concat(Enumerable.Repeat("${n:-", 5000)))).Message, StringComparison.Ordinal);

    [Fact]
    public void Words_InSpaces_KeepQuotesAndEscapes() => Assert.Equal(["a", "\"b c\"", "d\\ e", "'f\\'"], Words.Split("a \"b c\"\td\\ e  'f\\'", '\\'));

    private static Substitution New(char escape) => new(escape, name => s_variables.GetValueOrDefault(name));

    private static string Word(string text) => New('\\').Word(text);
}
