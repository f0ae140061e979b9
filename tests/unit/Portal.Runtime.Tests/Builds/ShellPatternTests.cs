using System.Text.RegularExpressions;
using Portal.Runtime.Builds.Dockerfiles;

namespace Portal.Runtime.Tests.Builds;

/// <summary>Patterns of a shell say the same as expressions in which <c>*</c> is <c>.*</c>.</summary>
public sealed class ShellPatternTests
{
    private readonly Random _random = new(1);

    [Fact]
    public void Pattern_OfAnything_AgreesWithAnExpression()
    {
        for (var i = 0; i < 20_000; i++)
        {
            var (text, pattern) = (Make("ab", 12), Make("ab*?", 5));
            var tried = new ShellPattern(pattern, '\\');
            var expression = Expression(pattern);

            // The shortest of all that match, not the first that a search meets.
            int[] ends = [.. Enumerable.Range(0, text.Length + 1).Where(end => Regex.IsMatch(text[..end], $@"\A(?:{expression})\z"))];
            int[] starts = [.. Enumerable.Range(0, text.Length + 1).Where(start => Regex.IsMatch(text[start..], $@"\A(?:{expression})\z"))];
            var title = $"'{pattern}' of '{text}'";
            Assert.True((ends.Length == 0 ? text : text[ends[0]..]) == tried.WithoutPrefix(text, longest: false), title);
            Assert.True((ends.Length == 0 ? text : text[ends[^1]..]) == tried.WithoutPrefix(text, longest: true), title);
            Assert.True((starts.Length == 0 ? text : text[..starts[^1]]) == tried.WithoutSuffix(text, longest: false), title);
            Assert.True((starts.Length == 0 ? text : text[..starts[0]]) == tried.WithoutSuffix(text, longest: true), title);
        }
    }

    private static string Expression(string pattern) => pattern.Replace("?", ".", StringComparison.Ordinal).Replace("*", ".*", StringComparison.Ordinal);

    private string Make(string letters, int longest) => string.Concat(Enumerable.Range(0, _random.Next(longest + 1)).Select(_ => letters[_random.Next(letters.Length)]));
}
