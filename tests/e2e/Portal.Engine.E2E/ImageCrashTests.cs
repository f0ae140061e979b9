using System.Text;
using System.Text.Json.Nodes;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>Agents killed in the middle of work on images, and work on images that gets in each other's way.</summary>
public sealed class ImageCrashTests(KilledEngine engine) : IClassFixture<KilledEngine>, IAsyncLifetime
{
    private const int Size = 24 << 20;

    private static readonly string[] s_gone = ["No such image", "No such container", "marked for removal", "received 404"];

    private readonly DockerCli _docker = engine.Docker;
    private readonly string _archive = Path.Combine(engine.Root, "images.tar");

    /// <summary>Two images that share all but one layer.</summary>
    public async ValueTask InitializeAsync()
    {
        (await _docker.RunAsync("run", "--name", "source", "--network", "none", "busybox", "sh", "-c", $"head -c {Size} /dev/urandom > /big")).Succeeded();
        (await _docker.RunAsync("commit", "source", "one:1")).Succeeded();
        (await _docker.RunAsync("run", "--name", "second", "--network", "none", "one:1", "sh", "-c", "echo more > /more")).Succeeded();
        (await _docker.RunAsync("commit", "second", "two:1")).Succeeded();
        (await _docker.RunAsync("save", "-o", _archive, "one:1", "two:1")).Succeeded();
        await engine.ClearAsync();
        (await _docker.RunAsync("rmi", "two:1", "one:1")).Succeeded();
    }

    public async ValueTask DisposeAsync()
    {
        await engine.ClearAsync();
        await _docker.RunAsync("rmi", "-f", "two:1", "one:1", "cut:1");
    }

    [Theory]
    [InlineData("load")]
    [InlineData("import")]
    [InlineData("save")]
    [InlineData("rmi")]
    [InlineData("prune")]
    public async Task Agent_KilledAtAnyMoment_HasEachImageWhollyOrNotAtAll(string operation)
    {
        var before = Content();
        foreach (var delay in (int[])[5, 40, 110, 230])
        {
            if (operation is "save" or "rmi" or "prune")
            {
                (await _docker.RunAsync("load", "-i", _archive)).Succeeded();
            }

            using var archive = File.OpenRead(_archive);
            using var body = new StreamContent(archive);
            var work = operation switch
            {
                "load" => engine.Http.PostAsync("/images/load", body),
                "import" => engine.Http.PostAsync("/images/create?fromSrc=-&repo=cut&tag=1", body),
                "save" => engine.Http.GetAsync("/images/get?names=one:1&names=two:1"),
                "rmi" => engine.Http.DeleteAsync("/images/two:1"),
                _ => engine.Http.PostAsync("/images/prune?filters=" + Uri.EscapeDataString("""{"dangling":["false"],"label!":["base"]}"""), null),
            };
            await Task.WhenAny(work, Task.Delay(delay));
            var acknowledged = work.IsCompletedSuccessfully && (await work).IsSuccessStatusCode;
            await engine.KillAsync();
            _ = await Record.ExceptionAsync(() => work);
            await engine.StartAsync();

            var names = (await _docker.RunAsync("images", "--format", "{{.Repository}}:{{.Tag}}")).Succeeded().Lines;
            Assert.True(!acknowledged || operation switch
            {
                "load" => names.Contains("one:1") && names.Contains("two:1"),
                "import" => names.Contains("cut:1"),
                "save" => names.Contains("one:1") && names.Contains("two:1"),
                "rmi" => !names.Contains("two:1") && names.Contains("one:1"),
                _ => !names.Contains("two:1") && !names.Contains("one:1"),
            }, $"{operation} was acknowledged; there are {string.Join(' ', names)}");
            Assert.All(names, name => Assert.Contains(name, (string[])["busybox:latest", "one:1", "two:1", "cut:1"]));
            await ExpectWholeAsync(names);
            await _docker.RunAsync("rmi", "two:1");
            await _docker.RunAsync("rmi", "one:1");
            await _docker.RunAsync("rmi", "cut:1");
            if (operation == "prune" && (await _docker.RunAsync("images", "-q", "busybox")).Lines.Length == 0)
            {
                (await _docker.RunAsync("import", "-c", "CMD [\"sh\"]", Path.Combine(engine.Root, "busybox.tar"), "busybox:latest")).Succeeded();
                before = Content();
            }

            Assert.Equal(before, Content());
        }
    }

