using System.Text;
using System.Text.Json.Nodes;
using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>
/// Containers with mounts in words that only newer CLIs know (<c>bind-recursive</c>, <c>volume-subpath</c>, <c>image-subpath</c>,
/// <c>type=image</c>). For an older CLI they are made over the API; the rest is the CLI's in any case.
/// </summary>
internal static class Mounted
{
    /// <summary>As <c>docker run --rm</c>.</summary>
    public static async Task<CliResult> RunAsync(AgentProcess engine, string mount, params string[] command)
    {
        if (CliKnows) return await engine.Docker.RunAsync(["run", "--rm", "--mount", mount, "busybox", .. command]);
        var created = await CreateAsync(engine, [mount], command: command);
        if (created.ExitCode != 0) return created;
        var run = await engine.Docker.RunAsync("start", "-a", created.Line);
        (await engine.Docker.RunAsync("rm", "-f", created.Line)).Succeeded();
        return run;
    }

    /// <summary>As <c>docker run -d</c>.</summary>
    public static async Task<string> RunDetachedAsync(AgentProcess engine, string[] mounts, string[] binds, params string[] command)
    {
        var id = (await CreateAsync(engine, mounts, binds, command: command)).Succeeded().Line;
        (await engine.Docker.RunAsync("start", id)).Succeeded();
        return id;
    }

    /// <summary>As <c>docker create</c>.</summary>
    public static async Task<CliResult> CreateAsync(AgentProcess engine, string[] mounts, string[]? binds = null, string? name = null, params string[] command)
    {
        if (CliKnows)
            return await engine.Docker.RunAsync(
                ["create", .. Options("--name", name is null ? [] : [name]), .. Options("-v", binds ?? []), .. Options("--mount", mounts), "busybox", .. command]);
        var body = new JsonObject
        {
            ["Image"] = "busybox",
            ["Cmd"] = Words(command),
            ["HostConfig"] = new JsonObject { ["Binds"] = Words(binds ?? []), ["Mounts"] = new JsonArray([.. mounts.Select(Parse)]) },
        };
        using var answer = await engine.Http.PostAsync(
            $"/v1.51/containers/create?name={name}", new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"));
        var told = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        return answer.IsSuccessStatusCode ? new(0, (string)told["Id"]!, "") : new(125, "", (string)told["message"]!);
    }

    /// <summary>The last of these words came with 28.</summary>
    private static bool CliKnows => DockerCli.Version.Major >= 28;

    private static IEnumerable<string> Options(string option, string[] values) => values.SelectMany(value => new[] { option, value });

    private static JsonArray Words(string[] words) => [.. words.Select(word => (JsonNode?)word)];

    /// <summary>The value of <c>--mount</c> as the CLI would put it on the wire.</summary>
    private static JsonNode Parse(string option)
    {
        var mount = new JsonObject();
        foreach (var field in option.Split(','))
        {
            var (key, value) = field.Split('=', 2) is [var k, var v] ? (k, v) : (field, "");
            (string Group, string Name, JsonNode Value) told = (key, value) switch
            {
                ("type", _) => ("", "Type", value),
                ("src", _) => ("", "Source", value),
                ("dst", _) => ("", "Target", value),
                ("readonly", "") => ("", "ReadOnly", true),
                ("volume-subpath", _) => ("VolumeOptions", "Subpath", value),
                ("image-subpath", _) => ("ImageOptions", "Subpath", value),
                ("bind-propagation", _) => ("BindOptions", "Propagation", value),
                ("bind-recursive", "disabled") => ("BindOptions", "NonRecursive", true),
                ("bind-recursive", "writable") => ("BindOptions", "ReadOnlyNonRecursive", true),
                ("bind-recursive", "readonly") => ("BindOptions", "ReadOnlyForceRecursive", true),
                _ => throw new ArgumentException($"'{field}' is no part of a mount."),
            };
            var place = told.Group.Length == 0 ? mount : (JsonObject)(mount[told.Group] ??= new JsonObject());
            place[told.Name] = told.Value;
        }
        return mount;
    }
}
