using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Portal.Domain.Access;
using Portal.Domain.Primitives;

namespace Portal.Api.Tests.Volumes;

public sealed class VolumeFileEndpointsTests : IDisposable
{
    private const string Data = "/api/v1/hosts/local/volumes/data";
    private readonly PortalHost _portal = new();

    public void Dispose() => _portal.Dispose();

    [Fact]
    public async Task Files_OfAFolder_AreListedInParts()
    {
        using var client = await _portal.SignedInAsync(BuiltInRoles.Administrator);

        var page = await client.GetFromJsonAsync<JsonElement>(Data + "/files?path=a/b&after=x&limit=7");

        Assert.Equal(["list local/data:a/b x 7"], _portal.Volumes.Calls);
        Assert.Equal((9, "next"), (page.GetProperty("total").GetInt32(), page.GetProperty("next").GetString()));
        var file = page.GetProperty("items")[0];
        Assert.Equal(("characterDevice", "0644"), (file.GetProperty("kind").GetString(), file.GetProperty("mode").GetString()));
        Assert.Equal(HttpStatusCode.BadRequest, (await client.GetAsync(Data + "/files?limit=1001")).StatusCode);
    }

    [Theory]
    [InlineData("/content?path=a/page.html&head=5", "read local/data:a/page.html 5", "page.html", "application/octet-stream")]
    [InlineData("/archive?path=a/b", "archive local/data:a/b", "b.tar", "application/x-tar")]
    [InlineData("/archive", "archive local/data", "data.tar", "application/x-tar")]
    [InlineData("/backup?quiet=pause", "backup local/data Pause", "data.tar.zst", "application/zstd")]
    public async Task Content_OfAVolume_IsToBeSavedNotShown(string path, string call, string file, string type)
    {
        using var client = await _portal.SignedInAsync(BuiltInRoles.Administrator);

        using var answer = await client.GetAsync(Data + path);

        Assert.Equal([call], _portal.Volumes.Calls);
        Assert.Equal(("attachment", file, type), (
            answer.Content.Headers.ContentDisposition!.DispositionType, answer.Content.Headers.ContentDisposition.FileName!.Trim('"'), answer.Content.Headers.ContentType!.MediaType));
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.True(_portal.Volumes.Disposed);
    }

    [Fact]
    public async Task Bodies_OfAnyLength_ReachTheVolume()
    {
        using var client = await _portal.SignedInAsync(BuiltInRoles.Administrator);

        foreach (var path in (string[])["/content?path=f&overwrite=true", "/archive?path=d", "/restore"])
        {
            using var answer = await client.PutAsync(Data + path, new ByteArrayContent(new byte[3 << 20]));
            Assert.True(answer.StatusCode == HttpStatusCode.NoContent, await answer.Content.ReadAsStringAsync());
        }

        Assert.Equal([$"write local/data:f True {3 << 20} bytes", $"unpack local/data:d False {3 << 20} bytes", $"restore local/data {3 << 20} bytes"], _portal.Volumes.Calls);
    }

    [Fact]
    public async Task FoldersRenamesDeletesAndCopies_AreCarriedOutAndAudited()
    {
        using var client = await _portal.SignedInAsync(BuiltInRoles.Administrator);

        Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsync(Data + "/folder?path=new", null)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsync(Data + "/rename?path=a&to=b", null)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync(Data + "/files?path=b&recursive=true")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsJsonAsync(Data + "/copy", new { host = "local", volume = "other", quiet = "stop" })).StatusCode);

        Assert.Equal(
            ["folder local/data:new", "rename local/data:a b False", "delete local/data:b True", "backup local/data Stop", "restore local/other backup"], _portal.Volumes.Calls);
        Assert.True(_portal.Volumes.Disposed);
        Assert.Contains(await _portal.AuditAsync(), line => line is { Operation: "CopyVolume", Target: "local/data to local/other", Outcome: "ok" });
    }

    [Fact]
    public async Task Copy_ThatCannotBe_BeginsNothing()
    {
        using var client = await _portal.SignedInAsync(BuiltInRoles.Administrator);

        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsJsonAsync(Data + "/copy", new { host = "local", volume = "data" })).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsJsonAsync(Data + "/copy", new { host = "nowhere", volume = "data" })).StatusCode);

        Assert.Empty(_portal.Volumes.Calls);
    }

    [Fact]
    public async Task Viewer_SeesNothingOfWhatIsInVolumes()
    {
        using var client = await _portal.SignedInAsync(BuiltInRoles.Viewer);
        foreach (var (verb, path) in new[]
            {
                ("GET", "/files"), ("GET", "/content?path=x"), ("GET", "/archive"), ("GET", "/backup"), ("PUT", "/content?path=x"), ("PUT", "/archive"), ("PUT", "/restore"),
                ("POST", "/folder?path=x"), ("POST", "/rename?path=x&to=y"), ("DELETE", "/files?path=x"),
            })
        {
            using var answer = await client.SendAsync(new(new(verb), Data + path));
            Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{verb} {path} {answer.StatusCode}");
        }

        Assert.Empty(_portal.Volumes.Calls);
    }

    [Fact]
    public async Task Failure_OfTheEngine_IsTold()
    {
        _portal.Volumes.Failure = new(ErrorKind.Conflict, "engine.conflict", "volume data is not empty");
        using var client = await _portal.SignedInAsync(BuiltInRoles.Administrator);

        using var answer = await client.PutAsync(Data + "/restore", new ByteArrayContent([1]));

        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Contains("volume data is not empty", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
