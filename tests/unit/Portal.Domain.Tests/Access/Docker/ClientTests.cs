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