    [Fact]
    public async Task Load_WhileOthersRemoveAndPrune_SucceedsAndLeavesNothing()
    {
        await _docker.RunDetachedAsync("--name", "holder", "--network", "none", "busybox", "sleep", "600");
        var before = Content();
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(6));
        var loads = 0;
        async Task LoadAsync()
        {
            while (!end.IsCancellationRequested)
            {
                (await _docker.RunAsync("load", "-q", "-i", _archive)).Succeeded();
                loads++;
                var run = await _docker.RunAsync("run", "--rm", "--network", "none", "--pull", "never", "two:1", "sh", "-c", "cat /more; wc -c < /big");
                // Whole, or not there; and a container that does not run yet may be pruned as well.
                Assert.True(
                    run.ExitCode == 0 ? run.Lines is ["more", var size] && size == Size.ToString() : s_gone.Any(words => run.Err.Contains(words, StringComparison.OrdinalIgnoreCase)),
                    run.Out + run.Err);
            }
        }

        async Task RepeatAsync(params string[] command)
        {
            while (!end.IsCancellationRequested)
            {
                var answer = await _docker.RunAsync(command);
                Assert.True(answer.ExitCode == 0 || answer.Err.Contains("No such image", StringComparison.Ordinal) || answer.Err.Contains("conflict", StringComparison.Ordinal), answer.Err);
            }
        }

        await Task.WhenAll(LoadAsync(), LoadAsync(), RepeatAsync("image", "prune", "-af"), RepeatAsync("rmi", "-f", "one:1"), RepeatAsync("system", "prune", "-f"), RepeatAsync("system", "df"));

        Assert.True(loads > 3);
        (await _docker.RunAsync("load", "-q", "-i", _archive)).Succeeded();
        await ExpectWholeAsync(["one:1", "two:1"]);
        (await _docker.RunAsync("rmi", "two:1", "one:1")).Succeeded();
        Assert.Equal(before, Content());
    }

    /// <summary>Every image is all there: it runs, it is saved, its sizes add up, and nothing of unfinished work is left.</summary>
    private async Task ExpectWholeAsync(string[] names)
    {
        Assert.Empty(Directory.GetFileSystemEntries(engine.DataRoot + "/images/staging"));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(engine.DataRoot + "/layers"), name => name.Contains(".unpack-", StringComparison.Ordinal));
        Assert.DoesNotContain("quarantined", await engine.LogAsync(), StringComparison.OrdinalIgnoreCase);
        foreach (var name in names.Where(n => n is "one:1" or "two:1"))
        {
            var run = (await _docker.RunAsync("run", "--rm", "--network", "none", name, "sh", "-c", "wc -c < /big")).Succeeded();
            Assert.Equal(Size.ToString(), run.Line);
            using var saved = await engine.Http.GetAsync($"/images/{name}/get");
            Assert.InRange((await saved.Content.ReadAsByteArrayAsync()).Length, Size, int.MaxValue);
        }

        var usage = JsonNode.Parse(await engine.Http.GetStringAsync("/system/df"))!;
        var total = usage["LayersSize"]!.GetValue<long>();
        Assert.All(usage["Images"]!.AsArray(), image => Assert.InRange(image!["Size"]!.GetValue<long>(), 0, total));
    }

    /// <summary>What the store has on the disk.</summary>
    private string[] Content() => [.. ((string[])["images/blobs", "images/partial", "images/staging", "images/records"])
        .SelectMany(f => Directory.GetFiles(Path.Combine(engine.DataRoot, f), "*", SearchOption.AllDirectories))
        .Concat(Directory.GetDirectories(Path.Combine(engine.DataRoot, "layers")))
        .Concat(Directory.GetFileSystemEntries(Path.Combine(engine.DataRoot, "layers/l"))).Order(StringComparer.Ordinal)];
}
