using System.Net;

namespace Portal.Engine.E2E;

public sealed class SystemTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Version_FromTheCli_AnnouncesItsApi()
    {
        var version = (await Docker.RunAsync("version", "--format", "{{.Server.APIVersion}} {{.Server.MinAPIVersion}} {{.Server.Os}}")).Succeeded();

        Assert.Equal("1.51 1.24 linux", version.Line);
    }

    [Fact]
    public async Task Info_FromTheCli_DescribesThisMachine()
    {
        var info = (await Docker.RunAsync("info", "--format", "{{.OSType}}|{{.NCPU}}|{{.KernelVersion}}|{{.Images}}|{{.ServerErrors}}")).Succeeded();

        var kernel = (await File.ReadAllTextAsync("/proc/sys/kernel/osrelease")).Trim();
        Assert.Equal($"linux|{Environment.ProcessorCount}|{kernel}|1|[]", info.Line);
    }

    [Fact]
    public async Task Info_WithOneRunningAndOneStopped_CountsThem()
    {
        await RunSleeperAsync();
        await Docker.RunAsync("run", "busybox", "true");

        var info = (await Docker.RunAsync("info", "--format", "{{.Containers}} {{.ContainersRunning}} {{.ContainersStopped}}")).Succeeded();

        Assert.Equal("2 1 1", info.Line);
    }

    [Theory]
    [InlineData("GET", "OK")]
    [InlineData("HEAD", "")]
    public async Task Ping_ByEitherMethod_CarriesWhatClientsNegotiateWith(string method, string body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/_ping");
        using var answer = await Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(body, await answer.Content.ReadAsStringAsync());
        Assert.Equal("1.51", Assert.Single(answer.Headers.GetValues("Api-Version")));
        Assert.Equal("linux", Assert.Single(answer.Headers.GetValues("Ostype")));
        Assert.Equal("false", Assert.Single(answer.Headers.GetValues("Docker-Experimental")));
        Assert.True(answer.Headers.CacheControl!.NoStore);
    }
}
