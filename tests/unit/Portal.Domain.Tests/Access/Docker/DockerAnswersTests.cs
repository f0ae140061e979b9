using System.Text;
using System.Text.Json;
using Portal.Domain.Access;
using Portal.Domain.Access.Docker;

namespace Portal.Domain.Tests.Access.Docker;

public sealed class DockerAnswersTests
{
    private static readonly Scope s_here = new Scope.OfHost(DockerBench.Id);
    private static readonly Scope s_own = new Scope.OfOwner(s_here, DockerBench.Ann), s_web = new Scope.WithLabels(s_here, Labels("team=web")), s_notWeb = new Scope.WithLabels(s_here, Labels("team!=web"));

    [Fact]
    public void Containers_AreThoseOfTheActor_AndKeepWhatOnlyTheEngineKnows() => Assert.Equal(
        """[{"Id":"mine","Labels":{},"New":{"a":[1]}},{"Id":"theirs","Labels":{"team":"web"}}]""",
        Filter(DockerAnswer.Containers, """[{"Id":"mine","Labels":{},"New":{"a":[1]}},{"Id":"theirs","Labels":{"team":"web"}},{"Id":"other","Labels":{"team":"db"}},{"Labels":{"team":"web"}}]""", s_own, s_web));

    [Fact]
    public void Images_AreOwned_WhateverTheirLabels() => Assert.Equal(
        """[{"Id":"mine","Labels":null}]""", Filter(DockerAnswer.Images, """[{"Id":"mine","Labels":null},{"Id":"x","Labels":{"team":"web"}},{"Id":"y","Labels":{}}]""", s_own, s_web, s_notWeb));

    [Fact]
    public void Networks_OfTheEngine_AreEverybodys() => Assert.Equal(
        """[{"Name":"bridge","Id":"1"},{"Name":"host","Id":"2"},{"Name":"mine","Id":"mine"}]""",
        Filter(DockerAnswer.Networks, """[{"Name":"bridge","Id":"1"},{"Name":"host","Id":"2"},{"Name":"mine","Id":"mine"},{"Name":"x","Id":"3"}]""", s_own));

    [Fact]
    public void Network_ContainersOfOthers_AreNotShown() => Assert.Equal(
        """{"Name":"bridge","Containers":{"mine":{"Name":"m"}},"Labels":{}}""",
        Filter(DockerAnswer.Network, """{"Name":"bridge","Containers":{"mine":{"Name":"m"},"x":{"Name":"secret"}},"Labels":{}}""", s_own, s_notWeb));

    [Theory]
    [InlineData("""{"Volumes":[{"Name":"mine"},{"Name":"x"}],"Warnings":null}""", """{"Volumes":[{"Name":"mine"}],"Warnings":null}""")]
    [InlineData("""{"Volumes":null,"Warnings":[]}""", """{"Volumes":null,"Warnings":[]}""")]
    public void Volumes_AreThoseOfTheActor(string json, string shown) => Assert.Equal(shown, Filter(DockerAnswer.Volumes, json, s_own));

    [Fact]
    public void DiskUsage_IsThatOfTheActor_AndNothingElse()
    {
        const string Usage = """{"LayersSize":9,"Images":[{"Id":"mine","Size":5},{"Id":"x","Size":4}],"Containers":[{"Id":"mine"},{"Id":"x"}],"Volumes":[{"Name":"x"}],"BuildCache":[{"ID":"c"}],"New":{"Items":[{"Id":"x"}]}}""";

        Assert.Equal("""{"LayersSize":5,"Images":[{"Id":"mine","Size":5}],"Containers":[{"Id":"mine"}],"Volumes":[],"BuildCache":[]}""", Filter(DockerAnswer.DiskUsage, Usage, s_own));
        Assert.Equal(Usage.Replace(""","New":{"Items":[{"Id":"x"}]}""", "", StringComparison.Ordinal), Filter(DockerAnswer.DiskUsage, Usage, s_here));
    }

