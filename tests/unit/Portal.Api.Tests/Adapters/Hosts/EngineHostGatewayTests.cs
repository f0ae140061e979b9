using System.Text;
using Microsoft.AspNetCore.Http;
using Portal.Api.Adapters.Hosts;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Adapters.Hosts;

public class EngineHostGatewayTests
{
    private static readonly ContainerId s_id = ContainerId.New();

    [Theory]
    [InlineData(400, ErrorKind.Invalid)]
    [InlineData(403, ErrorKind.Forbidden)]
    [InlineData(404, ErrorKind.NotFound)]
    [InlineData(409, ErrorKind.Conflict)]
    [InlineData(500, ErrorKind.Internal)]
    [InlineData(501, ErrorKind.NotImplemented)]
    [InlineData(503, ErrorKind.Unavailable)]
    public async Task Inspect_EngineRefuses_GivesTheKindAndTheEnginesMessage(int status, ErrorKind kind)
    {
        await using var engine = await FakeEngineSocket.StartAsync(status, """{"message":"no\nsuch thing"}""");
        var error = (await new EngineHostGateway(engine.Calls).InspectAsync(FakeEngine.Local, s_id, default)).Error!;
        Assert.Equal((kind, "no such thing"), (error.Kind, error.Message));
    }

    [Fact]
    public async Task Inspect_NoEngine_SaysSoInOneSentence()
    {
        var engine = await FakeEngineSocket.StartAsync(204, "");
        await engine.DisposeAsync();
        var error = (await new EngineHostGateway(engine.Calls).InspectAsync(FakeEngine.Local, s_id, default)).Error!;
        Assert.Equal((ErrorKind.Unavailable, "host.unreachable"), (error.Kind, error.Code));
        Assert.Contains("does not answer", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_UnknownHost_IsNotFound()
    {
        await using var engine = await FakeEngineSocket.StartAsync(204, "");
        Assert.Equal("host.unknown", (await new EngineHostGateway(engine.Calls).InspectAsync(new("elsewhere"), s_id, default)).Error!.Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("null")]
    public async Task Inspect_Nonsense_IsUnavailableNotABug(string body)
    {
        await using var engine = await FakeEngineSocket.StartAsync(200, body);
        Assert.Equal("engine.answer", (await new EngineHostGateway(engine.Calls).InspectAsync(FakeEngine.Local, s_id, default)).Error!.Code);
    }

    [Fact]
    public async Task Inspect_AnswerWithNothingInIt_StillGivesAView()
    {
        await using var engine = await FakeEngineSocket.StartAsync(200, """{"Id":"x","State":null,"Config":null,"HostConfig":null,"NetworkSettings":null,"Mounts":null,"Args":null}""");
        var details = (await new EngineHostGateway(engine.Calls).InspectAsync(FakeEngine.Local, s_id, default)).Value;
        Assert.Equal((s_id, ContainerState.Created), (details.View.Id, details.View.State));
    }

    [Fact]
    public async Task Inspect_StoppedContainer_MapsWhatThePageShows()
    {
        await using var engine = await FakeEngineSocket.StartAsync(200, """
            {"Id":"x","Name":"/web","Created":"2026-01-02T03:04:05.5Z","Path":"sh","Args":["-c","exit 3"],
             "State":{"Status":"exited","ExitCode":3,"OOMKilled":true,"StartedAt":"2026-01-02T03:04:06Z","FinishedAt":"2026-01-02T03:04:07Z","Error":""},
             "Config":{"Image":"busybox","Env":["A=b"],"Labels":{"k":"v"}},
             "HostConfig":{"Memory":1048576,"NanoCpus":1500000000,"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":3}},
             "Mounts":[{"Type":"volume","Name":"data","Source":"/x","Destination":"/data","RW":false}],
             "NetworkSettings":{"Ports":{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}],"53/udp":null},"Networks":{"bridge":{"IPAddress":"172.17.0.2","Gateway":"","MacAddress":null}}}}
            """);
        var details = (await new EngineHostGateway(engine.Calls).InspectAsync(FakeEngine.Local, s_id, default)).Value;
        Assert.Equal(("web", "busybox", ContainerState.Exited, "Exited (3)"), (details.View.Name, details.View.Image, details.View.State, details.View.Status));
        Assert.Equal([new(80, "tcp", "0.0.0.0", 8080), new PortView(53, "udp", null, null)], details.View.Ports);
        Assert.Equal(["sh", "-c", "exit 3"], details.Command);
        Assert.Equal((3, true, null), (details.ExitCode, details.OomKilled, details.Problem));
        Assert.Equal((1_048_576, 1.5, "on-failure:3"), (details.MemoryLimitBytes, details.CpuLimit, details.RestartPolicy));
        Assert.Equal(new MountView("volume", "data", "/data", ReadOnly: true), Assert.Single(details.Mounts));
        Assert.Equal(new ContainerNetworkView("bridge", "172.17.0.2", null, null), Assert.Single(details.Networks));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Logs_WithoutAContentType_AsksTheContainerWhetherItIsATerminal(bool tty)
    {
        await using var engine = await FakeEngineSocket.StartAsync(async context =>
        {
            if (context.Request.Path.Value!.EndsWith("/json", StringComparison.Ordinal))
            {
                await context.Response.WriteAsync("""{"Config":{"Tty":TTY}}""".Replace("TTY", tty ? "true" : "false", StringComparison.Ordinal));
                return;
            }

            var line = Encoding.UTF8.GetBytes("2026-01-02T03:04:05Z hello\n");
            await context.Response.Body.WriteAsync((byte[])(tty ? line : [2, 0, 0, 0, 0, 0, 0, (byte)line.Length, .. line]));
        });
        var lines = await new EngineHostGateway(engine.Calls)
            .LogsAsync(FakeEngine.Local, s_id, new LogRequest(Tail: 5, Since: DateTimeOffset.UnixEpoch.AddSeconds(1.5)), default).ToListAsync();
        Assert.Equal(new LogLine(new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), !tty, "hello"), Assert.Single(Assert.Single(lines)));
        Assert.Contains("tail=5&since=1.500000000", engine.Requests[0], StringComparison.Ordinal);
    }
}
