using Portal.E2E;

namespace Portal.Engine.E2E;

/// <summary>A client of compose files, with one project on one engine.</summary>
/// <param name="client">What is typed: <c>docker-compose</c>, or <c>docker compose</c> where the CLI has it as a plugin.</param>
/// <param name="engine">The engine.</param>
/// <param name="folder">Where the compose file is; the project has its name.</param>
/// <param name="variables">Of the compose file.</param>
public sealed class ComposeCli(string client, AgentProcess engine, string folder, IReadOnlyDictionary<string, string> variables)
{
    private readonly string[] _command = client.Split(' ');

    private readonly Dictionary<string, string> _environment = new(variables)
    {
        ["DOCKER_HOST"] = $"unix://{engine.Socket}",
        ["DOCKER_CONFIG"] = Path.Combine(engine.Root, "docker"),

        // Whoever builds by itself needs no program for it.
        ["COMPOSE_DOCKER_CLI_BUILD"] = "0",
    };

    /// <summary>False where it is not installed.</summary>
    public async Task<bool> IsThereAsync()
    {
        try
        {
            return (await ChildProcess.RunAsync(_command[0], [.. _command[1..], "version"])).ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    public Task<CliResult> RunAsync(params string[] arguments) =>
        ChildProcess.RunAsync(_command[0], [.. _command[1..], "--ansi", "never", "--file", Path.Combine(folder, "docker-compose.yml"), .. arguments], _environment);

    /// <summary>Runs a shell's script in the first container of a service.</summary>
    public Task<CliResult> ExecAsync(string service, string script) => RunAsync("exec", "-T", service, "sh", "-c", script);

    /// <summary>Full ids of the containers of services; of all without any.</summary>
    public async Task<string[]> IdsAsync(params string[] services) => (await RunAsync(["ps", "-q", .. services])).Succeeded().Lines;
}
