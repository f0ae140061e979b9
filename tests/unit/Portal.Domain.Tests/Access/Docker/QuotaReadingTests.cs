using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Access.Quotas;

namespace Portal.Domain.Tests.Access.Docker;

public sealed class QuotaReadingTests
{
    private static readonly Actor s_member = DockerBench.Person(BuiltInRoles.Developer, subject: DockerBench.Web);

    [Fact]
    public void Create_ByATeamsGrant_IsTheTeams()
    {
        var charge = new DockerBench().Ask(s_member, "POST /containers/create", """{"Image":"busybox","HostConfig":{"Memory":67108864,"NanoCpus":5,"Binds":["new:/n","data:/d"],"Mounts":[{"Type":"volume","Target":"/x"}]}}""").Charge;

        Assert.Equal(["web"], charge?.Teams);
        Assert.Equal(new QuotaDemand { Limits = new(67_108_864, 5, 0, 0), Volumes = 2 }, charge!.Demand);
    }

    [Fact]
    public void Create_ByAPersonsGrant_IsNoTeams() => Assert.Null(new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Developer), "POST /containers/create", """{"Image":"busybox"}""").Charge);

    [Fact]
    public void Create_OfAnImageWithVolumes_TakesThoseToo()
    {
        var bench = new DockerBench();
        bench.Add(ResourceKind.Image, "db", volumes: ["/var/lib/db", "/backup/"]);

        Assert.Equal(2, bench.Ask(s_member, "POST /containers/create", """{"Image":"db"}""").Charge?.Demand.Volumes);
        Assert.Equal(1, bench.Ask(s_member, "POST /containers/create", """{"Image":"db","HostConfig":{"Binds":["data:/backup"]}}""").Charge?.Demand.Volumes);
    }

    [Theory]
    [InlineData("""{"Name":"mine"}""", 1)]
    [InlineData("{}", 1)]
    [InlineData("""{"Name":"data"}""", null)]
    public void Volume_IsOneMoreUnlessItIsThere(string json, int? volumes) =>
        Assert.Equal(volumes, new DockerBench().Ask(s_member, "POST /volumes/create", json).Charge?.Demand.Volumes);

    /// <summary>What is a team's counts for it, whoever changes it.</summary>
    [Theory]
    [InlineData("POST /containers/theirs/update", """{"Memory":5}""", 5)]
    [InlineData("POST /containers/theirs/start", null, null)]
    [InlineData("POST /containers/theirs/restart", null, null)]
    public void Container_OfATeam_CountsForIt(string request, string? json, int? memory)
    {
        var bench = new DockerBench();
        bench.Add(ResourceKind.Container, "theirs", owner: DockerBench.Web);

        var charge = bench.Ask(DockerBench.Person(BuiltInRoles.Operator), request, json).Charge;

        Assert.Equal(["web"], charge?.Teams);
        Assert.Equal(("theirs", (long?)memory), (charge!.Demand.Container, charge.Demand.Limits?.Memory));
        Assert.Equal(json is null, charge.Demand.Starts);
    }

    [Theory]
    [InlineData("POST /containers/plain/start")]
    [InlineData("POST /containers/plain/stop")]
    [InlineData("DELETE /containers/plain")]
    [InlineData("POST /networks/create")]
    [InlineData("GET /containers/json")]
    public void Anything_Else_TakesNothing(string request) => Assert.Null(new DockerBench().Ask(s_member, request, request.Contains("networks", StringComparison.Ordinal) ? """{"Name":"n"}""" : null).Charge);
}
