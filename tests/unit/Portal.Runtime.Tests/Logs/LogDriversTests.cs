using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Logs;

namespace Portal.Runtime.Tests.Logs;

public sealed class LogDriversTests
{
    private static readonly ContainerSnapshot s_container = new(
        new(new string('a', 64)), "web", default, new() { Image = "shop/web:1" },
        new(["/run.sh"], ["a", "b"], ["FOO=bar baz", "EMPTY=", "PATH=/bin", "FOO=last"], "/", "", new Dictionary<string, string> { ["com.x"] = "y&z", ["a"] = "ä" }, [], 15),
        Digest.Parse("sha256:" + new string('b', 64), null), ContainerStatus.Created, null, [], "/log", 0);

    [Theory]
    [InlineData("", 20L << 20, 5, true)] // not Docker's: nobody's disk fills because nothing was said
    [InlineData("labels=x", 20L << 20, 5, true)]
    [InlineData("max-file=3", 20L << 20, 3, true)]
    [InlineData("max-file=1", 20L << 20, 1, false)]
    [InlineData("compress=false", 20L << 20, 5, false)]
    [InlineData("max-size=10m", 10_000_000L, 1, false)]
    [InlineData("max-size=10m max-file=3", 10_000_000L, 3, false)]
    [InlineData("max-size=1.5KiB max-file=3 compress=true", 1500L, 3, true)]
    [InlineData("max-size=-1", null, 1, false)]
    public void Limits_OfJsonFile(string options, long? size, int files, bool compress) =>
        Assert.Equal(new LogLimits(size, files, compress), LogLimits.Of("json-file", Options(options)));

    [Theory]
    [InlineData("local", "", 20L << 20, 5, true)]
    [InlineData("local", "max-size=100k", 100_000L, 5, true)]
    [InlineData("local", "max-size=-1 max-file=2", null, 2, true)]
    [InlineData("local", "max-file=0 compress=0", 20L << 20, 1, false)]
    [InlineData("journald", "cache-max-size=1g cache-compress=false", 1_000_000_000L, 5, false)]
    public void Limits_OfOthers(string driver, string options, long? size, int files, bool compress) =>
        Assert.Equal(new LogLimits(size, files, compress), LogLimits.Of(driver, Options(options)));

    [Theory]
    [InlineData("json-file", "x=y", "unknown log opt 'x' for json-file log driver")]
    [InlineData("json-file", "mode=x", "logger: logging mode not supported: x")]
    [InlineData("json-file", "max-buffer-size=4m", "logger: max-buffer-size option is only supported with 'mode=non-blocking'")]
    [InlineData("json-file", "mode=non-blocking max-buffer-size=q", "error parsing option max-buffer-size: invalid size: 'q'")]
    [InlineData("json-file", "cache-disabled=zz", "invalid value for option cache-disabled: zz")]
    [InlineData("json-file", "cache-nope=1", "unknown log opt 'cache-nope' for json-file log driver")]
    [InlineData("json-file", "max-size=0", "failed to initialize logging driver: max-size must be a positive number")]
    [InlineData("json-file", "max-size=-2", "failed to initialize logging driver: invalid size: '-2'")]
    [InlineData("json-file", "max-size=", "failed to initialize logging driver: invalid size: ''")]
    [InlineData("json-file", "max-size=abc", "failed to initialize logging driver: invalid size: 'abc'")]
    [InlineData("json-file", "max-size=10x", "failed to initialize logging driver: invalid suffix: 'x'")]
    [InlineData("json-file", "max-size=10kbb", "failed to initialize logging driver: invalid suffix: 'kbb'")]
    [InlineData("json-file", "max-size=1.2.3", "failed to initialize logging driver: strconv.ParseFloat: parsing \"1.2.3\": invalid syntax")]
    [InlineData("json-file", "max-file=0", "failed to initialize logging driver: max-file cannot be less than 1")]
    [InlineData("json-file", "max-file=x", "failed to initialize logging driver: strconv.Atoi: parsing \"x\": invalid syntax")]
    [InlineData("json-file", "max-file=99999999999", "failed to initialize logging driver: strconv.Atoi: parsing \"99999999999\": value out of range")]
    [InlineData("json-file", "compress=true", "failed to initialize logging driver: compress cannot be true when max-file is less than 2 or max-size is not set")]
    [InlineData("json-file", "compress=true max-size=1m", "failed to initialize logging driver: compress cannot be true when max-file is less than 2 or max-size is not set")]
    [InlineData("json-file", "compress=true max-size=-1 max-file=3", "failed to initialize logging driver: compress cannot be true when max-file is less than 2 or max-size is not set")]
    [InlineData("json-file", "compress=maybe", "failed to initialize logging driver: strconv.ParseBool: parsing \"maybe\": invalid syntax")]
    [InlineData("json-file", "tag={{", "failed to initialize logging driver: template: log-tag:1: unclosed action")]
    [InlineData("json-file", "tag={{.Nope}}", "failed to initialize logging driver: template: log-tag:1:2: executing \"log-tag\" at <.Nope>: can't evaluate field Nope in type *logger.Info")]
    [InlineData("local", "x=y", "unknown log opt 'x' for log driver local")]
    [InlineData("local", "max-size=zz", "failed to initialize logging driver: invalid value for max-size: zz: invalid size: 'zz'")]
    [InlineData("local", "max-file=zz", "failed to initialize logging driver: invalid value for max-file: zz: strconv.Atoi: parsing \"zz\": invalid syntax")]
    [InlineData("local", "max-file=-1", "failed to initialize logging driver: max-file must not be negative")]
    [InlineData("local", "max-file=1", "failed to initialize logging driver: compression cannot be enabled when max file count is 1")]
    [InlineData("local", "compress=zz", "failed to initialize logging driver: invalid boolean value for compress: strconv.ParseBool: parsing \"zz\": invalid syntax")]
    [InlineData("journald", "max-size=1m", "unknown log opt 'max-size' for journald log driver")]
    [InlineData("syslog", "", "logger: no log driver named 'syslog' is registered")]
    [InlineData("nope", "x=y", "logger: no log driver named 'nope' is registered")]
    public void Mistake_InTheOptions_IsSaidAsDockerSaysIt(string driver, string options, string words) =>
        Assert.Equal(words, LogDrivers.Mistake(new(driver, Options(options))));

