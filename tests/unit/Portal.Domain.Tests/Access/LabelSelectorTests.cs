using Portal.Domain.Access;

namespace Portal.Domain.Tests.Access;

public class LabelSelectorTests
{
    private static readonly Dictionary<string, string> s_labels = new() { ["team"] = "web", ["note"] = "a=b", ["empty"] = "" };

    [Theory]
    [InlineData("team=web", true)]
    [InlineData("team==web", true)]
    [InlineData("team = web , !old", true)]
    [InlineData("team=db", false)]
    [InlineData("team!=db", true)]
    [InlineData("team!=web", false)]
    [InlineData("absent!=x", true)]
    [InlineData("absent=", false)]
    [InlineData("empty=", true)]
    [InlineData("team", true)]
    [InlineData("!team", false)]
    [InlineData("absent", false)]
    [InlineData("team,absent", false)]
    [InlineData("note=a=b", true)]
    public void Selector_Parsed_MatchesAsKubernetesDoes(string text, bool matches)
    {
        Assert.True(LabelSelector.TryParse(text, out var selector));
        Assert.Equal(matches, selector.Matches(s_labels));
        Assert.True(LabelSelector.TryParse(selector.ToString(), out var again));
        Assert.Equal(selector, again);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("team=web,")]
    [InlineData("=web")]
    [InlineData("!=web")]
    [InlineData("!")]
    [InlineData("a b")]
    public void Selector_ThatChoosesNothingClear_IsNone(string? text) => Assert.False(LabelSelector.TryParse(text, out _));
}
