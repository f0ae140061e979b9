using Portal.Domain.Primitives;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Supervision;

public class ConmonCommandTests
{
    private static readonly ConmonCommand s_command = new()
    {
        Container = new(new string('a', 64)),
        Bundle = new("/run/p/bundles/a"),
        LogPath = "/var/log/a",
        ExitFolder = "/run/p/exits",
        RuntimePath = "/usr/bin/crun",
        RuntimeArguments = ["--root", "/run/p/oci"],
    };

    [Fact]
    public void Arguments_Plain_NamePathsAndNoStdin()
    {
        var arguments = s_command.Arguments();

        Assert.Equal("k8s-file:/var/log/a", After(arguments, "--log-path"));
        Assert.Equal("/run/p/exits", After(arguments, "--exit-dir"));
        Assert.Equal("/run/p/bundles/a/pid", After(arguments, "--container-pidfile"));
        Assert.Equal(["--runtime-arg=--root", "--runtime-arg=/run/p/oci"], arguments.Where(argument => argument.StartsWith("--runtime-arg", StringComparison.Ordinal)));
        Assert.DoesNotContain("--stdin", arguments);
        Assert.DoesNotContain("--terminal", arguments);
        Assert.DoesNotContain(arguments, argument => argument.StartsWith("--log-size-max", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false, true, false)] // the client's end is the end of stdin
    [InlineData(false, false, true)] // stdin outlives clients, and the agent
    [InlineData(true, true, true)] // a terminal has no end of input
    public void Arguments_WithStdin_LeaveItOpenUnlessOnce(bool tty, bool once, bool leftOpen) =>
        Assert.Equal(leftOpen, (s_command with { OpenStdin = true, StdinOnce = once, Tty = tty }).Arguments().Contains("--leave-stdin-open"));

    [Fact]
    public void Arguments_WithoutALogFile_LogNowhere() => Assert.Equal("none", After((s_command with { LogPath = "" }).Arguments(), "--log-path"));

    [Fact]
    public void Arguments_ForTheJournal_WriteThereAndToTheFile()
    {
        var arguments = (s_command with { JournalTag = "web/1", Name = "web" }).Arguments();

        Assert.Equal(["k8s-file:/var/log/a", "journald"], arguments.Zip(arguments.Skip(1)).Where(pair => pair.First == "--log-path").Select(pair => pair.Second));
        Assert.Equal("web/1", After(arguments, "--log-tag"));
        Assert.Equal("web", After(arguments, "--name"));
        Assert.DoesNotContain("--log-tag", s_command.Arguments());
    }

    private static string After(IReadOnlyList<string> arguments, string option) => arguments[arguments.ToList().IndexOf(option) + 1];
}
