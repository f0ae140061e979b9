using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Primitives;
using Portal.Domain.Tests.Engine.Mapping;

namespace Portal.Domain.Tests.Access.Docker;

public sealed class DockerPolicyTests
{
    private static readonly Scope s_own = new Scope.OfOwner(new Scope.OfHost(DockerBench.Id), DockerBench.Ann);
    private static readonly Scope s_shop = new Scope.OfStack(new Scope.OfHost(DockerBench.Id), "shop");

    [Theory]
    [InlineData("GET /_ping")]
    [InlineData("GET /v1.51/containers/json?all=1")]
    [InlineData("GET /containers/plain/json")]
    [InlineData("GET /containers/plain/logs?follow=1&stdout=1")]
    [InlineData("GET /events")]
    [InlineData("GET /system/df")]
    [InlineData("GET /images/busybox/json")]
    [InlineData("GET /volumes/data")]
    [InlineData("GET /networks/web")]
    public void Viewer_MayLook(string request) => Assert.Null(new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Viewer), request).Refusal);

    [Theory]
    [InlineData("POST /containers/create", """{"Image":"busybox"}""")]
    [InlineData("POST /containers/plain/start", null)]
    [InlineData("POST /containers/plain/exec", """{"Cmd":["sh"]}""")]
    [InlineData("POST /exec/x/start", "{}")]
    [InlineData("GET /exec/x/json", null)]
    [InlineData("POST /containers/plain/attach?stream=1", null)]
    [InlineData("GET /containers/plain/archive?path=/", null)]
    [InlineData("GET /containers/plain/export", null)]
    [InlineData("DELETE /containers/plain", null)]
    [InlineData("POST /containers/prune", null)]
    [InlineData("POST /images/create?fromImage=x", null)]
    [InlineData("POST /images/load", null)]
    [InlineData("GET /images/get?names=busybox", null)]
    [InlineData("DELETE /images/busybox", null)]
    [InlineData("POST /images/busybox/tag?repo=x", null)]
    [InlineData("POST /images/busybox/push?tag=1", null)]
    [InlineData("POST /build?t=x", null)]
    [InlineData("POST /commit?container=plain", null)]
    [InlineData("POST /volumes/create", "{}")]
    [InlineData("DELETE /volumes/data", null)]
    [InlineData("POST /networks/create", """{"Name":"n"}""")]
    [InlineData("POST /networks/web/connect", """{"Container":"plain"}""")]
    [InlineData("POST /auth", "{}")]
    public void Viewer_MayTouchNothing(string request, string? json)
    {
        var refusal = new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Viewer), request, json).Refusal;

        Assert.Equal(ErrorKind.Forbidden, refusal?.Kind);
        Assert.Equal("access.denied", refusal!.Code);
    }

    [Fact]
    public void Anonymous_MayNotEvenPing() => Assert.NotNull(new DockerBench().Ask(Actor.Anonymous, "GET /_ping").Refusal);

    [Theory]
    [InlineData("POST /containers/prune")]
    [InlineData("POST /volumes/prune")]
    [InlineData("POST /networks/prune")]
    [InlineData("POST /images/prune")]
    [InlineData("POST /build/prune")]
    [InlineData("POST /images/load")]
    public void Sweeping_OfWhoHasAPart_IsRefused(string request)
    {
        Assert.Null(new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Operator), request).Refusal);
        Assert.NotNull(new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Operator, s_own), request).Refusal);
    }

    /// <summary>An administrator of a stack is none of the machine.</summary>
    [Fact]
    public void Restrictions_OfAnAdministratorOfAPart_Hold()
    {
        var json = """{"Image":"busybox","Labels":{"com.docker.compose.project":"shop"},"HostConfig":{"Privileged":true}}""";
        var actor = DockerBench.Person(BuiltInRoles.Administrator, s_shop) with
        {
            Grants = [new Grant(BuiltInRoles.Administrator, s_shop), new Grant(BuiltInRoles.Viewer, new Scope.OfHost(DockerBench.Id))],
        };

        Assert.Equal("docker.restricted", new DockerBench().Ask(actor, "POST /containers/create", json).Refusal?.Code);
        Assert.Null(new DockerBench().Ask(actor, "POST /containers/create", json.Replace("true", "false", StringComparison.Ordinal)).Refusal);
    }

    /// <summary>A token for less is one for less, whoever's it is.</summary>
    [Fact]
    public void Restrictions_OfAnAdministratorsTokenForLess_Hold()
    {
        var actor = DockerBench.Person(BuiltInRoles.Administrator) with { TokenId = "t", Limits = [new Grant(BuiltInRoles.Developer, Scope.All)] };

        Assert.Equal("docker.restricted", new DockerBench().Ask(actor, "POST /containers/create", """{"Image":"busybox","HostConfig":{"PidMode":"host"}}""").Refusal?.Code);
        Assert.NotNull(new DockerBench().Ask(actor, "POST /containers/prune").Refusal);
    }

    [Theory]
    [InlineData("GET /containers/plain/json", "No such container: plain")]
    [InlineData("DELETE /containers/plain", "No such container: plain")]
    [InlineData("DELETE /containers/nothing", "No such container: nothing")]
    [InlineData("GET /images/busybox/json", "No such image: busybox")]
    [InlineData("DELETE /volumes/data", "get data: no such volume")]
    [InlineData("DELETE /networks/web", "network web not found")]
    public void Resource_OfSomebodyElse_IsNotThere(string request, string message)
    {
        var refusal = new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Developer, s_own), request).Refusal;

        Assert.Equal((ErrorKind.NotFound, message), (refusal?.Kind, refusal?.Message));
    }

    [Theory]
    [InlineData("""{"Binds":["data:/x"]}""")]
    [InlineData("""{"Mounts":[{"Type":"volume","Source":"data","Target":"/x","ReadOnly":true}]}""")]
    [InlineData("""{"Mounts":[{"Type":"image","Source":"secret","Target":"/x"}]}""")]
    [InlineData("""{"VolumesFrom":["plain"]}""")]
    [InlineData("""{"VolumesFrom":["plain:ro"]}""")]
    [InlineData("""{"NetworkMode":"web"}""")]
    [InlineData("""{"NetworkMode":"container:plain"}""")]
    [InlineData("""{"PidMode":"container:plain"}""")]
    [InlineData("""{"IpcMode":"container:plain"}""")]
    [InlineData("""{"Links":["plain:p"]}""")]
    [InlineData("""{"Links":["/plain:/p"]}""")]
    public void Reference_ToWhatIsSomebodyElses_IsRefused(string host)
    {
        var bench = new DockerBench();
        bench.Add(ResourceKind.Image, "mine", owner: DockerBench.Ann);
        bench.Add(ResourceKind.Image, "secret");
        var body = $$"""{"Image":"mine","HostConfig":{{host}}}""";

        Assert.NotNull(bench.Ask(DockerBench.Person(BuiltInRoles.Developer, s_own), "POST /containers/create", body).Refusal);
        Assert.Null(bench.Ask(DockerBench.Person(BuiltInRoles.Developer), "POST /containers/create", body).Refusal);
    }

    [Theory]
    [InlineData("POST /images/mine/tag?repo=busybox")]
    [InlineData("POST /commit?container=box&repo=busybox")]
    [InlineData("POST /build?t=busybox")]
    [InlineData("POST /images/create?fromSrc=-&repo=busybox")]
    public void Name_OfSomebodyElsesImage_CannotBeTaken(string request)
    {
        var bench = new DockerBench();
        bench.Add(ResourceKind.Image, "mine", owner: DockerBench.Ann);
        bench.Add(ResourceKind.Container, "box", owner: DockerBench.Ann);
        var actor = DockerBench.Person(BuiltInRoles.Developer, s_own);

        Assert.Equal(ErrorKind.Forbidden, bench.Ask(actor, request).Refusal?.Kind);
        Assert.Null(bench.Ask(actor, request.Replace("repo=busybox", "repo=new", StringComparison.Ordinal).Replace("t=busybox", "t=new", StringComparison.Ordinal)).Refusal);
    }

    [Fact]
    public void Push_OfARepositoryWithoutATag_IsRefused() => Assert.NotNull(new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Developer), "POST /images/busybox/push").Refusal);

    [Fact]
    public void Create_IsWrittenDownForThePersonAndTheTeamWhoseGrantItIs()
    {
        var actor = DockerBench.Person(BuiltInRoles.Developer, subject: DockerBench.Web);

        var decision = new DockerBench().Ask(actor, "POST /containers/create", """{"Image":"busybox","HostConfig":{"Binds":["new:/x","data:/y"]}}""");

        Assert.Equal(2, decision.Owners.Count);
        Assert.Contains(DockerBench.Ann, decision.Owners);
        Assert.Contains(DockerBench.Web, decision.Owners);
        Assert.Equal(["new"], decision.Volumes);
    }

    /// <summary>Engines answer the creation of a volume that there is with that volume. Whoever asks has not made it.</summary>
    [Fact]
    public void CreateVolume_ThatThereIs_MakesNobodyItsOwner()
    {
        var actor = DockerBench.Person(BuiltInRoles.Developer);

        Assert.Empty(new DockerBench().Ask(actor, "POST /volumes/create", """{"Name":"data"}""").Owners);
        Assert.NotEmpty(new DockerBench().Ask(actor, "POST /volumes/create", """{"Name":"new"}""").Owners);
        Assert.NotEmpty(new DockerBench().Ask(actor, "POST /volumes/create", "{}").Owners);
        Assert.NotNull(new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Developer, s_own), "POST /volumes/create", """{"Name":"data"}""").Refusal);
    }

    [Fact]
    public void Create_InAStack_NeedsItsName()
    {
        var actor = DockerBench.Person(BuiltInRoles.Developer) with { Grants = [new Grant(BuiltInRoles.Developer, s_shop), new Grant(BuiltInRoles.Viewer, new Scope.OfHost(DockerBench.Id))] };

        Assert.Null(new DockerBench().Ask(actor, "POST /networks/create", """{"Name":"n","Labels":{"com.docker.compose.project":"shop"}}""").Refusal);
        Assert.NotNull(new DockerBench().Ask(actor, "POST /networks/create", """{"Name":"n","Labels":{"com.docker.compose.project":"other"}}""").Refusal);
        Assert.NotNull(new DockerBench().Ask(actor, "POST /networks/create", """{"Name":"n"}""").Refusal);
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("APPLICATION/X-WWW-FORM-URLENCODED; charset=utf-8")]
    [InlineData("multipart/form-data; boundary=x")]
    public void Form_IsNoBodyOfAnEngine(string contentType) =>
        Assert.Equal("docker.unknown", new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Developer), "POST /images/create", "fromSrc=x", contentType).Refusal?.Code);

    [Fact]
    public void Refusal_OfAnUnknownMember_NamesIt()
    {
        var refusal = new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Developer), "POST /containers/create", """{"Image":"busybox","HostConfig":{"NewThing":1}}""").Refusal;

        Assert.Contains("NewThing", refusal?.Message ?? "", StringComparison.Ordinal);
    }

    /// <summary>What clients send as a matter of course is known, all of it.</summary>
    [Fact]
    public void Container_OfTheCli_IsTheDevelopers_ButForTheHostsFolder()
    {
        var bench = new DockerBench();
        var developer = DockerBench.Person(BuiltInRoles.Developer);

        Assert.Equal("docker.restricted", bench.Ask(developer, "POST /v1.51/containers/create?name=x1", CreateMappingTests.Interactive).Refusal?.Code);
        Assert.Null(bench.Ask(developer, "POST /v1.51/containers/create?name=x1", CreateMappingTests.Interactive.Replace("/a:/b:ro", "data:/b:ro", StringComparison.Ordinal)).Refusal);
    }

    /// <summary>docker-py 7.</summary>
    [Fact]
    public void Container_OfThePythonClient_IsTheDevelopers() => Assert.Null(new DockerBench().Ask(
        DockerBench.Person(BuiltInRoles.Developer), "POST /v1.44/containers/create?name=x",
        """
        {"Hostname":null,"Domainname":null,"ExposedPorts":null,"User":null,"Tty":false,"OpenStdin":false,"StdinOnce":false,"AttachStdin":false,"AttachStdout":true,"AttachStderr":true,
        "Env":null,"Cmd":["true"],"Image":"busybox","Volumes":null,"NetworkDisabled":false,"Entrypoint":null,"WorkingDir":null,"HostConfig":{"NetworkMode":"default"},
        "NetworkingConfig":null,"MacAddress":null,"Labels":null,"StopSignal":null,"Healthcheck":null,"StopTimeout":null,"Runtime":null}
        """).Refusal);

    /// <summary>docker build of 28.2 without BuildKit.</summary>
    [Fact]
    public void Build_OfTheCli_IsTheDevelopers() => Assert.Null(new DockerBench().Ask(
        DockerBench.Person(BuiltInRoles.Developer),
        "POST /v1.50/build?buildargs=%7B%7D&cachefrom=%5B%5D&cgroupparent=&cpuperiod=0&cpuquota=0&cpusetcpus=&cpusetmems=&cpushares=0&dockerfile=Dockerfile&labels=%7B%7D&memory=0&memswap=0"
            + "&networkmode=default&rm=1&shmsize=0&t=x%3A1&target=&ulimits=null&version=1").Refusal);

    [Theory]
    [InlineData("{\"status\":\"Pulling\"}\r\n{\"status\":\"Done\"}", true, null)]
    [InlineData("{\"stream\":\"Step 1\"}\n{\"aux\":{\"ID\":\"sha256:x\"}}\n", true, "sha256:x")]
    [InlineData("{\"status\":\"Pulling\"}\n{\"errorDetail\":{\"message\":\"denied\"},\"error\":\"denied\"}\n{\"status\":\"Done\"}\n", false, null)]
    [InlineData("{\"error\":\"denied\"}", false, null)]
    [InlineData("{\"status\":\"Pul", false, null)]
    public void Progress_TellsWhetherItWasDone(string lines, bool succeeded, string? image)
    {
        var progress = new DockerProgress();
        foreach (var one in System.Text.Encoding.UTF8.GetBytes(lines))
        {
            progress.Take([one]);
        }

        progress.End();

        Assert.Equal((succeeded, image), (progress.Succeeded, progress.Image));
    }
}
