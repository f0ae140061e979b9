using System.Globalization;
using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds;
using Portal.Runtime.Builds.Dockerfiles;

namespace Portal.Runtime.Tests.Builds;

/// <summary>
/// Dockerfiles, words and patterns put together at random from pieces that mean something: whatever comes, the answer is a result or an error
/// of ours, soon. The same every time; PORTAL_FUZZ_CASES sets how many, PORTAL_FUZZ_SEED which.
/// </summary>
public sealed class DockerfileFuzzTests
{
    private static readonly string[] s_pieces =
    [
        "FROM ", "RUN ", "COPY ", "ADD ", "ENV ", "ARG ", "LABEL ", "CMD ", "ENTRYPOINT ", "HEALTHCHECK ", "ONBUILD ", "SHELL ", "USER ", "VOLUME ", "WORKDIR ", "EXPOSE ", "STOPSIGNAL ", "MAINTAINER ",
        "--from=", "--mount=", "--chown=", "--interval=", "--link", "--parents", "--network=none", "--", "type=cache,target=/x", "type=secret", ",", "id=", "AS ", "as x", "busybox", "scratch", "x=y", "a b", "NONE", "CMD x",
        "<<EOF", "<<-EOF", "<<'EOF'", "<<\"E F\"", "EOF", "<<", "\n", "\n", "\n", "\r\n", "\\\n", "\\", "`", "# ", "#", "# escape=`\n", "# syntax=x\n", "[", "]", "[\"a\", \"b\"]", "[1]", "\"", "'", "$", "${", "}", "${a", "${a:-", "${a#", "${a//",
        "/", "*", "**", "?", "[^", "-", ":", "=", "\t", " ", "\0", "\uFEFF", "é", "\uD800", "80/tcp", "1s", "9999999999999999999999",
    ];

    private static int Cases => int.TryParse(Environment.GetEnvironmentVariable("PORTAL_FUZZ_CASES"), CultureInfo.InvariantCulture, out var cases) ? cases : 4000;

    private static int Seed => int.TryParse(Environment.GetEnvironmentVariable("PORTAL_FUZZ_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : 20260101;

    [Fact]
    public void Dockerfile_OfAnything_IsReadOrRefused()
    {
        var read = 0;
        ForEach(60, text =>
        {
            try
            {
                var file = DockerfileParser.Parse(text);
                var variables = new BuildVariables(file, new Dictionary<string, string?> { ["a"] = "v" }, BuildPlatform.Host, null);
                var plan = BuildPlan.Make(file, variables, null, []);
                _ = new BuildSteps(plan);
                foreach (var stage in file.Stages)
                {
                    var state = new StageState(new(), [], "k") { Platform = BuildPlatform.Host };
                    foreach (var instruction in stage.Instructions)
                    {
                        state = ConfigStep.TryApply(state, instruction, variables) ?? state;
                    }
                }

                read++;
            }
            catch (ErrorException e) when (e.Error.Kind == ErrorKind.Invalid)
            {
                // Refused in words.
            }
        });

        // Otherwise only refusals were tried.
        Assert.True(read > 0);
    }

    [Fact]
    public void Word_OfAnything_IsReplacedOrRefused() => ForEach(25, text =>
    {
        var substitution = new Substitution(text.Length % 2 == 0 ? '\\' : '`', name => name.Length == 1 ? "va lue/x" : null);
        Try(() => substitution.Word(text));
        Try(() => string.Concat(substitution.Split(text)));
        Try(() => substitution.Text(text));
        _ = Words.Split(text, '\\');
        _ = Words.TakeFlags(text);
        _ = Heredoc.Of(text);
    });

    [Fact]
    public void Pattern_OfAnything_MatchesOrIsRefused() => ForEach(25, text => Try(() =>
    {
        var patterns = new IgnorePatterns(IgnorePatterns.Read(text));
        return patterns.Matches("a/b/c").ToString() + patterns.Matches(text);
    }));

    private static void Try(Func<string> work)
    {
        try
        {
            _ = work();
        }
        catch (FormatException)
        {
            // Refused in words.
        }
    }

    private static void ForEach(int length, Action<string> test)
    {
        for (var i = 0; i < Cases; i++)
        {
            var random = new Random(Seed + i);
            var text = new StringBuilder(random.Next(2) == 0 ? "FROM busybox\n" : "");
            for (var pieces = random.Next(1, length); pieces > 0; pieces--)
            {
                text.Append(s_pieces[random.Next(s_pieces.Length)]);
            }

            try
            {
                test(text.ToString());
            }
            catch (Exception e) when (e is not Xunit.Sdk.IAssertionException)
            {
                Assert.Fail($"seed {Seed + i}: {e}\n{text}");
            }
        }
    }
}
