using System.Collections.Immutable;
using Portal.Domain.Access.Model;
using Portal.Domain.Access.Teams;

namespace Portal.Domain.Tests.Access;

public class ClaimTeamsTests
{
    private static readonly AccessModel s_model = AccessModel.Empty with
    {
        Teams = ((string[])["ops", "web", "own"]).ToImmutableDictionary(name => name, name => new Team(name, name) { Members = ["old"] }),
    };

    [Theory]
    [InlineData("platform", "ops")]
    [InlineData("devs", "web")]
    [InlineData("platform,devs", "ops,web")]
    [InlineData("ops", "")]
    [InlineData("cn=all=x", "web")]
    [InlineData("", "")]
    public void Apply_ValuesOfTheClaim_AreTheMappedTeamsAndNoOthers(string values, string teams)
    {
        Assert.True(ClaimTeams.TryParse("platform=ops; devs=web;cn=all=x=web;gone=missing", out var map));
        var next = map.Apply(s_model with { Teams = s_model.Teams.SetItem("ops", s_model.Teams["ops"] with { Members = ["old", "ann"] }) }, "ann", values.Split(','));
        Assert.Equal(teams, string.Join(',', next.Teams.Values.Where(team => team.Members.Contains("ann")).Select(team => team.Name).Order(StringComparer.Ordinal)));
        Assert.All(next.Teams.Values, team => Assert.Contains("old", team.Members));
        Assert.Equal(3, next.Teams.Count);
    }

    [Fact]
    public void Apply_ATeamThatIsNotMapped_IsLeftAlone()
    {
        Assert.True(ClaimTeams.TryParse("platform=ops", out var map));
        var mine = s_model with { Teams = s_model.Teams.SetItem("own", s_model.Teams["own"] with { Members = ["ann"] }) };
        Assert.Contains("ann", map.Apply(mine, "ann", []).Teams["own"].Members);
    }

    [Theory]
    [InlineData("platform")]
    [InlineData("=ops")]
    [InlineData("platform=")]
    public void Mapping_ThatIsNone_IsRefused(string text) => Assert.False(ClaimTeams.TryParse(text, out _));
}
