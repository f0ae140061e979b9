using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Dockerfiles;

namespace Portal.Runtime.Tests.Builds;

/// <summary>What is told of a Dockerfile without building it.</summary>
public sealed class DockerfileLookTests
{
    [Theory]
    [InlineData("FROM a AS Big", "StageNameCasing 1")]
    [InlineData("FROM a as b", "FromAsCasing 1")]
    [InlineData("from a as b\nrun x", "")]
    [InlineData("FROM a\nrun x\nRUN y", "ConsistentInstructionCasing 2")]
    [InlineData("from a\nrun x\nRUN y", "ConsistentInstructionCasing 3")]
    [InlineData("FROM a AS b\nFROM a AS b", "DuplicateStageName 2")]
    [InlineData("FROM a AS scratch", "ReservedStageName 1")]
    [InlineData("FROM --platform=linux/amd64 a", "FromPlatformFlagConstDisallowed 1")]
    [InlineData("FROM --platform=$TARGETPLATFORM a", "RedundantTargetPlatform 1")]
    [InlineData("FROM --platform=$BUILDPLATFORM a", "")]
    [InlineData("FROM a\nRUN x \\\n\n  y", "NoEmptyContinuation 2")]
    [InlineData("FROM a\nCMD x", "JSONArgsRecommended 2")]
    [InlineData("FROM a\nSHELL [\"s\"]\nENTRYPOINT x", "")]
    [InlineData("FROM a\nENTRYPOINT [\"x\"]", "")]
    [InlineData("FROM a\nMAINTAINER x", "MaintainerDeprecated 2")]
    [InlineData("FROM a\nWORKDIR x", "WorkdirRelativePath 2")]
    [InlineData("FROM a\nWORKDIR /x\nWORKDIR y", "")]
    [InlineData("FROM a\nCMD [\"x\"]\nCMD [\"y\"]", "MultipleInstructionsDisallowed 2")]
    [InlineData("FROM a\nENV x y", "LegacyKeyValueFormat 2")]
    [InlineData("FROM a\nENV x=y z=w", "")]
    [InlineData("FROM a\nLABEL \"x\"=\"y z\"", "")]
    [InlineData("ARG DB_PASSWORD\nFROM a\nENV API_TOKEN=x PUBLIC_KEY=y monkey=z", "SecretsUsedInArgOrEnv 1, SecretsUsedInArgOrEnv 3")]
    [InlineData("# check=skip=WorkdirRelativePath\nFROM a\nWORKDIR x\nCMD y", "JSONArgsRecommended 4")]
    [InlineData("# check=skip=all;error=true\nFROM a\nWORKDIR x\nCMD y", "")]
    public void Lint_SeesWhatIsDoubtful(string text, string expected) =>
        Assert.Equal(expected, string.Join(", ", DockerfileLint.Check(DockerfileParser.Parse(text)).Select(warning => $"{warning.Rule} {warning.Line}")));

    [Fact]
    public void Look_TellsWhatTheTargetTakes()
    {
        const string Text = """
            # VERSION which one
            ARG VERSION=1
            FROM base:$VERSION AS unneeded
            ARG NEVER

            # app what runs
            FROM scratch AS app
            ARG VERSION
            # MODE how it runs
            ARG MODE=fast
            RUN --mount=type=secret,id=token,required=true --mount=type=cache,target=/c --mount=type=ssh true
            FROM app AS test
            """;
        var file = DockerfileParser.Parse(Text);
        var variables = new BuildVariables(file, new Dictionary<string, string?> { ["VERSION"] = "2" }, BuildPlatform.Host, "app");

        var facts = DockerfileLook.At(Text, file, BuildPlan.Make(file, variables, "app", []), variables);

        Assert.Equal(["unneeded", "app", "test"], facts.Stages.Select(stage => stage.Name));
        Assert.Equal(new StageFacts("app", "what runs", "scratch", "", 7), facts.Target);
        Assert.Equal([new ArgumentFacts("VERSION", "which one", "2", 2), new ArgumentFacts("MODE", "how it runs", "fast", 10)], facts.Arguments);
        Assert.Equal([new MountFacts("token", true, 11)], facts.Secrets);
        Assert.Equal([new MountFacts("default", false, 11)], facts.Agents);
        Assert.Equal([new MountFacts("/c", false, 11)], facts.Caches);
    }
}
