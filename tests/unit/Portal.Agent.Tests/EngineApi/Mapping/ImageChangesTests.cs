using Portal.Agent.EngineApi.Mapping;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;

namespace Portal.Agent.Tests.EngineApi.Mapping;

public sealed class ImageChangesTests
{
    private static readonly ImageConfig s_container = new() { Environment = ["PATH=/bin", "A=1"], Command = ["sleep", "1"], WorkingDirectory = "/srv", Volumes = ["/data"], ExposedPorts = ["80/tcp"] };

    [Theory]
    [InlineData("ENV B=2", "PATH=/bin|A=1|B=2")]
    [InlineData("ENV A=2", "PATH=/bin|A=2")]
    [InlineData("ENV PATH=/opt:$PATH", "PATH=/opt:/bin|A=1")]
    [InlineData("ENV B=${A}x", "PATH=/bin|A=1|B=1x")]
    [InlineData("ENV B='$A'", "PATH=/bin|A=1|B=$A")]
    [InlineData("ENV B=\"$A b\"", "PATH=/bin|A=1|B=1 b")]
    [InlineData("ENV B=\\$A", "PATH=/bin|A=1|B=$A")]
    [InlineData("ENV B=${NONE:-other} C=${A:+set}", "PATH=/bin|A=1|B=other|C=set")]
    [InlineData("ENV B two words", "PATH=/bin|A=1|B=two words")]
    public void Env_OverWhatIsThere_ReplacesAndExpands(string change, string expected) =>
        Assert.Equal(expected, string.Join('|', ImageChanges.Apply(s_container, [change]).Environment));

    [Fact]
    public void Entrypoint_WithoutACommandBesideIt_LeavesOutTheOldArguments()
    {
        Assert.Null(ImageChanges.Apply(s_container, ["ENTRYPOINT [\"/run\"]"]).Command);
        Assert.Equal(["x"], ImageChanges.Apply(s_container, ["CMD [\"x\"]", "ENTRYPOINT [\"/run\"]"]).Command!);
        Assert.Equal(["/bin/ash", "-e", "foo bar"], ImageChanges.Apply(s_container, ["SHELL [\"/bin/ash\", \"-e\"]", "CMD foo bar"]).Command!);
        Assert.Equal(["/bin/sh", "-c", "[no list"], ImageChanges.Apply(s_container, ["CMD [no list"]).Command!);
    }

    [Fact]
    public void Lists_OverWhatIsThere_GrowWithoutDoubles()
    {
        Assert.Equal(["80/tcp", "81/tcp", "82/tcp", "53/udp"], ImageChanges.Apply(s_container, ["EXPOSE 80-82 53/udp"]).ExposedPorts);
        Assert.Equal(["/data", "/v1", "/v 2"], ImageChanges.Apply(s_container, ["VOLUME [\"/v1\", \"/v 2\"]", "VOLUME /data"]).Volumes);
        Assert.Equal(["RUN a", "RUN b"], ImageChanges.Apply(s_container, ["ONBUILD RUN a", "ONBUILD RUN b"]).OnBuild);
    }

    [Theory]
    [InlineData("WORKDIR /w", "/w")]
    [InlineData("WORKDIR sub", "/srv/sub")]
    [InlineData("WORKDIR ../x", "/x")]
    public void Workdir_RelativeOrNot_IsAbsolute(string change, string expected) => Assert.Equal(expected, ImageChanges.Apply(s_container, [change]).WorkingDirectory);

    [Fact]
    public void Healthcheck_WithOptions_TakesThem()
    {
        var check = ImageChanges.Apply(s_container, ["HEALTHCHECK --interval=5s --timeout=1m30s --retries=3 CMD curl -f x"]).HealthCheck!;

        Assert.Equal(["CMD-SHELL", "curl -f x"], check.Test);
        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(90), 3), (check.Interval, check.Timeout, check.Retries));
        Assert.Equal(["CMD", "a", "b"], ImageChanges.Apply(s_container, ["HEALTHCHECK CMD [\"a\",\"b\"]"]).HealthCheck!.Test);
        Assert.Equal(["NONE"], ImageChanges.Apply(s_container, ["HEALTHCHECK NONE"]).HealthCheck!.Test);
    }

    [Fact]
    public void Lines_InOneChange_AreAppliedInOrder() =>
        Assert.Equal(["PATH=/bin", "A=3"], ImageChanges.Apply(s_container, ["ENV A=2\nENV A=3", "USER app"]).Environment);

    [Theory]
    [InlineData("RUN x", "RUN is not a valid change command")]
    [InlineData("FOO", "FOO requires at least one argument")]
    [InlineData("ENV A", "ENV must have two arguments")]
    [InlineData("ENV A=1 B", "can't find = in \"B\"")]
    [InlineData("ENV A=\"open", "double-quote")]
    [InlineData("ENV A=${B", "missing '}'")]
    [InlineData("SHELL /bin/sh", "SHELL requires the arguments to be in JSON form")]
    [InlineData("EXPOSE 99999", "99999")]
    [InlineData("EXPOSE 5-3", "5-3")]
    [InlineData("HEALTHCHECK CMD", "Missing command")]
    [InlineData("HEALTHCHECK --interval=0s CMD x", "1ms")]
    [InlineData("HEALTHCHECK --nope=1 CMD x", "--nope")]
    [InlineData("ONBUILD FROM x", "FROM isn't allowed")]
    public void Change_ThatIsWrong_Is400AndSaysWhy(string change, string words)
    {
        var error = Assert.Throws<ErrorException>(() => ImageChanges.Apply(s_container, [change]));

        Assert.Equal(ErrorKind.Invalid, error.Error.Kind);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Merge_OfWhatIsNotSaid_TakesTheContainers()
    {
        var own = new ImageConfig { Entrypoint = ["/e"], Command = ["c"], User = "u", Labels = new Dictionary<string, string> { ["a"] = "1", ["b"] = "1" }, StopSignal = "SIGINT" };

        var merged = CommitMapping.Merge(new() { Labels = new Dictionary<string, string> { ["a"] = "2" } }, own);
        Assert.Equal(["/e"], merged.Entrypoint!);
        Assert.Equal(["c"], merged.Command!);
        Assert.Equal(("u", "SIGINT", "2", "1"), (merged.User, merged.StopSignal, merged.Labels["a"], merged.Labels["b"]));
        Assert.Null(CommitMapping.Merge(new() { Entrypoint = ["/mine"] }, own).Command);
    }
}
