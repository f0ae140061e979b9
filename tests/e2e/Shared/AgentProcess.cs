using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;

namespace Portal.E2E;

/// <summary>
/// One agent with roots, socket, bridge, subnet and cgroup of its own, so that neither an installed Portal nor another fixture is
/// disturbed. It has <c>busybox:latest</c>. Disposal takes everything down and fails when a trace is left in the kernel.
/// </summary>
public abstract class AgentProcess : IAsyncLifetime
{
    private readonly string _tag;
    private readonly string _pool;
    private readonly StreamWriter _log;
    private ChildProcess? _process;
    private Task _logging = Task.CompletedTask;

    /// <param name="number">
    /// Tells fixtures apart: bridge and cgroup <c>ptestN</c>, subnet 172.28.N*16.0/20. PORTAL_E2E_SLOT (1 to 60) tells suites apart that
    /// run at the same time.
    /// </param>
    protected AgentProcess(int number)
    {
        var slot = Environment.GetEnvironmentVariable("PORTAL_E2E_SLOT") is { Length: > 0 } digits ? int.Parse(digits, CultureInfo.InvariantCulture) : 0;
        var place = slot == 0 ? "172.28" : $"10.{100 + 2 * slot}";
        _tag = slot == 0 ? $"ptest{number}" : $"ptest{slot}s{number}";
        Subnet = $"{place}.{number * 16}.0/20";
        // Far from those of other fixtures and suites, which look for free subnets at the same time.
        _pool = $"base=10.{101 + 2 * slot}.{number * 16}.0/20,size=26";
        Gateway = $"{place}.{number * 16}.1";
        var parent = Environment.GetEnvironmentVariable("PORTAL_E2E_ROOT") ?? "/var/tmp";
        // Short, because unix socket paths end at 107 bytes; the agent's sockets lie below.
        Root = Path.Combine(parent, $"pe{number}-{Environment.ProcessId}");
        Directory.CreateDirectory(Root);
        _log = new StreamWriter(Path.Combine(Root, "agent.log")) { AutoFlush = true };
        File.WriteAllLines(Path.Combine(Root, "teardown"), RootArguments);
        Docker = new DockerCli(Socket, Path.Combine(Root, "docker"));
        Http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, ct) => new NetworkStream(await ConnectAsync(ct), ownsSocket: true),
        })
        { BaseAddress = new Uri("http://engine"), Timeout = Patience.Seconds(60) };
    }

    public string Root { get; }

    public string RunRoot => Path.Combine(Root, "run");

    public string DataRoot => Path.Combine(Root, "data");

    public string Socket => Path.Combine(RunRoot, "engine.sock");

    /// <summary>The bridge's own address, where containers see the host.</summary>
    public string Gateway { get; }

    /// <summary>Of the bridge, such as <c>172.28.16.0/20</c>.</summary>
    public string Subnet { get; }

    public string Bridge => _tag;

    public DockerCli Docker { get; }

    /// <summary>The Engine API, spoken plainly.</summary>
    public HttpClient Http { get; }

    public int ProcessId => _process!.Id;

    private static string Program =>
        Environment.GetEnvironmentVariable("PORTAL_E2E_AGENT") is { Length: > 0 } given
            ? given
            : Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../Portal.Agent", Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')), "portal-agent"));

    private string[] RootArguments =>
    [
        "--data-root", DataRoot, "--run-root", RunRoot, "--bridge-name", _tag, "--bridge-subnet", Subnet, "--default-address-pool", _pool, "--cgroup-parent", "/" + _tag,
        "--cdi-spec-dir", Path.Combine(Root, "cdi"),
        .. Environment.GetEnvironmentVariable("PORTAL_E2E_OCI_RUNTIME") is { Length: > 0 } runtime ? new[] { "--oci-runtime", runtime } : [],
    ];

    public async ValueTask InitializeAsync()
    {
        await StartAsync();
        var tar = Path.Combine(Root, "busybox.tar");
        (await ChildProcess.RunAsync(Path.Combine(Repository(), "scripts/busybox.sh"), [tar])).Succeeded();
        (await Docker.RunAsync("import", "-c", "CMD [\"sh\"]", tar, "busybox:latest")).Succeeded();
        await ReadyAsync();
    }

    /// <summary>Starts the agent, again after a kill, and waits until it answers.</summary>
    public async Task StartAsync()
    {
        string[] command = [.. Launcher, Program, "--socket", Socket, "--socket-group", SocketGroup, .. RootArguments, .. Options];
        _process = ChildProcess.Start(command[0], command[1..]);
        await File.AppendAllTextAsync(Path.Combine(Root, "pids"), $"{_process.Id} {StartTime(_process.Id)}\n");
        _logging = LogAsync(_process, _log);
        await Patience.UntilAsync($"the agent answers; its log is {Root}/agent.log", async () =>
        {
            if (_process.HasExited) Assert.Fail($"The agent ended while starting: {await _process.LastWordsAsync()} {await LogAsync()}");
            try
            {
                return (await Http.GetAsync("/_ping")).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    /// <summary>As the kernel's out-of-memory killer would: no goodbye.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitAsync();
        await _process.DisposeAsync();
        await _logging;
    }

    /// <summary>As <c>./portal down</c> does: TERM, and it ends by itself.</summary>
    /// <returns>Its exit status.</returns>
    public async Task<int> StopAsync()
    {
        (await ChildProcess.RunAsync("kill", ["-TERM", ProcessId.ToString(CultureInfo.InvariantCulture)])).Succeeded();
        var status = await _process!.WaitAsync();
        await _process.DisposeAsync();
        await _logging;
        return status;
    }

    /// <summary>Runs the agent's program for something else than serving.</summary>
    public Task<CliResult> RunVerbAsync(string verb)
    {
        string[] command = [.. Launcher, Program, verb, .. RootArguments];
        return ChildProcess.RunAsync(command[0], command[1..]);
    }

    /// <summary>One more agent on the same roots, with a socket of its own, to its end.</summary>
    public Task<CliResult> RunAnotherAsync() =>
        ChildProcess.RunAsync(Program, ["--socket", Path.Combine(Root, "other.sock"), "--socket-group", SocketGroup, .. RootArguments, .. Options]);

    /// <summary>A raw connection, for requests that no well-behaved client would send.</summary>
    public async Task<Socket> ConnectAsync(CancellationToken ct = default)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), ct);
        return socket;
    }

    /// <summary>Removes every container.</summary>
    public async Task ClearAsync()
    {
        var left = (await Docker.RunAsync("ps", "-aq", "--no-trunc")).Lines;
        if (left.Length > 0) await Docker.RunAsync(["rm", "-f", "-v", .. left]);
        await Docker.RunAsync("network", "prune", "-f");
    }

    /// <summary>Removes every image that no container has, but the one all tests begin with.</summary>
    public async Task ClearImagesAsync()
    {
        using var images = JsonDocument.Parse(await Http.GetStringAsync("/images/json"));
        foreach (var image in images.RootElement.EnumerateArray())
        {
            string[] names = [.. image.GetProperty("RepoTags").EnumerateArray().Select(tag => tag.GetString()!)];
            foreach (var name in names.Contains("busybox:latest") ? names.Where(name => name != "busybox:latest") : [image.GetProperty("Id").GetString()!])
            {
                using var answer = await Http.DeleteAsync($"/images/{Uri.EscapeDataString(name)}?force=1");
            }
        }
    }

    /// <summary>Removes every volume that no container has, named ones too, for which an old CLI's prune has no option.</summary>
    public async Task ClearVolumesAsync()
    {
        var left = (await Docker.RunAsync("volume", "ls", "-q")).Lines;
        if (left.Length > 0) await Docker.RunAsync(["volume", "rm", .. left]);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await LeaveAsync();
        IReadOnlyList<string> traces = [];
        try
        {
            if (_process is { HasExited: false })
            {
                await ClearAsync();
                await StopAsync();
            }
            var teardown = await RunVerbAsync("teardown");
            traces = await Ledger.TracesAsync(Root, _tag);
            Assert.True(teardown.ExitCode == 0, $"teardown: exit code {teardown.ExitCode}\n{teardown.Out}\n{teardown.Err}");
            Assert.Empty(traces);
        }
        finally
        {
            Http.Dispose();
            await _log.DisposeAsync();
            if (traces.Count == 0) Directory.Delete(Root, recursive: true);
        }
    }

    /// <summary>Starts what else the fixture needs, once the engine has its image.</summary>
    protected virtual Task ReadyAsync() => Task.CompletedTask;

    /// <summary>Ends what <see cref="ReadyAsync"/> started.</summary>
    protected virtual Task LeaveAsync() => Task.CompletedTask;

    /// <summary>Group that may use the socket.</summary>
    protected virtual string SocketGroup => "root";

    /// <summary>A program, with its arguments, that turns into the agent.</summary>
    protected virtual IReadOnlyList<string> Launcher => [];

    /// <summary>Further options of the agent.</summary>
    protected virtual IReadOnlyList<string> Options => [];

    /// <summary>The clone these tests were built from: the nearest parent of the program, or the given one, that holds the solution.</summary>
    public static string Repository()
    {
        if (Environment.GetEnvironmentVariable("PORTAL_E2E_REPOSITORY") is { Length: > 0 } given) return given;
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
            if (File.Exists(Path.Combine(directory, "Portal.sln")))
                return directory;
        for (var directory = Environment.CurrentDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
            if (File.Exists(Path.Combine(directory, "Portal.sln")))
                return directory;
        throw new InvalidOperationException("The repository is not above the tests; name it in PORTAL_E2E_REPOSITORY.");
    }

    /// <summary>Field 22 of proc_pid_stat(5): together with the pid it names one process for ever.</summary>
    protected static string StartTime(int pid) => File.ReadAllText($"/proc/{pid}/stat").Split(") ")[^1].Split(' ')[19];

    /// <summary>Writes down what a program says, until it ends.</summary>
    protected static async Task LogAsync(ChildProcess process, StreamWriter log)
    {
        try
        {
            while (await process.ReadLineAsync(Timeout.InfiniteTimeSpan) is { } line)
                await log.WriteLineAsync(line);
        }
        catch (ObjectDisposedException)
        {
            // The fixture is gone; so is its log.
        }
    }

    /// <summary>What the agent has logged.</summary>
    public Task<string> LogAsync() => ReadAsync(Path.Combine(Root, "agent.log"));

    /// <summary>Reads a log that is written still.</summary>
    protected static async Task<string> ReadAsync(string log)
    {
        using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return await reader.ReadToEndAsync();
    }
}
