using Portal.Domain.Primitives;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Dockerfiles;

namespace Portal.Runtime.Tests.Builds;

public sealed class BuildPlanTests
{
    private const string Text = "ARG B=busybox\nFROM $B AS a\nRUN 1\nFROM a AS b\nCOPY --from=0 x y\nFROM $B AS c\nRUN 2\nFROM scratch AS d\nRUN --mount=from=c,target=/m 3\nCOPY --from=elsewhere x y\nFROM b\nUSER u\n";

    [Theory]
    [InlineData(null, "0,1,4")]
    [InlineData("a", "0")]
    [InlineData("B", "0,1")]
    [InlineData("d", "2,3")]
    [InlineData("2", "2")]
    public void Plan_OfATarget_HasWhatItNeeds(string? target, string stages) => Assert.Equal(stages, string.Join(',', Make(Text, target).Stages.Select(stage => stage.Index)));

    [Fact]
    public void Plan_OfATargetThatIsNot_IsRefused() => Assert.Equal("failed to reach build target nope in Dockerfile", Assert.Throws<ErrorException>(() => Make(Text, "nope")).Message);

    [Fact]
    public void Plan_BaseIsReplacedAndStagesAreKnown()
    {
        var plan = Make(Text, null);

        Assert.Equal([("busybox", null), ("a", 0), ("b", 1)], plan.Stages.Select(stage => (stage.Base, stage.BaseStage)));
    }

    [Fact]
    public void Plan_OfAContextWithTheNameOfAStage_TakesTheContext()
    {
        var file = DockerfileParser.Parse("FROM x AS a\nFROM a\nCOPY --from=a y z\n");

        Assert.Equal([1], BuildPlan.Make(file, Variables(file), null, ["a"]).Stages.Select(stage => stage.Index));
    }

    [Fact]
    public void Plan_BlankBase_NamesItsLine() => Assert.Equal(2, Assert.Throws<BuildFailure>(() => Make("ARG X\nFROM $X\n", null)).Line);

    [Fact]
    public void Plan_BadPlatform_NamesItsLine() => Assert.Equal(1, Assert.Throws<BuildFailure>(() => Make("FROM --platform=windows/amd64 x\n", null)).Line);

    [Fact]
    public void Steps_AreNumberedThroughWhatIsNeeded()
    {
        var plan = Make(Text, null);
        var steps = new BuildSteps(plan);

        Assert.Equal(
            [
                (1, 6, "[a 1/2] FROM $B AS a"), (2, 6, "[a 2/2] RUN 1"), (3, 6, "[b 1/2] FROM a AS b"), (4, 6, "[b 2/2] COPY --from=0 x y"), (5, 6, "[stage-4 1/1] FROM b"), (6, 6, "[stage-4 1/1] USER u"),
            ],
            steps.All.Select(step => (step.Number, step.Count, step.Name)));
        Assert.Equal([steps.All[2].Id, steps.All[1].Id], steps.All[3].Inputs);
        Assert.Equal(steps.All.Select(step => step.Id), new BuildSteps(Make(Text, null)).All.Select(step => step.Id));
        Assert.Equal(6, steps.All.Select(step => step.Id).Distinct().Count());
    }

    [Theory]
    [InlineData("linux/amd64", "linux/amd64")]
    [InlineData("linux/x86_64", "linux/amd64")]
    [InlineData("arm64", "linux/arm64")]
    [InlineData("linux/arm64/v8", "linux/arm64")]
    [InlineData("linux/arm", "linux/arm/v7")]
    [InlineData("linux/arm/v6", "linux/arm/v6")]
    public void Platform_InManyForms_IsOne(string text, string expected) => Assert.Equal(expected, BuildPlatform.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("a/b/c/d")]
    [InlineData("linux/")]
    [InlineData("darwin/arm64")]
    public void Platform_ThatIsNone_IsRefused(string text) => Assert.Equal(ErrorKind.Invalid, Assert.Throws<ErrorException>(() => BuildPlatform.Parse(text)).Error.Kind);

    private static BuildVariables Variables(Dockerfile file) => new(file, new Dictionary<string, string?>(), BuildPlatform.Host, null);

    private static BuildPlan Make(string text, string? target)
    {
        var file = DockerfileParser.Parse(text);
        return BuildPlan.Make(file, Variables(file), target, []);
    }
}
