using System.Formats.Tar;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>An agent to be sent nonsense.</summary>
public sealed class FuzzedEngine() : AgentProcess(15)
{
    // No nonsense leaves this machine.
    protected override IReadOnlyList<string> Options => ["--https-proxy", "http://127.0.0.1:1", "--http-proxy", "http://127.0.0.1:1"];
}

/// <summary>
/// Every route, with bodies and queries that are nearly right. PORTAL_FUZZ_REQUESTS says how many (300), PORTAL_FUZZ_SEED which (1).
/// </summary>
public sealed class FuzzTests(FuzzedEngine engine) : IClassFixture<FuzzedEngine>
{
    // What the kernel, the OCI runtime, a full disk or the holder of a port says no to, and registries that are not there, as with Docker.
    private static readonly string[] s_documented = ["failed to create task for container: ", "failed to set up container networking: ", "no space left on device", "dial tcp: "];

    // Nothing of ours belongs into an answer.
    private static readonly string[] s_secrets = ["   at ", "System.", "Portal.", "Exception"];

    private readonly List<string> _execs = [], _failures = [];

    [Fact]
    public async Task Requests_ThatAreNearlyRight_AreAnsweredAndLeaveNothing()
    {
        var (count, seed) = (Setting("PORTAL_FUZZ_REQUESTS", 300), Setting("PORTAL_FUZZ_SEED", 1));
        await engine.Docker.RunDetachedAsync("--name", FuzzedRequest.Keeper, "--network", "none", "busybox", "sleep", "360000");
        var archive = await ArchiveAsync();

        // What is loaded and kept for good is so after the first.
        await RunAsync(seed + 1, Math.Min(count, 60), archive);
        await ResetAsync();
        var balance = await Ledger.BalanceAsync(engine.Root, engine.Bridge, engine.ProcessId);
        var before = Use();

        await RunAsync(seed, count, archive);
        Assert.True(_failures.Count == 0, string.Join("\n\n", _failures));
        Assert.Empty(Unexpected());

        await ResetAsync();
        await Patience.UntilNothingAsync("of the requests", async () => (await Ledger.BalanceAsync(engine.Root, engine.Bridge, engine.ProcessId)).Except(balance));
        await Patience.UntilAsync("files and threads are as before", () => Use() is var now && now.Files <= before.Files + 10 && now.Threads <= before.Threads + 10, Patience.Seconds(60));
        Assert.True(Use().Memory < before.Memory + (64 << 20), $"{before.Memory} bytes became {Use().Memory}");
    }

    private async Task RunAsync(int seed, int count, byte[] archive)
    {
        for (var number = 0; number < count; number++)
        {
            var request = FuzzedRequest.Make(seed, number, _execs, archive);
            await TryAsync(request, $"seed {seed}, number {number}: {request}");
            if (number % 250 == 249)
            {
                await ResetAsync();
            }

            if (number % 25 == 0)
            {
                // There is always something to be right about.
                foreach (var name in (string[])["own1", "own2", "own3"])
                {
                    using var made = await engine.Http.PostAsync($"/containers/create?name={name}", new StringContent("""{"Image":"busybox","Cmd":["sleep","9"],"HostConfig":{"NetworkMode":"none"}}""", Encoding.UTF8, "application/json"));
                }

                using var started = await engine.Http.PostAsync("/containers/own1/start", null);
            }
        }
    }

    private async Task TryAsync(FuzzedRequest request, string title)
    {
        using var limit = new CancellationTokenSource(Patience.Seconds(30));
        using var message = request.ToMessage();
        HttpResponseMessage answer;
        try
        {
            answer = await engine.Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            Fail($"{title}\n{e.Message}");
            return;
        }

        using (answer)
        {
            var status = (int)answer.StatusCode;
            if (status < 400)
            {
                if (answer.StatusCode == HttpStatusCode.Created && request.Target.Contains("/containers/", StringComparison.Ordinal))
                {
                    await FollowAsync(request, await answer.Content.ReadAsStringAsync(limit.Token), title);
                }

                // The rest may go on for ever.
                return;
            }

            var text = await answer.Content.ReadAsStringAsync(limit.Token);
            if (request.Method != "HEAD" && text.Length > 0)
            {
                using var error = JsonDocument.Parse(text);
                text = error.RootElement.GetProperty("message").GetString()!;
            }

            if (!(status is < 500 or 501 or 503 || s_documented.Any(words => text.Contains(words, StringComparison.OrdinalIgnoreCase))) || s_secrets.Any(words => text.Contains(words, StringComparison.Ordinal)))
            {
                Fail($"{title}\n{status} {text}");
            }
        }
    }

