using System.Globalization;
using System.Text.Json;

namespace Portal.Engine.E2E;

public sealed class EventTests(Engine engine) : EngineTest(engine)
{
    [Fact]
    public async Task Events_BetweenTwoTimes_TellTheWholeLife()
    {
        var since = Now();
        await Docker.RunAsync("run", "--rm", "--name", "mayfly", "--label", "kind=insect", "busybox", "sh", "-c", "exit 3");

        var events = (await Docker.RunAsync("events", "--since", since, "--until", Now(), "--filter", "container=mayfly", "--format", "{{.Action}}")).Succeeded();

        string[] wanted = ["create", "start", "die", "destroy"];
        Assert.Equal(wanted, events.Lines.Where(wanted.Contains));
    }

    [Fact]
    public async Task Events_WhileTheyHappen_CarryNameLabelsAndExitCode()
    {
        await using var events = Docker.Start("events", "--filter", "type=container", "--filter", "event=die", "--format", "{{json .}}");
        // The stream has no sign of being open: make events until one arrives.
        var reading = events.ReadLineAsync();
        while (!reading.IsCompleted)
        {
            await Docker.RunAsync("run", "--rm", "--name", "seen", "--label", "kind=insect", "busybox", "sh", "-c", "exit 3");
            await Task.WhenAny(reading, Task.Delay(200));
        }

        using var document = JsonDocument.Parse((await reading)!);
        var attributes = document.RootElement.GetProperty("Actor").GetProperty("Attributes");
        Assert.Equal("die", document.RootElement.GetProperty("Action").GetString());
        Assert.Equal("seen", attributes.GetProperty("name").GetString());
        Assert.Equal("insect", attributes.GetProperty("kind").GetString());
        Assert.Equal("3", attributes.GetProperty("exitCode").GetString());
    }

    [Fact]
    public async Task Prune_OfEverything_IsToldByKindWithWhatItGaveBack()
    {
        var since = Now();
        (await Docker.RunAsync("run", "busybox", "dd", "if=/dev/zero", "of=/file", "bs=1k", "count=64")).Succeeded();
        (await Docker.RunAsync("system", "prune", "-f", "--volumes")).Succeeded();

        var told = (await Docker.RunAsync("events", "--since", since, "--until", Now(), "--filter", "event=prune", "--format", "{{.Type}} {{.Actor.Attributes.reclaimed}}")).Succeeded().Lines;

        Assert.Equal(["builder", "container", "image", "network", "volume"], told.Select(line => line.Split(' ')[0]).Order(StringComparer.Ordinal));
        Assert.InRange(long.Parse(told.Single(line => line.StartsWith("container ", StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture), 64 << 10, 1 << 20);
    }

    private static string Now() => (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0).ToString("F3", CultureInfo.InvariantCulture);
}