    /// <summary>Go's reader of times takes no escapes.</summary>
    [Fact]
    public void Text_IsAsTheEngineWroteIt()
    {
        const string Usage = """{"LayersSize":0,"Images":[],"Containers":[],"Volumes":[],"BuildCache":[{"ID":"c","CreatedAt":"2026-11-25T18:19:09.7198767+00:00","Description":"<a> & 'b' für"}]}""";

        Assert.Equal(Usage, Filter(DockerAnswer.DiskUsage, Usage, s_here));
    }

    [Theory]
    [InlineData(DockerAnswer.Containers, """{"Id":"x"}""")]
    [InlineData(DockerAnswer.Volumes, """[{"Name":"x"}]""")]
    [InlineData(DockerAnswer.Volumes, """{"Volumes":"x"}""")]
    [InlineData(DockerAnswer.DiskUsage, "1")]
    [InlineData(DockerAnswer.Network, "[]")]
    [InlineData(DockerAnswer.Images, "")]
    public void Answer_OfAnotherKind_IsNotHandedOn(DockerAnswer answer, string json) => Assert.ThrowsAny<JsonException>(() => Filter(answer, json, s_own));

    [Fact]
    public void Answer_OddItems_AreNotShown() => Assert.Equal("[]", Filter(DockerAnswer.Containers, """[1,"mine",null,[],{"Id":1}]""", s_own));

    [Theory]
    [InlineData("""{"Type":"container","Action":"start","Actor":{"ID":"mine","Attributes":{"name":"x"}}}""", true)]
    [InlineData("""{"Type":"container","Action":"start","Actor":{"ID":"x","Attributes":{"team":"web","name":"x"}}}""", true)]
    [InlineData("""{"Type":"container","Action":"start","Actor":{"ID":"x","Attributes":{"team":"db"}}}""", false)]
    [InlineData("""{"Type":"network","Action":"connect","Actor":{"ID":"x","Attributes":{"team":"web"}}}""", false)]
    [InlineData("""{"Type":"volume","Action":"create","Actor":{"ID":"mine","Attributes":{}}}""", true)]
    [InlineData("""{"Type":"image","Action":"pull","Actor":{"ID":"busybox","Attributes":{"team":"web"}}}""", false)]
    [InlineData("""{"Type":"daemon","Action":"reload","Actor":{"ID":"mine","Attributes":{}}}""", false)]
    [InlineData("""{"Type":"container","Actor":null}""", false)]
    [InlineData("""[]""", false)]
    [InlineData("not json", false)]
    public void Event_IsShownToWhoSeesWhatItIsAbout(string line, bool shown)
    {
        Assert.Equal(shown, DockerEvents.Shows(Encoding.UTF8.GetBytes(line), Sight(s_own, s_web)));
        Assert.True(DockerEvents.Shows(Encoding.UTF8.GetBytes(line), Sight(s_here)));
    }

    [Fact]
    public void Event_WordsOfTheEngine_AreNoLabels() => Assert.False(DockerEvents.Shows(
        """{"Type":"container","Action":"start","Actor":{"ID":"x","Attributes":{"name":"web"}}}"""u8.ToArray(), Sight(new Scope.WithLabels(s_here, Labels("name=web")))));

    private static string Filter(DockerAnswer answer, string json, params Scope[] scopes)
    {
        var filtered = DockerAnswers.Filter(answer, Encoding.UTF8.GetBytes(json), Sight(scopes));
        using var document = JsonDocument.Parse(filtered);
        return Encoding.UTF8.GetString(filtered.Span);
    }

    private static DockerSight Sight(params Scope[] scopes) => new(
        new("ann", "Ann", [.. scopes.Select(scope => new Grant(BuiltInRoles.Viewer, scope))]), DockerBench.Host, new AccessPolicy(), (_, id) => id == "mine" ? [DockerBench.Ann] : []);

    private static LabelSelector Labels(string text) => LabelSelector.TryParse(text, out var selector) ? selector : throw new FormatException(text);
}
