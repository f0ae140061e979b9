using System.Diagnostics;
using System.Text.Json;

namespace Portal.E2E;

/// <summary>The real docker CLI, talking to one engine, with a configuration of its own.</summary>
/// <param name="socket">The engine's.</param>
/// <param name="configuration">Folder of the client's configuration.</param>
/// <param name="program">Which client; null for the usual one.</param>
public sealed class DockerCli(string socket, string configuration, string? program = null)
{
    private static readonly Lazy<Version> s_version = new(() => VersionOf(Usual));

    private readonly Dictionary<string, string> _environment = new() { ["DOCKER_CONFIG"] = configuration, ["DOCKER_HOST"] = $"unix://{socket}" };

    /// <summary>The CLI that drives the tests.</summary>
    public static string Usual => Environment.GetEnvironmentVariable("PORTAL_E2E_DOCKER") is { Length: > 0 } given ? given : "docker";

    /// <summary>Its version: a few tests do by the API what an old one has no option for.</summary>
    public static Version Version => s_version.Value;

    private string Program => program ?? Usual;

    /// <summary>The same with a variable in its environment.</summary>
    public DockerCli With(string name, string value)
    {
        var other = new DockerCli(socket, configuration, program);
        foreach (var (known, set) in _environment)
        {
            other._environment[known] = set;
        }

        other._environment[name] = value;
        return other;
    }

    public Task<CliResult> RunAsync(params string[] arguments) => ChildProcess.RunAsync(Program, arguments, _environment);

    public Task<CliResult> RunWithInputAsync(string input, params string[] arguments) => ChildProcess.RunAsync(Program, arguments, _environment, input);

    public ChildProcess Start(params string[] arguments) => ChildProcess.Start(Program, arguments, _environment);

    /// <summary>On a terminal of its own, made by script(1). Typed at once, before there is a prompt, and ended a moment later.</summary>
    public Task<CliResult> RunOnTerminalAsync(string input, params string[] arguments)
    {
        var command = string.Join(' ', arguments.Prepend(Program).Select(a => $"'{a.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
        return ChildProcess.RunAsync(
            "sh", ["-c", "{ cat; sleep 1; } | exec script --quiet --return --command \"$0\" /dev/null", command], _environment, input);
    }

    /// <summary>Starts a container in the background and returns its full id.</summary>
    public async Task<string> RunDetachedAsync(params string[] arguments) => (await RunAsync(["run", "-d", .. arguments])).Succeeded().Line;

    /// <summary>One value by a Go template.</summary>
    public async Task<string> InspectAsync(string container, string template) =>
        (await RunAsync("container", "inspect", "--format", template, container)).Succeeded().Line;

    public async Task<JsonElement> InspectAsync(string container)
    {
        using var document = JsonDocument.Parse((await RunAsync("container", "inspect", container)).Succeeded().Out);
        return document.RootElement[0].Clone();
    }

    /// <summary>From <c>Docker version 20.10.24+dfsg1, build 297e128</c>.</summary>
    public static Version VersionOf(string program)
    {
        using var process = Process.Start(new ProcessStartInfo(program, ["--version"]) { RedirectStandardOutput = true })!;
        var words = process.StandardOutput.ReadToEnd().Split(' ');
        process.WaitForExit();
        return Version.Parse(words[2].TrimEnd(',').Split('+', '-')[0]);
    }

    public Task UntilAsync(string container, string template, string value) =>
        Patience.UntilAsync($"{template} of {container} is {value}", async () => await InspectAsync(container, template) == value);
}
