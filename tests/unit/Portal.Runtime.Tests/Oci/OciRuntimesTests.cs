using Portal.Domain.Primitives;
using Portal.Runtime.Oci;
using Portal.Runtime.Supervision;

namespace Portal.Runtime.Tests.Oci;

public sealed class OciRuntimesTests
{
    private static OciRuntimes Make(RuntimeOptions? options = null, params string[] installed) => new(options ?? new(), installed.Contains);

    [Fact]
    public void Paths_Installed_AreKnownByName()
    {
        var runtimes = Make(null, "/usr/bin/crun", "/usr/sbin/runc");

        Assert.Equal("crun", runtimes.Default);
        Assert.Equal([new("crun", "/usr/bin/crun"), new("runc", "/usr/sbin/runc")], runtimes.Paths);
    }

    [Fact]
    public void Paths_Configured_GoFirst()
    {
        var options = new RuntimeOptions { OciRuntimePath = "/opt/crun", DefaultRuntime = "youki" };
        options.Runtimes["youki"] = "/opt/youki";
        options.Runtimes["runc"] = "/opt/runc";
        var runtimes = Make(options, "/usr/bin/crun", "/usr/sbin/runc");

        Assert.Equal([new("crun", "/opt/crun"), new("runc", "/opt/runc"), new("youki", "/opt/youki")], runtimes.Paths);
        Assert.Equal("youki", runtimes.Resolve(""));
    }

    [Fact]
    public void Resolve_NamesAndAlias_AreWhatAContainerKeeps()
    {
        var runtimes = Make(null, "/usr/sbin/runc");

        Assert.Equal(("crun", "crun", "runc"), (runtimes.Resolve(""), runtimes.Resolve("io.containerd.runc.v2"), runtimes.Resolve("runc")));
    }

    [Theory]
    [InlineData("foo")]
    [InlineData("/usr/bin/crun")]
    [InlineData("CRUN")]
    public void Resolve_Unknown_IsRefused(string name)
    {
        var error = Assert.Throws<ErrorException>(() => Make().Resolve(name)).Error;

        Assert.Equal((ErrorKind.Invalid, $"unknown or invalid runtime name: {name}"), (error.Kind, error.Message));
    }

    [Theory]
    [InlineData("""{"ociVersion":"1.0.2","status":"created","pid":5}""", "created")]
    [InlineData("""{"pid":5}""", null)]
    [InlineData("container does not exist", null)]
    [InlineData("[]", null)]
    public void StatusOf_StateDocument_IsItsStatus(string state, string? status) => Assert.Equal(status, OciRuntime.StatusOf(state));
}
