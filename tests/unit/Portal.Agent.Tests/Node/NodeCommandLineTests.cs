using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Portal.Agent.Node;

namespace Portal.Agent.Tests.Node;

public sealed class NodeCommandLineTests
{
    [Fact]
    public void CommandLine_OverEnvironment_OverDefaults()
    {
        var environment = new Dictionary<string, string> { ["PORTAL_AGENT_DATA_ROOT"] = "/env", ["PORTAL_AGENT_RUN_ROOT"] = "/run/env", ["PORTAL_AGENT_LOG_LEVEL"] = "debug" };

        var command = NodeCommandLine.Parse(["teardown", "--data-root", "/cmd", "--bridge-name=br1"], environment.GetValueOrDefault);

        Assert.Empty(command.Mistakes);
        Assert.Equal(NodeVerb.Teardown, command.Verb);
        Assert.Equal("/cmd", command.Options.Runtime.DataRoot);
        Assert.Equal("/run/env", command.Options.Runtime.RunRoot);
        Assert.Equal("br1", command.Options.Runtime.BridgeName);
        Assert.Equal(LogLevel.Debug, command.Options.LogLevel);
        Assert.Equal("/run/portal/engine.sock", command.Options.Socket);
    }

    [Theory]
    [InlineData("halt")]
    [InlineData("teardown")]
    public void Verb_IsTheFirstWordOnly(string verb)
    {
        Assert.Equal(verb, NodeCommandLine.Parse([verb], _ => null).Verb.ToString(), ignoreCase: true);
        Assert.Equal([$"{verb}: unknown; see --help"], NodeCommandLine.Parse(["--log-level", "debug", verb], _ => null).Mistakes);
    }

    [Fact]
    public void CommandLine_WithManyMistakes_NamesThemAll()
    {
        var command = NodeCommandLine.Parse(
            ["--socket", "x", "--nope", "--bridge-subnet", "fd00::/64", "--bridge-name", "far-too-long-a-name", "--cgroup-parent", "/a/../..", "--log-level", "9", "--conmon"], _ => null);

        Assert.Equal(
            ["--nope", "--conmon", "--socket", "--bridge-name", "--bridge-subnet", "--cgroup-parent", "--log-level"],
            command.Mistakes.Select(m => m[..m.IndexOf(':')]));
    }

    [Theory]
    [InlineData("20GB", 20_000_000_000)]
    [InlineData("512m", 512_000_000)]
    [InlineData("0", 0)]
    public void BuildCacheLimit_IsASize(string text, long bytes) => Assert.Equal(bytes, NodeCommandLine.Parse(["--build-cache-limit", text], _ => null).Options.Runtime.BuildCacheLimit);

    [Fact]
    public void BuildCacheLimit_ThatIsNoSize_IsAMistake()
    {
        Assert.Equal(["--build-cache-limit: not a size, such as 20GB, or 0"], NodeCommandLine.Parse(["--build-cache-limit", "much"], _ => null).Mistakes);
        Assert.Null(NodeCommandLine.Parse([], _ => null).Options.Runtime.BuildCacheLimit);
    }

    [Fact]
    public void Runtimes_OfEnvironmentAndCommandLine_AreTakenTogether()
    {
        var environment = new Dictionary<string, string> { ["PORTAL_AGENT_RUNTIME"] = "runsc=/opt/runsc, youki=/env/youki", ["PORTAL_AGENT_DEFAULT_RUNTIME"] = "runsc" };

        var command = NodeCommandLine.Parse(["--runtime", "youki=/opt/youki", "--runtime=kata=/opt/kata"], environment.GetValueOrDefault);

        Assert.Empty(command.Mistakes);
        Assert.Equal("kata=/opt/kata runsc=/opt/runsc youki=/opt/youki", string.Join(' ', command.Options.Runtime.Runtimes.OrderBy(r => r.Key).Select(r => $"{r.Key}={r.Value}")));
        Assert.Equal("runsc", command.Options.Runtime.DefaultRuntime);
    }

    [Theory]
    [InlineData("youki")]
    [InlineData("youki=bin/youki")]
    [InlineData("a/b=/opt/youki")]
    [InlineData("io.containerd.runc.v2=/opt/youki")]
    public void Runtime_NotNameAndPath_IsAMistake(string value) =>
        Assert.StartsWith("--runtime: ", Assert.Single(NodeCommandLine.Parse(["--runtime", value], _ => null).Mistakes), StringComparison.Ordinal);

    [Fact]
    public void Registries_AsAnAdministratorSetsThem_AreTakenOver()
    {
        var command = NodeCommandLine.Parse(
            [
                "--registry-mirror", "https://mirror.example.com", "--registry-mirror=http://10.0.0.1:5000/", "--insecure-registry", "10.0.0.0/8", "--insecure-registry=plain.example.com:5000",
                "--registry-ca-dir", "/a,/b", "--registry-token-host", "SSO.example.com", "--max-concurrent-downloads", "7", "--max-concurrent-uploads=1",
            ],
            _ => null);

        Assert.Empty(command.Mistakes);
        var registries = command.Options.Runtime.Registries;
        Assert.Equal(["https://mirror.example.com", "http://10.0.0.1:5000/"], registries.Mirrors);
        Assert.Equal(["10.0.0.0/8", "plain.example.com:5000"], registries.Insecure);
        Assert.Equal(["/a", "/b"], registries.CertificateFolders);
        Assert.Equal(["sso.example.com"], registries.TokenHosts);
        Assert.Equal((7, 1), (registries.MaximumDownloads, registries.MaximumUploads));
    }