    [Theory]
    [InlineData("labels-regex=(")]
    [InlineData("env-regex=(?=x)")] // Go knows no lookahead, and neither does what matches in linear time
    public void Mistake_InAPattern_NamesIt(string option) =>
        Assert.Matches(@"^failed to initialize logging driver: error parsing regexp: .+: `" + System.Text.RegularExpressions.Regex.Escape(option.Split('=', 2)[1]) + "`$", LogDrivers.Mistake(new("json-file", Options(option))));

    [Theory]
    [InlineData("json-file", "mode=non-blocking max-buffer-size=4m labels=a env=b labels-regex=^a env-regex=^b tag={{.Name}}/{{.ID}} cache-disabled=true cache-max-size=whatever")]
    [InlineData("local", "max-size=1m max-file=2 compress=true labels=a tag=x")]
    [InlineData("journald", "labels=a tag={{.ImageName}} mode=blocking")]
    [InlineData("none", "anything=goes")]
    public void Mistake_GoodOptions_None(string driver, string options) => Assert.Null(LogDrivers.Mistake(new(driver, Options(options))));

    [Fact]
    public void Resolve_NothingSaid_IsTheEnginesDefault()
    {
        var drivers = Drivers("local", "max-size=5m");

        Assert.Equal(("local", "max-size=5m"), Show(drivers.Resolve(LogSpec.Default)));
        Assert.Equal(("local", "max-file=2 max-size=5m"), Show(drivers.Resolve(new("", Options("max-file=2")))));
        Assert.Equal(("local", "max-size=9m"), Show(drivers.Resolve(new("local", Options("max-size=9m")))));
    }

    [Fact]
    public void Resolve_AnotherDriver_TakesOfTheDefaultsOnlyThoseOfTheCache() =>
        Assert.Equal(("json-file", "cache-disabled=true"), Show(Drivers("local", "max-size=5m cache-disabled=true").Resolve(new("json-file", Options("")))));

    [Fact]
    public void Resolve_Mistake_Is400()
    {
        var error = Assert.Throws<ErrorException>(() => Drivers("json-file", "").Resolve(new("gelf", Options("")))).Error;

        Assert.Equal((ErrorKind.Invalid, "logger: no log driver named 'gelf' is registered"), (error.Kind, error.Message));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("labels=a,com.x,none env=FOO,NONE", "FOO=last,a=%C3%A4,com.x=y%26z")]
    [InlineData("labels-regex=^com env-regex=^[EF]", "EMPTY=,FOO=last,com.x=y%26z")]
    [InlineData("labels-regex=^com tag={{.Name}}_{{.ImageName}}", "com.x=y%26z,tag=web_shop%2Fweb%3A1")]
    public void Details_OfAContainer_AreSortedAndEscaped(string options, string details) =>
        Assert.Equal(details, LogDetails.Of(s_container with { Spec = s_container.Spec with { Log = new("json-file", Options(options)) } }));

    [Fact]
    public void Details_WithBlanks_AreEscapedAsInAQuery() => Assert.Equal(
        "X=a+b", LogDetails.Of(s_container with { Spec = s_container.Spec with { Log = new("json-file", Options("env=X")) }, Effective = s_container.Effective with { Environment = ["X=a b"] } }));

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("{{.Name}}", "web")]
    [InlineData("{{ .ID }}-{{.FullID}}", "aaaaaaaaaaaa-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("{{.ImageID}} {{.ImageName}} {{.Command}} {{.DaemonName}} {{.ContainerName}}", "bbbbbbbbbbbb shop/web:1 /run.sh a b docker /web")]
    public void Tag_Expanded(string template, string text) => Assert.Equal(text, LogTag.Expand(template, s_container));

    [Theory]
    [InlineData("{{if .Name}}x{{end}}")]
    [InlineData("{{.Name | upper}}")]
    [InlineData("{{json .}}")]
    public void Tag_MoreThanFields_IsRefusedByName(string template) =>
        Assert.Contains("does not know the action", LogDrivers.Mistake(new("json-file", Options("tag=" + template.Replace(' ', '\t'))))!, StringComparison.Ordinal);

    [Fact]
    public void Tag_OfTheJournal_IsTheShortIdWhenNoneIsGiven()
    {
        Assert.Equal("aaaaaaaaaaaa", LogTag.OfJournal(s_container));
        Assert.Equal("web", LogTag.OfJournal(s_container with { Spec = s_container.Spec with { Log = new("journald", Options("tag={{.Name}}")) } }));
    }

    private static LogDrivers Drivers(string driver, string options) => new(new() { Log = new(driver, Options(options)) });

    private static Dictionary<string, string> Options(string text) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(option => option.Split('=', 2)).ToDictionary(option => option[0], option => option[1]);

    private static (string, string) Show(LogSpec log) => (log.Driver, string.Join(' ', log.Options.OrderBy(option => option.Key).Select(option => $"{option.Key}={option.Value}")));
}
