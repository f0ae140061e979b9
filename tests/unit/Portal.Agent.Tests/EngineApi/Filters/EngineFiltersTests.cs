using System.Net;
using Portal.Agent.EngineApi.Filters;
using Portal.Agent.Tests.EngineApi.Fakes;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Events;

namespace Portal.Agent.Tests.EngineApi.Filters;

public sealed class EngineFiltersTests
{
    [Theory]
    [InlineData("""{"label":["a=b","c"],"name":["x"]}""")]
    [InlineData("""{"label":{"a=b":true,"c":true},"name":{"x":true,"no":false}}""")]
    public void Filters_InEitherShape_MeanTheSame(string json)
    {
        var filters = EngineFilters.Parse(json, "label", "name");

        Assert.Equal(["a=b", "c"], filters.Values("label"));
        Assert.Equal(["x"], filters.Values("name"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    public void Filters_Absent_FilterNothing(string? json) => Assert.True(EngineFilters.Parse(json, "label").IsEmpty);

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"label":"a"}""")]
    [InlineData("""{"label":[1]}""")]
    [InlineData("""{"label":{"a":1}}""")]
    [InlineData("""{"label":["a"]}x""")]
    [InlineData("""{"nope":["a"]}""")]
    public void Filters_Malformed_Are400(string json) => Assert.Equal(ErrorKind.Invalid, Assert.Throws<ErrorException>(() => EngineFilters.Parse(json, "label")).Error.Kind);

    [Fact]
    public void Labels_SeveralWanted_MustAllBeThere()
    {
        var filters = EngineFilters.Parse("""{"label":["a","b=1"],"label!":["c"]}""", "label", "label!");

        Assert.True(filters.Labels(new Dictionary<string, string> { ["a"] = "", ["b"] = "1" }));
        Assert.False(filters.Labels(new Dictionary<string, string> { ["a"] = "" }));
        Assert.False(filters.Labels(new Dictionary<string, string> { ["a"] = "", ["b"] = "2" }));
        Assert.False(filters.Labels(new Dictionary<string, string> { ["a"] = "", ["b"] = "1", ["c"] = "x" }));
    }

    [Theory]
    [InlineData("""{"name":["we"]}""", true)]
    [InlineData("""{"name":["^/web$"]}""", true)]
    [InlineData("""{"name":["^eb"]}""", false)]
    [InlineData("""{"name":["we("]}""", false)]
    [InlineData("""{"id":["aaaa"]}""", true)]
    [InlineData("""{"status":["exited","running"]}""", true)]
    [InlineData("""{"status":["exited"]}""", false)]
    [InlineData("""{"ancestor":["busybox"]}""", true)]
    [InlineData("""{"ancestor":["docker.io/library/busybox:latest"]}""", true)]
    [InlineData("""{"ancestor":["alpine"]}""", false)]
    [InlineData("""{"network":["bridge"]}""", true)]
    [InlineData("""{"network":["bbbb"]}""", true)]
    [InlineData("""{"network":["host"]}""", false)]
    [InlineData("""{"publish":["8080"]}""", true)]
    [InlineData("""{"publish":["8080/udp"]}""", false)]
    [InlineData("""{"publish":["8000-8090/tcp"]}""", true)]
    [InlineData("""{"publish":["8081-8090"]}""", false)]
    [InlineData("""{"publish":["80"]}""", false)] // the port inside is what "expose" asks for
    [InlineData("""{"expose":["80"]}""", true)]
    [InlineData("""{"expose":["79-81/tcp"]}""", true)]
    [InlineData("""{"expose":["81/tcp"]}""", false)]
    [InlineData("""{"expose":["81"],"publish":["8080"]}""", true)]
    [InlineData("""{"is-task":["true"]}""", false)]
    [InlineData("""{"health":["none"]}""", true)]
    public void Container_Filtered_FitsOrNot(string json, bool fits)
    {
        var container = Some.Container("web", new ContainerSpec { Image = "busybox", ExposedPorts = ["80/tcp"], Ports = [new(80, "tcp", "", 8080)] }) with
        {
            Attachment = new(Some.Id, "/ns", [new("bbbb", "bridge", "bridge", "e1", "eth0", "veth1", new(IPAddress.Parse("172.29.0.2"), 16, null), null, null, 0, false, [new(80, "tcp", IPAddress.Any, 8080)])]),
        };

        Assert.Equal(fits, Filter(json).Fits(container));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("90-80")]
    [InlineData("80-90-95")]
    [InlineData("80-90/bogus")]
    [InlineData("80/bogus")]
    public void Container_FilteredByNoPort_Is400(string port) =>
        Assert.Equal(ErrorKind.Invalid, Assert.Throws<ErrorException>(() => Filter($$"""{"publish":["{{port}}"]}""")).Error.Kind);

    private static ContainerFilter Filter(string json) =>
        new(EngineFilters.Parse(json, ContainerFilter.Keys), new FakeContainers(), [Some.Image], new FakeNetworks().List());

    [Theory]
    [InlineData("""{"event":["exec_create"]}""", true)]
    [InlineData("""{"event":["exec"]}""", false)]
    [InlineData("""{"container":["web"]}""", true)]
    [InlineData("""{"container":["aaaaaaaa"]}""", true)]
    [InlineData("""{"container":["other"]}""", false)]
    [InlineData("""{"image":["busybox"]}""", true)]
    [InlineData("""{"image":["alpine"]}""", false)]
    [InlineData("""{"label":["role=web"]}""", true)]
    [InlineData("""{"type":["image"]}""", false)]
    [InlineData("""{"network":["x"]}""", false)]
    public void Event_Filtered_FitsOrNot(string json, bool fits)
    {
        var item = new RuntimeEvent(
            "container", "exec_create: sh", Some.Id.Value, new Dictionary<string, string> { ["image"] = "busybox:latest", ["name"] = "web", ["role"] = "web" }, Some.Time);

        Assert.Equal(fits, new EventFilter(EngineFilters.Parse(json, EventFilter.Keys)).Fits(item));
    }

    [Theory]
    [InlineData("busybox", "busybox", true)]
    [InlineData("bus*", "busybox", true)]
    [InlineData("*", "team/app", false)]
    [InlineData("*/*", "team/app", true)]
    [InlineData("b?sy[a-c]ox", "busybox", true)]
    [InlineData("b?sy[^a-c]ox", "busybox", false)]
    [InlineData("b[", "b[", false)]
    [InlineData("b\\*", "b*", true)]
    [InlineData("b\\*", "bx", false)]
    [InlineData("b?", "b", false)]
    [InlineData("a*b*c", "a/b/c", false)]
    [InlineData("a*b*c*", "axbbxbcx", true)]
    [InlineData("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)]
    public void Glob_LikeGo_MatchesOrNot(string pattern, string text, bool matches) => Assert.Equal(matches, GlobPattern.IsMatch(pattern, text));

    [Theory]
    [InlineData("^/web$", true)]
    [InlineData("^web$", true)]
    [InlineData("e[", false)]
    [InlineData("(w+)+e", true)]
    public void Name_Pattern_FindsOrNot(string pattern, bool fits) => Assert.Equal(fits, new NamePattern(pattern).IsMatch("web"));

    [Theory]
    [InlineData("(a)\\1")]
    [InlineData("(?=a)")]
    [InlineData("(((a{99}){99}){99})")]
    public void Name_PatternThatTakesMoreThanLinearTime_IsRefused(string pattern) =>
        Assert.Contains("cannot be matched in linear time", Assert.Throws<ErrorException>(() => new NamePattern(pattern)).Message, StringComparison.Ordinal);

    [Fact]
    public void Ps_Output_KeepsTheContainersRows()
    {
        var table = Portal.Agent.EngineApi.ProcessTable.Filter("UID   PID  CMD\nroot    1  init\nroot   42  sleep 10 20\n", new HashSet<int> { 42 });

        Assert.Equal(["UID", "PID", "CMD"], table.Titles);
        Assert.Equal([["root", "42", "sleep 10 20"]], table.Processes);
    }
}