    [Fact]
    public void Registries_InTheEnvironment_AreApartByBlanksOrCommas()
    {
        var command = NodeCommandLine.Parse([], name => name switch
        {
            "PORTAL_AGENT_REGISTRY_MIRROR" => "https://mirror.example.com http://10.0.0.1:5000",
            "PORTAL_AGENT_INSECURE_REGISTRY" => "10.1.0.0/16 old-registry.example.com:5000",
            "PORTAL_AGENT_REGISTRY_CA_DIR" => "/a,/b",
            "PORTAL_AGENT_REGISTRY_TOKEN_HOST" => "sso.example.com",
            "PORTAL_AGENT_SEARCH_INDEX" => "https://index.example.com/",
            "PORTAL_AGENT_MAX_CONCURRENT_DOWNLOADS" => "7",
            "PORTAL_AGENT_MAX_CONCURRENT_UPLOADS" => "1",
            _ => null,
        });

        Assert.Empty(command.Mistakes);
        var registries = command.Options.Runtime.Registries;
        Assert.Equal(["https://mirror.example.com", "http://10.0.0.1:5000"], registries.Mirrors);
        Assert.Equal(["10.1.0.0/16", "old-registry.example.com:5000"], registries.Insecure);
        Assert.Equal(["/a", "/b"], registries.CertificateFolders);
        Assert.Equal(["sso.example.com"], registries.TokenHosts);
        Assert.Equal(("https://index.example.com/", 7, 1), (registries.SearchIndex, registries.MaximumDownloads, registries.MaximumUploads));
    }

    [Theory]
    [InlineData("--registry-mirror", "mirror.example.com")]
    [InlineData("--registry-mirror", "https://user:pass@mirror.example.com")]
    [InlineData("--registry-mirror", "https://mirror.example.com/path")]
    [InlineData("--insecure-registry", "http://plain.example.com")]
    [InlineData("--registry-ca-dir", "certs")]
    [InlineData("--registry-token-host", "a b")]
    [InlineData("--search-index", "ftp://x")]
    [InlineData("--max-concurrent-downloads", "0")]
    [InlineData("--max-concurrent-uploads", "many")]
    public void Registries_SetWrongly_AreMistakes(string option, string value) =>
        Assert.StartsWith(option + ": ", Assert.Single(NodeCommandLine.Parse([option, value], _ => null).Mistakes), StringComparison.Ordinal);

    [Fact]
    public void LogOptions_OfEnvironmentAndCommandLine_AddUp()
    {
        var environment = new Dictionary<string, string> { ["PORTAL_AGENT_LOG_DRIVER"] = "json-file", ["PORTAL_AGENT_LOG_OPT"] = "max-size=1m  max-file=2" };

        var command = NodeCommandLine.Parse(["--log-driver", "local", "--log-opt", "max-file=3", "--log-opt=tag=a b=c"], environment.GetValueOrDefault);

        Assert.Empty(command.Mistakes);
        Assert.Equal("local", command.Options.Runtime.Log.Driver);
        Assert.Equal(
            new() { ["max-size"] = "1m", ["max-file"] = "3", ["tag"] = "a b=c" }, new Dictionary<string, string>(command.Options.Runtime.Log.Options));
    }

    [Theory]
    [InlineData("--log-driver=nope", "--log-driver, --log-opt: logger: no log driver named 'nope' is registered")]
    [InlineData("--log-opt=nope=1", "--log-driver, --log-opt: unknown log opt 'nope' for json-file log driver")]
    [InlineData("--log-opt=max-size=x", "--log-driver, --log-opt: failed to initialize logging driver: invalid size: 'x'")]
    [InlineData("--log-opt=max-size", "--log-opt: \"max-size\" is not of the form key=value")]
    public void LogOptions_ThatAreNone_AreMistakes(string argument, string mistake) => Assert.Equal([mistake], NodeCommandLine.Parse([argument], _ => null).Mistakes);

    [Fact]
    public void DataRoot_HeldByAnother_IsNotTaken()
    {
        var root = Directory.CreateTempSubdirectory("portal-lock").FullName;
        using (var first = DataRootLock.TryTake(root))
        {
            Assert.NotNull(first);
            Assert.Null(DataRootLock.TryTake(root));
        }

        using (var again = DataRootLock.TryTake(root))
        {
            Assert.NotNull(again);
        }

        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void HostId_OnceMade_Stays()
    {
        var root = Directory.CreateTempSubdirectory("portal-id").FullName;

        var id = NodeIdentity.Load(root, TimeProvider.System).Id;

        Assert.Matches("^[0-9a-f]{32}$", id);
        Assert.Equal(id, NodeIdentity.Load(root, TimeProvider.System).Id);
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void LogEntry_WithLineBreaks_IsOneLine()
    {
        var line = StderrLog.Format(DateTimeOffset.UnixEpoch, LogLevel.Warning, new(4003), "Portal", "two\nlines", new InvalidOperationException("bad"));

        Assert.Equal("1970-01-01T00:00:00.000Z warn 4003 Portal two\\nlines: System.InvalidOperationException: bad\n", line);
    }

    [Fact]
    public void Socket_ThatIsAFileOrLeftBehind_IsToldApart()
    {
        var root = Directory.CreateTempSubdirectory("portal-sock").FullName;
        var path = Path.Combine(root, "s");
        File.WriteAllText(path, "mine");
        Assert.Equal($"{path} is a file", EngineSocket.Prepare(path));
        Assert.True(File.Exists(path));
        File.Delete(path);

        using (var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen();
            Assert.Equal($"another process answers at {path}", EngineSocket.Prepare(path));
        }

        Assert.Null(EngineSocket.Prepare(path));
        Directory.Delete(root, recursive: true);
    }
}
