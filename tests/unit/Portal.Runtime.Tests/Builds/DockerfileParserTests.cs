using Portal.Domain.Primitives;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Dockerfiles;

namespace Portal.Runtime.Tests.Builds;

public sealed class DockerfileParserTests
{
    [Fact]
    public void Stages_WithNamesPlatformsAndGlobals_AreRead()
    {
        var file = DockerfileParser.Parse("# syntax=docker/dockerfile:1\nARG A=1 B\nFROM --platform=linux/arm64 x:$A as Build\nRUN a\nfrom build\nCMD b\n");

        Assert.Equal("docker/dockerfile:1", file.Syntax);
        Assert.Equal([("A", "1"), ("B", null)], file.Globals[0].Arguments);
        Assert.Equal([("build", "x:$A", "linux/arm64", 3), (null, "build", null, 5)], file.Stages.Select(stage => (stage.Name, stage.Base, stage.Platform, stage.Line)));
        Assert.Equal("RUN a", Assert.Single(file.Stages[0].Instructions).Text);
    }

    [Theory]
    [InlineData("FROM a\nRUN x \\\n  y", "RUN x   y")]
    [InlineData("FROM a\nRUN x \\  \ny", "RUN x y")]
    [InlineData("FROM a\nRUN x \\\n# comment\n   # indented\ny", "RUN x y")]
    [InlineData("FROM a\nRUN x \\\n\n\ny", "RUN x y")]
    [InlineData("FROM a\nRUN x \\\\\nCMD z", "RUN x \\\\")]
    [InlineData("# escape=`\nFROM a\nRUN x `\ny\\", "RUN x y\\")]
    [InlineData("FROM a\r\nRUN x \\\r\ny\r\n", "RUN x y")]
    [InlineData("\uFEFFFROM a\n\tRUN x", "RUN x")]
    public void Line_Continued_IsJoined(string text, string expected) => Assert.Equal(expected, DockerfileParser.Parse(text).Stages[0].Instructions[0].Text);

    [Fact]
    public void ContinuationOverAnEmptyLine_IsWarnedOf() =>
        Assert.Equal((2, true), DockerfileParser.Parse("FROM a\nRUN x \\\n\ny").Warnings.Select(warning => (warning.Line, warning.Text.StartsWith("Empty continuation line", StringComparison.Ordinal))).Single());

