using System.Net;
using System.Text.Json;
using Portal.Agent.Tests.EngineApi.Fakes;

namespace Portal.Agent.Tests.EngineApi;

/// <summary>The Control API of volumes, from the wire to the runtime.</summary>
public sealed class VolumeControlTests(EngineFixture engine) : IClassFixture<EngineFixture>
{
    private const string Data = "/control/v1/volumes/data";

    [Theory]
    [InlineData("GET", "/files?path=a/../b", HttpStatusCode.BadRequest, null)]
    [InlineData("GET", "/files?limit=0", HttpStatusCode.BadRequest, null)]
    [InlineData("GET", "/files?after=!", HttpStatusCode.BadRequest, null)]
    [InlineData("GET", "/content?path=x&head=-1", HttpStatusCode.BadRequest, null)]
    [InlineData("GET", "/backup?quiet=please", HttpStatusCode.BadRequest, null)]
    [InlineData("GET", "/files", HttpStatusCode.OK, "list data / - 200")]
    [InlineData("GET", "/files?path=//a/./b/&after=bGluaw==&limit=5", HttpStatusCode.OK, "list data /a/b 6C696E6B 5")]
    [InlineData("PUT", "/content?path=f&overwrite=1", HttpStatusCode.NoContent, "write data /f True body")]
    [InlineData("PUT", "/archive?path64=YS9i", HttpStatusCode.NoContent, "unpack data /a/b False")]
    [InlineData("POST", "/folder?path=n", HttpStatusCode.Created, "mkdir data /n")]
    [InlineData("POST", "/rename?path=a&to=b", HttpStatusCode.NoContent, "rename data /a /b False")]
    [InlineData("DELETE", "/files?path=a&recursive=1", HttpStatusCode.NoContent, "delete data /a True")]
    [InlineData("GET", "/backup?quiet=stop", HttpStatusCode.OK, "backup data Stop")]
    [InlineData("PUT", "/restore", HttpStatusCode.Created, "restore data")]
    public async Task Request_ReachesTheRuntimeAsItIsMeant(string method, string path, HttpStatusCode status, string? asked)
    {
        using var http = engine.Client();

        using var answer = await http.SendAsync(new(new(method), Data + path) { Content = method == "PUT" ? new StringContent("body") : null });

        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        Assert.Equal(asked ?? engine.VolumeData.Asked, engine.VolumeData.Asked);
    }

    [Fact]
    public async Task List_ShowsNamesThatAreNoTextAsBytesToo()
    {
        using var http = engine.Client();
        using var list = JsonDocument.Parse(await http.GetStringAsync(Data + "/files"));

        var entry = list.RootElement.GetProperty("Entries")[0];
        Assert.Equal(("Yf8=", "file", 0x1ED), (entry.GetProperty("NameBytes").GetString(), entry.GetProperty("Kind").GetString(), entry.GetProperty("Mode").GetInt32()));
        Assert.Equal("/etc", list.RootElement.GetProperty("Entries")[1].GetProperty("LinkTarget").GetString());
        Assert.Equal("bGluaw==", list.RootElement.GetProperty("Next").GetString());
    }

    [Fact]
    public async Task Content_HasItsLength()
    {
        using var http = engine.Client();
        using var answer = await http.GetAsync(Data + "/content?path=x", HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal((5L, "application/octet-stream"), (answer.Content.Headers.ContentLength!.Value, answer.Content.Headers.ContentType!.MediaType));
    }

    [Fact]
    public async Task Backup_ThatFailsHalfWay_DoesNotLookWhole()
    {
        using var http = engine.Client();

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => http.GetByteArrayAsync("/control/v1/volumes/broken/backup"));
    }

    [Fact]
    public async Task Restore_RefusedOrDone_SaysSo()
    {
        using var http = engine.Client();

        Assert.Equal(HttpStatusCode.Conflict, (await http.PutAsync("/control/v1/volumes/full/restore", new StringContent(""))).StatusCode);
        using var answer = JsonDocument.Parse(await (await http.PutAsync(Data + "/restore", new StringContent(""))).Content.ReadAsStringAsync());
        Assert.Equal("source", answer.RootElement.GetProperty("Volume").GetString());
        using var work = JsonDocument.Parse(await http.GetStringAsync("/control/v1/volume-work"));
        Assert.Equal(("restore", 10), (work.RootElement[0].GetProperty("Kind").GetString(), work.RootElement[0].GetProperty("TotalBytes").GetInt32()));
    }
}
