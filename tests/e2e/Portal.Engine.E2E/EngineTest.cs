using System.Net;
using System.Text;
using System.Text.Json;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>A test against the shared agent; no container and no image outlives it.</summary>
public abstract class EngineTest(Engine engine) : IAsyncLifetime
{
    protected Engine Engine { get; } = engine;

    protected DockerCli Docker => Engine.Docker;

    protected HttpClient Http => Engine.Http;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Engine.ClearAsync();
        await Engine.ClearImagesAsync();
        await LeaveAsync();
    }

    /// <summary>Takes away what else the test made.</summary>
    protected virtual Task LeaveAsync() => Task.CompletedTask;

    /// <summary>Runs until it is stopped, and lets itself be stopped at once.</summary>
    protected static string[] Sleeper { get; } = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"];

    /// <summary>A container that runs until it is stopped, and lets itself be stopped at once.</summary>
    protected Task<string> RunSleeperAsync(params string[] options) =>
        Docker.RunDetachedAsync([.. options, "busybox", .. Sleeper]);

    /// <summary>Expects an Engine API error: the status, JSON with one member, and these words in it.</summary>
    protected static async Task ExpectErrorAsync(HttpResponseMessage answer, HttpStatusCode status, string words)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(status == answer.StatusCode, $"{(int)answer.StatusCode} {text}");
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        using var document = JsonDocument.Parse(text);
        var member = Assert.Single(document.RootElement.EnumerateObject());
        Assert.Equal("message", member.Name);
        Assert.Contains(words, member.Value.GetString(), StringComparison.Ordinal);
    }

    protected Task<HttpResponseMessage> PostJsonAsync(string path, string json) =>
        Http.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"));

    /// <summary>The kernel's value of a limit of a running container, whichever cgroup version the machine has.</summary>
    protected async Task<string> CgroupValueAsync(string container, string controller, string v1, string v2)
    {
        var lines = await File.ReadAllLinesAsync($"/proc/{await Docker.InspectAsync(container, "{{.State.Pid}}")}/cgroup");
        var group = lines.Select(l => l.Split(':', 3)).FirstOrDefault(l => l[1].Split(',').Contains(controller));
        return group is not null
            ? (await File.ReadAllTextAsync($"/sys/fs/cgroup/{group[1]}{group[2]}/{v1}")).Trim()
            : (await File.ReadAllTextAsync($"/sys/fs/cgroup{lines.Single(l => l.StartsWith("0::", StringComparison.Ordinal))[3..]}/{v2}")).Trim();
    }
}
