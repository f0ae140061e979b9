using Portal.Domain.Access;
using Portal.Domain.Access.Docker;
using Portal.Domain.Primitives;

namespace Portal.Domain.Tests.Access.Docker;

/// <summary>What the docker command and docker-compose really send, as somebody whom restrictions hold back: nothing of it is unknown.</summary>
public sealed class ClientTests
{
    [Theory]
    [InlineData("POST /v1.50/containers/plain/exec", """{"User":"","Privileged":false,"Tty":true,"ConsoleSize":[24,80],"AttachStdin":true,"AttachStderr":true,"AttachStdout":true,"Detach":false,"DetachKeys":"","Env":null,"WorkingDir":"","Cmd":["sh"]}""")]
    [InlineData("POST /v1.41/containers/plain/exec", """{"User":"","Privileged":false,"Tty":false,"AttachStdin":false,"AttachStderr":true,"AttachStdout":true,"Detach":false,"DetachKeys":"","Env":null,"WorkingDir":"","Cmd":["sh"]}""")]
    [InlineData("POST /v1.22/containers/plain/exec", """{"Container":"plain","User":"","Privileged":false,"Tty":true,"AttachStdin":true,"AttachStdout":true,"AttachStderr":true,"Cmd":["sh"]}""")]
    [InlineData("POST /v1.50/exec/x/start", """{"Detach":false,"Tty":true,"ConsoleSize":[24,80]}""")]
    public void Body_OfAClient_IsKnown(string request, string json) => Assert.Null(new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Developer), request, json).Refusal);

    [Theory]
    [InlineData("GET /v1.22/containers/json?limit=-1&all=1&size=0&trunc_cmd=0&filters=%7B%7D")]
    [InlineData("GET /v1.22/images/json?only_ids=0&all=0")]
    public void Query_OfAClient_IsKnown(string request) => Assert.Null(new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Developer), request).Refusal);

    /// <summary>A client that creates a container pulls its image when something is not found, whatever that is.</summary>
    [Theory]
    [InlineData("""{"Image":"nothing"}""", ErrorKind.NotFound)]
    [InlineData("""{"Image":"busybox","HostConfig":{"NetworkMode":"container:nothing"}}""", ErrorKind.Invalid)]
    [InlineData("""{"Image":"busybox","HostConfig":{"NetworkMode":"nothing"}}""", ErrorKind.Invalid)]
    [InlineData("""{"Image":"busybox","HostConfig":{"VolumesFrom":["nothing"]}}""", ErrorKind.Invalid)]
    public void Create_OfWhatIsNotThere_IsNotFoundForTheImageAlone(string json, ErrorKind kind) =>
        Assert.Equal(kind, new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Developer), "POST /containers/create", json).Refusal?.Kind);

    /// <summary>The last thing that <c>docker inspect NAME</c> asks for.</summary>
    [Fact]
    public void Plugin_IsNotThere()
    {
        var developer = new DockerBench().Ask(DockerBench.Person(BuiltInRoles.Developer), "GET /v1.50/plugins/nothing/json").Refusal;

        Assert.Equal((ErrorKind.NotFound, "nothing not found"), (developer?.Kind, developer?.Message));
    }

    [Theory]
    [InlineData("POST /exec/x/start", true)]
    [InlineData("POST /containers/x/attach", true)]
    [InlineData("GET /events", true)]
    [InlineData("GET /containers/x/logs?follow=1", true)]
    [InlineData("GET /containers/x/logs?follow=0", false)]
    [InlineData("GET /containers/x/logs", false)]
    [InlineData("GET /containers/x/stats", true)]
    [InlineData("GET /containers/x/stats?stream=0", false)]
    [InlineData("POST /containers/x/wait", true)]
    [InlineData("POST /build", true)]
    [InlineData("GET /containers/json", false)]
    public void Request_ThatLasts_IsToldFromOneThatIsAnswered(string request, bool lasts)
    {
        var (method, path, query) = (request.Split(' ')[0], request.Split(' ')[1].Split('?')[0], request.Contains('?', StringComparison.Ordinal) ? request.Split('?')[1] : "");

        Assert.Equal(lasts, DockerCall.Find(method, path, query).Value.Lasts);
    }
}
