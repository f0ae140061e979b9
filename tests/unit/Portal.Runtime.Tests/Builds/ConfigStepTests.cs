using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Images;

namespace Portal.Runtime.Tests.Builds;

public sealed class ConfigStepTests
{
    [Fact]
    public void Arguments_AreSeenFromTheirLineOn_AndEnvGoesBefore()
    {
        var state = After("FROM x\nENV early=$a\nARG a=1\nARG b=$a-2 c\nENV b=env late=$a$b$c", new() { ["c"] = "given" });

        Assert.Equal(["early=", "b=env", "late=11-2given"], state.Config.Environment);
        Assert.Equal([("a", "1"), ("b", "1-2"), ("c", "given")], state.Arguments.Select(argument => (argument.Key, argument.Value)));
    }

    [Fact]
    public void Arguments_BeforeFrom_NeedTheirArgInAStage()
    {
        var state = After("ARG V=1 W=$V-w\nFROM x:$W\nENV a=${V-unset}\nARG V\nENV b=$V\nARG W=own\nENV c=$W", []);

        Assert.Equal(["a=unset", "b=1", "c=own"], state.Config.Environment);
    }

    [Fact]
    public void Arguments_Predefined_NeedTheirArgToo()
    {
        var host = BuildPlatform.Host;

        Assert.Equal([$"a={host}", $"b={host.Architecture}", "c=", "d=default"], After("FROM --platform=$BUILDPLATFORM x\nARG TARGETPLATFORM TARGETARCH TARGETSTAGE\nENV a=$TARGETPLATFORM b=$TARGETARCH c=$TARGETOS d=$TARGETSTAGE", []).Config.Environment);
    }

    [Fact]
    public void Arguments_NobodyTook_AreTold()
    {
        var file = DockerfileParser.Parse("ARG g\nFROM x");
        var variables = new BuildVariables(file, new Dictionary<string, string?> { ["g"] = "1", ["typo"] = "2", ["HTTP_PROXY"] = "3", ["BUILDKIT_INLINE_CACHE"] = "1" }, BuildPlatform.Host, null);

        Assert.Equal(["typo"], variables.Unused);
        Assert.Equal("3", variables.Proxies.Single().Value);
    }

    [Fact]
    public void Command_OfTheBase_IsGoneWithAnEntrypointOfOnesOwn()
    {
        Assert.Null(After("FROM x\nENTRYPOINT e", []).Config.Command);
        Assert.Equal(["/bin/sh", "-c", "c"], After("FROM x\nCMD c\nENTRYPOINT [\"e\"]", []).Config.Command);
        Assert.Equal(["x", "c"], After("FROM x\nSHELL [\"x\"]\nCMD c", []).Config.Command);
    }

    [Fact]
    public void History_IsInBuildKitsWords()
    {
        var state = After(
            "FROM x\nARG a=1\nARG b\nENV c=\"d e\"\nLABEL l=m\nEXPOSE 80 53/udp\nVOLUME /v /w\nUSER u\nSTOPSIGNAL INT\nSHELL [\"s\", \"-x\"]\nCMD [\"a\", \"b\\\"c\"]\nHEALTHCHECK --retries=3 --interval=90s CMD t\nONBUILD RUN z\nMAINTAINER m e", []);

        Assert.Equal(
            [
                "ARG a=1", "ARG b", "ENV c=d e", "LABEL l=m", "EXPOSE [80/tcp 53/udp]", "VOLUME [/v /w]", "USER u", "STOPSIGNAL INT", "SHELL [s -x]", "CMD [\"a\" \"b\\\"c\"]",
                "HEALTHCHECK &{[\"CMD-SHELL\" \"t\"] \"1m30s\" \"0s\" \"0s\" \"0s\" '\\x03'}", "ONBUILD RUN z", "MAINTAINER m e",
            ],
            state.History.Select(step => step.CreatedBy));
        Assert.All(state.History, step => Assert.Equal((true, "buildkit.dockerfile.v0"), (step.EmptyLayer, step.Comment)));
        Assert.Equal("m e", state.Author);
        Assert.Equal("RUN |1 a=b sh -c x # buildkit", HistoryText.Run(["sh", "-c", "x"], [KeyValuePair.Create("a", "b")]));
    }

    [Theory]
    [InlineData("80", "80/tcp")]
    [InlineData("8000-8002/UDP", "8000/udp,8001/udp,8002/udp")]
    [InlineData("127.0.0.1:8080:80", "80/tcp")]
    public void Ports_AreSpelledOut(string text, string expected) => Assert.Equal(expected, string.Join(',', ExposedPorts.Parse(text, 1)));

    [Theory]
    [InlineData("EXPOSE 0", "invalid containerPort: 0")]
    [InlineData("EXPOSE 2-1", "invalid containerPort: 2-1")]
    [InlineData("EXPOSE 80/x", "invalid proto: x")]
    [InlineData("STOPSIGNAL NOPE", "nvalid signal: NOPE")]
    [InlineData("ENV a=${b", "failed to process: syntax error: missing '}'")]
    public void Mistake_NamesItsLine(string line, string problem)
    {
        var failure = Assert.Throws<BuildFailure>(() => After("FROM x\n\n" + line, []));

        Assert.Equal(3, failure.Line);
        Assert.Contains(problem, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Image_OfTheSameSteps_IsTheSame()
    {
        var time = new DateTimeOffset(2020, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var state = After("FROM x\nENV a=b", []).WithHistory("RUN x", time, isEmpty: false).WithHistory("LABEL y", null, isEmpty: true);
        byte[] Bytes(DateTimeOffset now) => ImageDocument.BuiltConfig(BuiltImage.Of(state, new Dictionary<string, string> { ["l"] = "v" }, now));

        Assert.Equal(Bytes(time.AddDays(1)), Bytes(time.AddDays(2)));
        var (image, _) = ImageDocument.ParseConfig(Bytes(time));
        Assert.Equal((time, time, "v"), (image.Created, image.History![^1].Created, image.Config!.Labels!["l"]));
    }

    private static StageState After(string text, Dictionary<string, string?> given)
    {
        var file = DockerfileParser.Parse(text);
        var variables = new BuildVariables(file, given, BuildPlatform.Host, null);
        var state = new StageState(new ImageConfig { Command = ["base"] }, [], "key") { Platform = BuildPlatform.Host };
        return file.Stages[0].Instructions.Aggregate(state, (now, instruction) => ConfigStep.TryApply(now, instruction, variables)!);
    }
}
