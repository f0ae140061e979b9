using System.Net;
using System.Text;
using System.Text.Json;
using Portal.Agent.Tests.EngineApi.Fakes;
using Portal.Runtime.Files;
using Portal.Runtime.Layers;

namespace Portal.Agent.Tests.EngineApi;

public sealed class ArchiveTests(EngineFixture engine) : IClassFixture<EngineFixture>
{
    private const string StatusHeader = "X-Docker-Container-Path-Stat";

    [Fact]
    public async Task Head_OfAPath_TellsItInTheHeader()
    {
        using var client = engine.Client();
        using var answer = await client.SendAsync(new(HttpMethod.Head, "/containers/x/archive?path=/etc/passwd"));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var status = Encoding.UTF8.GetString(Convert.FromBase64String(Assert.Single(answer.Headers.GetValues(StatusHeader))));
        Assert.Equal("""{"name":"passwd","size":309,"mode":420,"mtime":"2023-11-14T22:13:20.12Z","linkTarget":""}""", status);
    }

    [Fact]
    public async Task Get_OfAPath_IsATarWithTheHeader()
    {
        using var client = engine.Client();
        using var answer = await client.GetAsync("/v1.41/containers/x/archive?path=/etc/passwd");

        Assert.Equal("application/x-tar", answer.Content.Headers.ContentType!.MediaType);
        Assert.True(answer.Headers.Contains(StatusHeader));
        Assert.Equal("tar", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Get_OfNothing_Is404InDockersWords()
    {
        using var client = engine.Client();
        using var answer = await client.GetAsync("/containers/x/archive?path=/nope");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("""{"message":"Could not find the file /nope in container x"}""", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("HEAD")]
    public async Task Any_WithoutAPath_Is400(string method)
    {
        using var client = engine.Client();
        using var answer = await client.SendAsync(new(new(method), "/containers/x/archive"));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task Put_OfAnArchive_TakesAnyContentTypeAndBothOptions()
    {
        using var client = engine.Client();
        using var answer = await client.PutAsync("/containers/x/archive?path=/etc&noOverwriteDirNonDir=true&copyUIDGID=1", new StringContent("archive", Encoding.UTF8, "text/plain"));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(("archive", new CopyOptions(true, true)), (engine.Files.Written, engine.Files.Options));
    }

    [Fact]
    public async Task Changes_WhenThereAreNone_IsNull()
    {
        using var client = engine.Client();
        Assert.Equal("null", await client.GetStringAsync("/containers/x/changes"));

        engine.Files.Changes.Add(new("/etc", LayerChangeKind.Modified));
        engine.Files.Changes.Add(new("/etc/new", LayerChangeKind.Added));
        engine.Files.Changes.Add(new("/gone", LayerChangeKind.Deleted));

        Assert.Equal("""[{"Path":"/etc","Kind":0},{"Path":"/etc/new","Kind":1},{"Path":"/gone","Kind":2}]""", await client.GetStringAsync("/containers/x/changes"));
        engine.Files.Changes.Clear();
    }

    [Fact]
    public async Task Commit_WithChanges_AppliesThemOverTheContainers()
    {
        using var client = engine.Client();
        using var answer = await client.PostAsync(
            "/commit?container=x&repo=docker.io/library/mine&tag=2&author=me&comment=why&changes=ENV%20A%3D2&changes=CMD%20%5B%22new%22%5D&pause=0", new StringContent("null", Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal(Some.Digest.ToString(), JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("Id").GetString());
        var spec = engine.Files.Committed!;
        Assert.Equal(("mine", "2", "me", "why", false), (spec.Repository, spec.Tag, spec.Author, spec.Comment, spec.Pause));
        var config = engine.Files.Config(new() { Environment = ["A=1", "B=1"], Command = ["old"], User = "app" });
        Assert.Equal(["A=2", "B=1"], config.Environment);
        Assert.Equal(["new"], config.Command!);
        Assert.Equal("app", config.User);
    }

    [Fact]
    public async Task Commit_OfNoContainerOrWithAWrongChange_Is400()
    {
        using var client = engine.Client();
        using var nobody = await client.PostAsync("/commit?repo=x", null);

        Assert.Equal(HttpStatusCode.BadRequest, nobody.StatusCode);
        using var digest = await client.PostAsync($"/commit?container=x&repo=x@{Some.Digest}", null);
        Assert.Equal(HttpStatusCode.BadRequest, digest.StatusCode);
    }

    [Fact]
    public async Task DiskUsage_OfEverything_TellsSharedAndWhole()
    {
        using var client = engine.Client();
        using var usage = JsonDocument.Parse(await client.GetStringAsync("/v1.47/system/df"));

        Assert.Equal(5000, usage.RootElement.GetProperty("LayersSize").GetInt64());
        Assert.Equal(400, usage.RootElement.GetProperty("Images")[0].GetProperty("SharedSize").GetInt64());
        using var images = JsonDocument.Parse(await client.GetStringAsync("/v1.47/images/json?shared-size=1"));
        Assert.Equal(400, images.RootElement[0].GetProperty("SharedSize").GetInt64());
        using var plain = JsonDocument.Parse(await client.GetStringAsync("/v1.47/images/json"));
        Assert.Equal(-1, plain.RootElement[0].GetProperty("SharedSize").GetInt64());
    }
}
