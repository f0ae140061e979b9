using System.Net;
using System.Text;
using System.Text.Json;
using Portal.Agent.Tests.EngineApi.Fakes;
using Portal.Runtime.Registries;

namespace Portal.Agent.Tests.EngineApi;

public sealed class RegistryHttpTests(EngineFixture engine) : IClassFixture<EngineFixture>
{
    private readonly HttpClient _client = engine.Client();

    [Fact]
    public async Task Pull_Always_IsOneLinePerStepWithBars()
    {
        var lines = await LinesAsync(await PostAsync("/v1.51/images/create?fromImage=team/app&tag=1&platform=linux/arm64"));

        Assert.Equal("""{"id":"1","status":"Pulling from team/app"}""", lines[0]);
        Assert.Equal(
            """{"id":"0123456789ab","status":"Downloading","progress":"[============>                                      ]     512B/2.048kB","progressDetail":{"current":512,"total":2048}}""",
            lines[1].Replace("\\u003E", ">", StringComparison.Ordinal));
        Assert.Equal(("docker.io/team/app:1", false, "linux/arm64"), (engine.Registries.Pulled!.Reference.ToString(), engine.Registries.Pulled.AllTags, engine.Registries.Pulled.Platform));
    }

    [Theory]
    [InlineData("fromImage=team/app", "docker.io/team/app", true)]
    [InlineData("fromImage=team/app:2", "docker.io/team/app:2", false)]
    [InlineData("fromImage=team/app:2&tag=3", "docker.io/team/app:3", false)]
    [InlineData("fromImage=team/app&tag=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "docker.io/team/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", false)]
    public async Task Pull_NameAndTagInEveryForm_IsUnderstood(string query, string reference, bool allTags)
    {
        await LinesAsync(await PostAsync("/images/create?" + query));

        Assert.Equal((reference, allTags), (engine.Registries.Pulled!.Reference.ToString(), engine.Registries.Pulled.AllTags));
    }

    [Fact]
    public async Task Pull_FailingBeforeTheFirstLine_IsAStatus()
    {
        using var response = await PostAsync("/images/create?fromImage=nosuch&tag=latest");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Pull_FailingLater_EndsWithTheError()
    {
        var lines = await LinesAsync(await PostAsync("/images/create?fromImage=team/app&tag=torn"));

        Assert.Equal("""{"error":"a layer is torn","errorDetail":{"message":"a layer is torn"}}""", lines[^1]);
    }

    [Theory]
    [InlineData("/images/create?fromImage=UPPER")]
    [InlineData("/images/create?fromImage=x&tag=b@d")]
    [InlineData("/images/x/push?tag=b@d")]
    public async Task Reference_Malformed_Is400(string path)
    {
        using var response = await PostAsync(path);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Push_Always_EndsWithTagDigestAndSize()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/team/app/push?tag=1") { Headers = { { "X-Registry-Auth", Convert.ToBase64String("{\"username\":\"joe\",\"password\":\"p\"}"u8) } } };
        var lines = await LinesAsync(await _client.SendAsync(request));

        Assert.Equal($$$"""{"progressDetail":{},"aux":{"Tag":"1","Digest":"{{{Some.Image.Id}}}","Size":528}}""", lines[^1]);
        Assert.Equal("docker.io/team/app:1", engine.Registries.Pushed!.Reference.ToString());
        Assert.Equal(new RegistryCredential("joe", "p"), await engine.Registries.Pushed.Credentials!.ForAsync("docker.io", default));
    }

    [Fact]
    public async Task Auth_Malformed_Is400AndNotLogged()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/images/create?fromImage=team/app&tag=1") { Headers = { { "X-Registry-Auth", "%%%" } } };
        using var response = await _client.SendAsync(request);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task SignIn_AnswersStatusAndToken()
    {
        using var response = await _client.PostAsync("/auth", new StringContent("""{"username":"joe","password":"p","serveraddress":"x"}""", Encoding.UTF8, "application/json"));

        Assert.Equal("""{"IdentityToken":"token","Status":"Login Succeeded"}""", await response.Content.ReadAsStringAsync());
        Assert.Equal(new RegistryCredential("joe", "p"), engine.Registries.SignedIn);
    }

    [Fact]
    public async Task Distribution_ShowsDescriptorAndPlatforms() => Assert.Equal(
        $$"""{"Descriptor":{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"{{Some.Image.Id}}","size":7},"Platforms":[{"architecture":"amd64","os":"linux"},{"architecture":"arm","os":"linux","variant":"v7"}]}""",
        (await _client.GetStringAsync("/distribution/team/app:1/json")).Replace("\\u002B", "+", StringComparison.Ordinal));

    [Fact]
    public async Task Search_FiltersWhatTheIndexFinds()
    {
        using var all = JsonDocument.Parse(await _client.GetStringAsync("/images/search?term=nginx"));
        using var official = JsonDocument.Parse(await _client.GetStringAsync("/images/search?term=nginx&filters=%7B%22is-official%22%3A%5B%22true%22%5D%7D"));

        Assert.Equal(2, all.RootElement.GetArrayLength());
        Assert.Equal("nginx", Assert.Single(official.RootElement.EnumerateArray()).GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("/images/search", 400)]
    [InlineData("/images/search?term=x&limit=101", 400)]
    [InlineData("/images/search?term=registry.example.com/x", 501)]
    public async Task Search_OfWhatCannotBe_IsRefused(string path, int status)
    {
        using var response = await _client.GetAsync(path);

        Assert.Equal(status, (int)response.StatusCode);
    }

    private Task<HttpResponseMessage> PostAsync(string path) => _client.PostAsync(path, null);

    private static async Task<string[]> LinesAsync(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadAsStringAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
    }
}