    [Theory]
    [InlineData("# escape=`\n# escape=`\nFROM a", 2, "only one escape parser directive can be used")]
    [InlineData("# escape=x\nFROM a", 1, "invalid escape token 'x' does not match ` or \\")]
    [InlineData("FROM a\nFOO b", 2, "unknown instruction: FOO")]
    [InlineData("RUN x\nFROM a", 1, "no build stage in current context")]
    [InlineData("FROM a b", 1, "FROM requires either one or three arguments")]
    [InlineData("FROM a AS 1", 1, "invalid name for build stage: \"1\", name can't start with a number or contain symbols")]
    [InlineData("FROM a\nRUNN b", 2, "unknown instruction: RUNN (did you mean RUN?)")]
    [InlineData("FROM a\nCPOY b c", 2, "unknown instruction: CPOY (did you mean COPY?)")]
    [InlineData("FROM a\nWORKDR b", 2, "unknown instruction: WORKDR (did you mean WORKDIR?)")]
    [InlineData("FROM a\nLABLE b=c", 2, "unknown instruction: LABLE (did you mean LABEL?)")]
    [InlineData("FROM a\nWORKDIR b\nCOPY --chwon=1 b c", 3, "unknown flag: --chwon (known here: --chmod, --chown")]
    [InlineData("FROM a\nENV x", 2, "ENV must have two arguments, such as ENV NAME=value")]
    [InlineData("RUN x\nFROM a", 1, "no build stage in current context: RUN stands before the first FROM")]
    [InlineData("FROM a\n\nENV x", 3, "ENV must have two arguments")]
    [InlineData("FROM a\nENV a=1 b", 2, "Syntax error - can't find = in \"b\". Must be of the form: name=value")]
    [InlineData("FROM a\nENV =1", 2, "ENV names can not be blank")]
    [InlineData("FROM a\nLABEL", 2, "LABEL requires at least one argument")]
    [InlineData("FROM a\nARG", 2, "ARG requires at least one argument")]
    [InlineData("FROM a\nARG =x", 2, "ARG names can not be blank")]
    [InlineData("FROM a\nCOPY", 2, "COPY requires at least two arguments")]
    [InlineData("FROM a\nADD x", 2, "ADD requires at least two arguments, but only one was provided. Destination could not be determined")]
    [InlineData("FROM a\nCOPY --from=x --from=y a b", 2, "duplicate flag specified: from")]
    [InlineData("FROM a\nCOPY --chown a b", 2, "missing a value on flag: chown")]
    [InlineData("FROM a\nCOPY --link=maybe a b", 2, "expecting boolean value for flag link, not: maybe")]
    [InlineData("FROM a\nADD --from=x a b", 2, "unknown flag: --from")]
    [InlineData("FROM a\nRUN --mount=type=nope,target=/x y", 2, "unsupported mount type \"nope\"")]
    [InlineData("FROM a\nRUN --mount=target y", 2, "invalid field 'target' must be a key=value pair")]
    [InlineData("FROM a\nRUN --mount=type=cache y", 2, "cache mount requires a target")]
    [InlineData("FROM a\nRUN --mount=type=cache,target=/x,sharing=odd y", 2, "unsupported sharing value \"odd\"")]
    [InlineData("FROM a\nRUN --mount=type=bind,target=/x,from=$y z", 2, "'from' doesn't support variable expansion, define alias stage instead")]
    [InlineData("FROM a\nRUN --mount=type=tmpfs,target=/x,size=12q z", 2, "invalid value for size: 12q")]
    [InlineData("FROM a\nRUN --mount=type=cache,target=/x,mode=9 z", 2, "invalid value 9 for mode")]
    [InlineData("FROM a\nRUN --mount=type=cache,target=/x,uid=-1 z", 2, "invalid value -1 for uid")]
    [InlineData("FROM a\nRUN --network=odd x", 2, "invalid network mode: \"odd\"")]
    [InlineData("FROM a\nRUN --security=insecure x", 2, "security.insecure is not allowed: this engine gives no build more rights than a container has")]
    [InlineData("FROM a\nRUN", 2, "RUN requires at least one argument")]
    [InlineData("FROM a\nRUN [\"a\", 1]", 2, "when using JSON array syntax, arrays must be comprised of strings only")]
    [InlineData("FROM a\nRUN <<E\nx", 2, "unterminated heredoc: no line after it is E alone")]
    [InlineData("FROM a\nCOPY x <<E\nE", 2, "COPY cannot accept a heredoc as a destination")]
    [InlineData("FROM a\nHEALTHCHECK", 2, "HEALTHCHECK requires at least one argument")]
    [InlineData("FROM a\nHEALTHCHECK NONE x", 2, "HEALTHCHECK NONE takes no arguments")]
    [InlineData("FROM a\nHEALTHCHECK CMD", 2, "Missing command after HEALTHCHECK CMD")]
    [InlineData("FROM a\nHEALTHCHECK nope x", 2, "Unknown type \"NOPE\" in HEALTHCHECK (try CMD)")]
    [InlineData("FROM a\nHEALTHCHECK --interval=x CMD y", 2, "time: invalid duration \"x\"")]
    [InlineData("FROM a\nHEALTHCHECK --interval=1us CMD y", 2, "Interval \"interval\" cannot be less than 1ms")]
    [InlineData("FROM a\nHEALTHCHECK --retries=-1 CMD y", 2, "--retries cannot be negative (-1)")]
    [InlineData("FROM a\nONBUILD ONBUILD RUN x", 2, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")]
    [InlineData("FROM a\nONBUILD FROM x", 2, "FROM isn't allowed as an ONBUILD trigger")]
    [InlineData("FROM a\nONBUILD", 2, "ONBUILD requires at least one argument")]
    [InlineData("FROM a\nONBUILD COPY x", 2, "COPY requires at least two arguments, but only one was provided. Destination could not be determined")]
    [InlineData("FROM a\nSHELL sh", 2, "SHELL requires the arguments to be in JSON form")]
    [InlineData("FROM a\nSHELL []", 2, "SHELL requires at least one argument")]
    [InlineData("FROM a\nVOLUME [\"\"]", 2, "VOLUME specified can not be an empty string")]
    [InlineData("FROM a\nWORKDIR", 2, "WORKDIR requires exactly one argument")]
    [InlineData("FROM a\nUSER", 2, "USER requires exactly one argument")]
    [InlineData("FROM a\nEXPOSE", 2, "EXPOSE requires at least one argument")]
    public void Mistake_NamesItsLineInDockersWords(string text, int line, string problem)
    {
        var failure = Assert.Throws<BuildFailure>(() => DockerfileParser.Parse(text));

        Assert.StartsWith($"dockerfile parse error on line {line}: {problem}", failure.Message, StringComparison.Ordinal);
        Assert.Equal((line, ErrorKind.Invalid), (failure.Line, failure.Error.Kind));
    }

    [Theory]
    [InlineData("", "file with no instructions")]
    [InlineData("# x\n\n", "file with no instructions")]
    [InlineData("ARG x", "no build stage in current context")]
    public void File_WithoutAStage_IsRefused(string text, string problem) =>
        Assert.Contains(problem, Assert.Throws<ErrorException>(() => DockerfileParser.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("RUN a b", true, "a b")]
    [InlineData("RUN [\"a\", \"b c\"]", false, "a|b c")]
    [InlineData("RUN   [ \"a\" ]", false, "a")]
    [InlineData("RUN ['a']", true, "['a']")]
    [InlineData("RUN [\"a\"", true, "[\"a\"")]
    [InlineData("RUN [\"a\"] b", true, "[\"a\"] b")]
    [InlineData("RUN []", false, "")]
    [InlineData("RUN --network=none a", true, "a")]
    [InlineData("RUN -- a", true, "a")]
    public void Run_InEitherForm_IsRead(string line, bool isLine, string arguments)
    {
        var run = Assert.IsType<RunInstruction>(Only(line));

        Assert.Equal((isLine, arguments), (run.Command.IsLine, string.Join('|', run.Command.Arguments)));
    }

    [Fact]
    public void Run_Mounts_AreRead()
    {
        var run = Assert.IsType<RunInstruction>(Only(
            "RUN --mount=type=cache,id=i,target=/c,sharing=locked,from=f,source=/s,uid=1,gid=2,mode=0750 --mount=target=/b,rw --mount=type=secret,id=s,env=E,required --mount=type=tmpfs,dst=/t,size=2m --mount=type=ssh x"));

        Assert.Equal(
            [
                new RunMount(RunMountKind.Cache) { Id = "i", Target = "/c", Sharing = CacheSharing.Locked, From = "f", Source = "/s", UserId = 1, GroupId = 2, Mode = 0x1E8 },
                new RunMount(RunMountKind.Bind) { Target = "/b", ReadOnly = false },
                new RunMount(RunMountKind.Secret) { Id = "s", Variable = "E", Required = true },
                new RunMount(RunMountKind.Tmpfs) { Target = "/t", SizeBytes = 2 << 20 },
                new RunMount(RunMountKind.Ssh),
            ],
            run.Mounts);
    }

    [Fact]
    public void Heredocs_OfARun_FollowItInOrder()
    {
        var file = DockerfileParser.Parse("FROM a\nRUN cat <<ONE - <<-'TWO'\n$x\nONE\n\tb\n\tTWO\nCMD c\n");
        var run = Assert.IsType<RunInstruction>(file.Stages[0].Instructions[0]);

        Assert.Equal([("ONE", "$x\n", true, "$x\n"), ("TWO", "\tb\n", false, "b\n")], run.Heredocs.Select(heredoc => (heredoc.Name, heredoc.Content, heredoc.Expands, heredoc.Text)));
        Assert.Equal((2, 7), (run.Line, file.Stages[0].Instructions[1].Line));
    }

    [Theory]
    [InlineData("RUN echo \"<<E\"")]
    [InlineData("RUN [\"cat\", \"<<E\"]")]
    [InlineData("RUN echo a << b")]
    [InlineData("RUN cat <<<x")]
    [InlineData("CMD cat <<E")]
    public void Heredoc_ThatIsNone_IsPartOfTheLine(string line) => Assert.Equal(line, Only(line).Text);

    [Fact]
    public void Copy_WithEverything_IsRead()
    {
        var copy = Assert.IsType<CopyInstruction>(DockerfileParser.Parse("FROM a\nCOPY --from=f --chown=u:g --chmod=755 --link --parents --exclude=a --exclude=b x <<T /y\nt\nT\n").Stages[0].Instructions[0]);

        Assert.Equal(("f", "u:g", "755", true, true, "/y", "x", "a,b"), (copy.From, copy.Owner, copy.Mode, copy.Link, copy.Parents, copy.Destination, string.Join(',', copy.Sources), string.Join(',', copy.Exclude)));
        Assert.Equal("t\n", Assert.Single(copy.Heredocs).Content);
    }

    [Theory]
    [InlineData("ENV a=b c=\"d e\" f=g\\ h", "a=b|c=\"d e\"|f=g\\ h")]
    [InlineData("ENV a b  c", "a=b  c")]
    [InlineData("LABEL \"x y\"=z", "\"x y\"=z")]
    [InlineData("ENV a= b=''", "a=|b=''")]
    public void Pairs_InEitherForm_KeepTheirQuotes(string line, string expected)
    {
        var pairs = Only(line) switch { EnvInstruction env => env.Pairs, LabelInstruction label => label.Pairs, _ => [] };

        Assert.Equal(expected, string.Join('|', pairs.Select(pair => $"{pair.Name}={pair.Value}")));
    }

    [Fact]
    public void Trigger_OfAnImage_IsReadWithItsText()
    {
        var trigger = Assert.IsType<OnBuildInstruction>(DockerfileParser.Parse("FROM a\nONBUILD RUN <<E\nx\nE\n").Stages[0].Instructions[0]).Trigger;

        Assert.Equal("RUN <<E\nx\nE", trigger);
        Assert.Equal("x\n", Assert.IsType<RunInstruction>(DockerfileParser.ParseTrigger(trigger, 7)).Heredocs[0].Content);
        Assert.Equal(7, Assert.Throws<BuildFailure>(() => DockerfileParser.ParseTrigger("RUN a\nRUN b", 7)).Line);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1.5h", 5400)]
    [InlineData("1m30s", 90)]
    [InlineData("250ms", 0.25)]
    public void Duration_AsGoWritesIt_IsRead(string text, double seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), BuildDuration.TryParse(text));

    [Theory]
    [InlineData("")]
    [InlineData("-1s")]
    [InlineData("1")]
    [InlineData("s")]
    [InlineData("1y")]
    [InlineData("99999999999999999h")]
    public void Duration_ThatIsNone_IsNull(string text) => Assert.Null(BuildDuration.TryParse(text));

    private static Instruction Only(string line) => Assert.Single(DockerfileParser.Parse("FROM a\n" + line).Stages[0].Instructions);
}
