using System.Net;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

public sealed class RenameTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Rename_WhileItRuns_GivesItTheNewNameOnly()
    {
        await using var events = await EventLog.OpenAsync(Http);
        var id = await RunSleeperAsync("--name", "before");

        (await Docker.RunAsync("rename", "before", "after")).Succeeded();

        Assert.Equal($"/after {id}", await Docker.InspectAsync("after", "{{.Name}} {{.Id}}"));
        await ExpectErrorAsync(await Http.GetAsync("/containers/before/json"), HttpStatusCode.NotFound, "No such container: before");
        await events.UntilAsync("after", "rename");
        var attributes = events.All.Single(e => e.GetProperty("Action").GetString() == "rename").GetProperty("Actor").GetProperty("Attributes");
        Assert.Equal("/before", attributes.GetProperty("oldName").GetString());
        (await Docker.RunAsync("create", "--name", "before", "busybox")).Succeeded();
    }

    [Fact]
    public async Task Rename_ToWhatIsNoName_IsRefusedInDockersWords()
    {
        (await Docker.RunAsync("create", "--name", "first", "busybox")).Succeeded();
        var second = (await Docker.RunAsync("create", "--name", "second", "busybox")).Succeeded().Line;

        await ExpectAsync("first", "first", HttpStatusCode.BadRequest, "Renaming a container with the same name as its current name");
        await ExpectAsync(
            "first", "second", HttpStatusCode.Conflict,
            $"Error when allocating new name: Conflict. The container name \"/second\" is already in use by container \"{second}\". You have to remove (or rename) that container to be able to reuse that name.");
        await ExpectAsync("first", "", HttpStatusCode.BadRequest, "Neither old nor new names may be empty");
        await ExpectAsync("first", "a b", HttpStatusCode.BadRequest, "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
        await ExpectAsync("third", "fourth", HttpStatusCode.NotFound, "No such container: third");
        Assert.Equal("/first", await Docker.InspectAsync("first", "{{.Name}}"));
    }

    [Fact]
    public async Task Rename_OfManyToOneName_SucceedsOnce()
    {
        for (var i = 0; i < 8; i++)
        {
            (await Docker.RunAsync("create", "--name", $"racer{i}", "busybox")).Succeeded();
        }

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Http.PostAsync($"/containers/racer{i}/rename?name=winner", null)));

        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.NoContent);
        Assert.Equal(7, answers.Count(answer => answer.StatusCode == HttpStatusCode.Conflict));
        Assert.Equal(7, (await Docker.RunAsync("ps", "-a", "-f", "name=racer", "--format", "{{.Names}}")).Lines.Length);
    }

    private async Task ExpectAsync(string container, string name, HttpStatusCode status, string words) =>
        await ExpectErrorAsync(await Http.PostAsync($"/containers/{container}/rename?name={Uri.EscapeDataString(name)}", null), status, words);
}

public sealed class RenameAdoptionTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await engine.ClearAsync();

    [Fact]
    public async Task Names_AfterASwapAndAKill_AreTheNewOnes()
    {
        var docker = engine.Docker;
        var one = (await docker.RunAsync("create", "--name", "one", "busybox")).Succeeded().Line;
        var two = (await docker.RunAsync("create", "--name", "two", "busybox")).Succeeded().Line;
        (await docker.RunAsync("rename", "one", "spare")).Succeeded();
        (await docker.RunAsync("rename", "two", "one")).Succeeded();
        (await docker.RunAsync("rename", "spare", "two")).Succeeded();

        await engine.KillAsync();
        await engine.StartAsync();

        Assert.Equal((two, one), (await docker.InspectAsync("one", "{{.Id}}"), await docker.InspectAsync("two", "{{.Id}}")));
    }
}