    /// <summary>What was made is used: an exec sooner or later, a container at once.</summary>
    private async Task FollowAsync(FuzzedRequest request, string answer, string title)
    {
        using var made = JsonDocument.Parse(answer);
        var id = made.RootElement.GetProperty("Id").GetString()!;
        if (request.Target.Contains("/create", StringComparison.Ordinal))
        {
            await TryAsync(new("POST", $"/containers/{id}/start", null, null), title);
        }
        else
        {
            _execs.Add(id);
        }
    }

    private void Fail(string what)
    {
        _failures.Add(what);
        Assert.True(_failures.Count < 100, string.Join("\n\n", _failures));
    }

    /// <summary>Takes away all but the keeper, and sees that the agent answers.</summary>
    private async Task ResetAsync()
    {
        _execs.Clear();
        var ids = (await engine.Docker.RunAsync("ps", "-aq", "--no-trunc")).Succeeded().Lines;
        var keeper = await engine.Docker.InspectAsync(FuzzedRequest.Keeper, "{{.Id}}");
        string[] others = [.. ids.Where(id => id != keeper)];
        if (others.Length > 0)
        {
            (await engine.Docker.RunAsync(["rm", "-f", "-v", .. others])).Succeeded();
        }

        await engine.ClearVolumesAsync();
        var images = (await engine.Docker.RunAsync("images", "-q", "--no-trunc")).Succeeded().Lines.Distinct().Where(id => id != engine.Docker.InspectAsync(FuzzedRequest.Keeper, "{{.Image}}").Result);
        foreach (var image in images)
        {
            (await engine.Docker.RunAsync("rmi", "-f", image)).Succeeded();
        }

        foreach (var tag in (await engine.Docker.RunAsync("images", "--format", "{{.Repository}}:{{.Tag}}")).Lines.Where(tag => tag != "busybox:latest"))
        {
            (await engine.Docker.RunAsync("rmi", tag)).Succeeded();
        }

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        Assert.Equal("OK", await engine.Http.GetStringAsync("/_ping", deadline.Token));
    }

    private (int Files, int Threads, long Memory) Use()
    {
        var status = File.ReadAllLines($"/proc/{engine.ProcessId}/status");
        // Assemblies stay open once they are loaded, where they are files.
        var files = Directory.GetFiles($"/proc/{engine.ProcessId}/fd").Count(file => new FileInfo(file).LinkTarget?.EndsWith(".dll", StringComparison.Ordinal) != true);
        return (files, (int)Number("Threads:"), Number("VmRSS:") * 1024);

        long Number(string name) => long.Parse(status.First(line => line.StartsWith(name, StringComparison.Ordinal)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    /// <summary>What the agent did not expect.</summary>
    private IEnumerable<string> Unexpected()
    {
        using var reader = new StreamReader(new FileStream(Path.Combine(engine.Root, "agent.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. reader.ReadToEnd().Split('\n').Where(line => line.Contains(" error ", StringComparison.Ordinal) && !line.Contains("No space left", StringComparison.Ordinal))];
    }

    private static async Task<byte[]> ArchiveAsync()
    {
        using var archive = new MemoryStream();
        await using (var writer = new TarWriter(archive, leaveOpen: true))
        {
            await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.Directory, "folder/"));
            await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "folder/file") { DataStream = new MemoryStream(Encoding.ASCII.GetBytes(new string('x', 1000))) });
            await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.SymbolicLink, "folder/link") { LinkName = "../../../etc/passwd" });
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.HardLink, "hard") { LinkName = "folder/file" });
        }

        return archive.ToArray();
    }

    private static int Setting(string name, int usual) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : usual;
}
