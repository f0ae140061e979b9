using System.Net;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Which volumes are listed, counted, pruned and kept.</summary>
public sealed class VolumeRuleTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private readonly DockerCli _docker = engine.Docker;
    private string _user = "", _other = "", _anonymous = "";

    public async ValueTask InitializeAsync()
    {
        (await _docker.RunAsync("volume", "create", "--label", "colour=blue", "blue")).Succeeded();
        (await _docker.RunAsync("volume", "create", "plain")).Succeeded();
        (await _docker.RunAsync("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "memory")).Succeeded();
        _anonymous = (await _docker.RunAsync("volume", "create")).Succeeded().Line;
        _user = (await _docker.RunAsync("create", "-v", "used:/v", "busybox", "sh", "-c", "head -c 300000 /dev/zero > /v/file")).Succeeded().Line;
        (await _docker.RunAsync("start", "-a", _user)).Succeeded();
        _other = (await _docker.RunAsync("create", "-v", "used:/v", "busybox")).Succeeded().Line;
    }

    public async ValueTask DisposeAsync()
    {
        await engine.ClearAsync();
        await engine.ClearVolumesAsync();
    }

    [Theory]
    [InlineData("dangling=true", "blue memory plain ANONYMOUS")]
    [InlineData("dangling=false", "used")]
    [InlineData("driver=local", "blue memory plain used ANONYMOUS")]
    [InlineData("driver=other", "")]
    [InlineData("label=colour", "blue")]
    [InlineData("label=colour=red", "")]
    [InlineData("name=l", "blue plain")]
    [InlineData("name=^u", "used")]
    public async Task List_Filtered_IsWhatMatches(string filter, string names)
    {
        // Invented names are letters and digits: they may match a letter as well.
        var found = (await _docker.RunAsync("volume", "ls", "-q", "--filter", filter)).Succeeded().Lines.Where(name => name != _anonymous || names.Contains("ANONYMOUS", StringComparison.Ordinal));

        Assert.Equal(names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => name == "ANONYMOUS" ? _anonymous : name).Order(), found.Order());
    }

    [Theory]
    [InlineData("/v1.43/volumes/prune", "ANONYMOUS")]
    [InlineData("/v1.43/volumes/prune?filters={\"all\":[\"true\"]}", "blue plain ANONYMOUS")]
    [InlineData("/v1.43/volumes/prune?filters={\"all\":[\"true\"],\"label\":[\"colour=blue\"]}", "blue")]
    [InlineData("/v1.43/volumes/prune?filters={\"all\":[\"true\"],\"label!\":[\"colour\"]}", "plain ANONYMOUS")]
    [InlineData("/v1.41/volumes/prune", "blue plain ANONYMOUS")]
    [InlineData("/v1.41/volumes/prune?filters={\"label\":[\"colour\"]}", "blue")]
    public async Task Prune_OfAVersion_TakesWhatDockerTakes(string path, string names)
    {
        using var answer = await engine.Http.PostAsync(path, null);
        using var pruned = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(
            names.Split(' ').Select(name => name == "ANONYMOUS" ? _anonymous : name).Order(),
            pruned.RootElement.GetProperty("VolumesDeleted").EnumerateArray().Select(name => name.GetString()!).Order());
        Assert.Empty((await _docker.RunAsync("volume", "ls", "-q")).Succeeded().Lines.Intersect(names.Split(' ')));
    }

    [Theory]
    [InlineData("GET", "/volumes?filters={\"dangling\":[\"maybe\"]}", "invalid filter 'dangling=[maybe]'")]
    [InlineData("GET", "/volumes?filters={\"colour\":[\"blue\"]}", "invalid filter 'colour'")]
    [InlineData("POST", "/volumes/prune?filters={\"all\":[\"maybe\"]}", "invalid filter 'all=[maybe]'")]
    public async Task Filter_ThatIsNone_Is400AndTakesNothing(string method, string path, string words)
    {
        using var request = new HttpRequestMessage(new(method), path);
        using var answer = await engine.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(words, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("message").GetString());
        Assert.Equal(5, (await _docker.RunAsync("volume", "ls", "-q")).Succeeded().Lines.Length);
    }

    [Fact]
    public async Task Usage_CountsBytesAndContainers()
    {
        using var usage = JsonDocument.Parse(await engine.Http.GetStringAsync("/system/df"));
        var volumes = usage.RootElement.GetProperty("Volumes").EnumerateArray().ToDictionary(volume => volume.GetProperty("Name").GetString()!, volume => volume.GetProperty("UsageData"));

        Assert.Equal(2, volumes["used"].GetProperty("RefCount").GetInt32());
        Assert.InRange(volumes["used"].GetProperty("Size").GetInt64(), 300_000, 330_000);
        Assert.Equal(0, volumes["plain"].GetProperty("RefCount").GetInt32());
        Assert.DoesNotContain("memory", volumes.Keys);
    }

    [Fact]
    public async Task Remove_Used_NamesEveryContainerAndForceDoesNotHelp()
    {
        foreach (var force in (string[])["", "?force=1"])
        {
            using var answer = await engine.Http.DeleteAsync("/volumes/used" + force);
            var message = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("message").GetString()!;

            Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
            Assert.StartsWith("remove used: volume is in use - [", message, StringComparison.Ordinal);
            Assert.Equal(new[] { _user, _other }.Order(), message.Split('[')[1].TrimEnd(']').Split(", ").Order());
        }

        (await _docker.RunAsync("rm", "-v", _user, _other)).Succeeded();
        (await _docker.RunAsync("volume", "rm", "used")).Succeeded();
    }
}
