using Portal.Domain.Primitives;
using Portal.Runtime;
using Portal.Runtime.Linux;
using Portal.Runtime.Logs;
using Portal.Runtime.Oci;
using Portal.Runtime.UserNamespaces;

namespace Portal.Agent.Node;

/// <summary>What the process does once its command line is understood. Results are exit statuses.</summary>
internal static class Commands
{
    /// <summary>Runs the agent until it is told to end.</summary>
    public static async Task<int> RunAsync(NodeOptions options)
    {
        if (Missing(options) is { Count: > 0 } missing)
        {
            return Refuse([.. missing]);
        }

        using var held = DataRootLock.TryTake(options.Runtime.DataRoot);
        if (held is null)
        {
            return Refuse($"{options.Runtime.DataRoot} is already in use by another agent");
        }

        KeepThreadsFree();
        try
        {
            await UserRemapSetting.ApplyAsync(options.Runtime);
        }
        catch (ErrorException e)
        {
            return Refuse($"--userns-remap: {e.Message}");
        }

        if (EngineSocket.Prepare(options.Socket) is { } obstacle)
        {
            return Refuse($"--socket: {obstacle}");
        }

        await using var app = NodeHost.Build(options);
        var log = app.Services.GetRequiredService<ILogger<NodeOptions>>();
        await app.StartAsync();
        EngineSocket.Open(options, log);
        log.Ready(AgentVersion.Number, options.Socket, options.Runtime.DataRoot);
        await app.WaitForShutdownAsync();
        log.Ending();
        return 0;
    }

    /// <summary>Stops all containers of the data root because the machine goes down.</summary>
    public static Task<int> HaltAsync(NodeOptions options) => EndAsync<NodeHalt>(options, halt => halt.RunAsync(CancellationToken.None), _ => Task.FromResult(true));

    /// <summary>Stops all containers of the data root and takes away what they and the agent left on the machine.</summary>
    public static Task<int> TeardownAsync(NodeOptions options) =>
        EndAsync<NodeTeardown>(options, teardown => teardown.RunAsync(CancellationToken.None), teardown => teardown.RemoveRunRootAsync());

    /// <summary>Whatever the disk and the kernel keep waiting, there are threads for what is answered at once. The pool makes them when they are needed.</summary>
    private static void KeepThreadsFree()
    {
        ThreadPool.GetMinThreads(out var workers, out var ports);
        _ = ThreadPool.SetMinThreads(Math.Max(workers, RuntimeModule.BlockedThreads + Environment.ProcessorCount + 2), ports);
    }

    /// <summary>Runs what ends containers, on a runtime that serves nobody and starts nothing.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="end">What is to be done; false when not all of it could be.</param>
    /// <param name="after">The same, once the runtime has let go of its files.</param>
    private static async Task<int> EndAsync<T>(NodeOptions options, Func<T, Task<bool>> end, Func<T, Task<bool>> after)
        where T : class
    {
        using var held = DataRootLock.TryTake(options.Runtime.DataRoot);
        if (held is null)
        {
            return Refuse($"an agent is running on {options.Runtime.DataRoot}: stop it first");
        }

        options.Runtime.StartsContainers = false;
        var builder = NodeHost.CreateBuilder(options);
        builder.WebHost.UseServer(new NoServer());
        builder.Services.AddSingleton<NodeHalt>().AddSingleton<NodeTeardown>();
        await using var app = builder.Build();
        await app.StartAsync();
        var command = app.Services.GetRequiredService<T>();
        var good = await end(command);
        await app.StopAsync();
        return await after(command) && good ? 0 : 1;
    }

    private static List<string> Missing(NodeOptions options)
    {
        var missing = new List<string>();
        if (!File.Exists(options.Runtime.OciRuntimePath))
        {
            missing.Add($"--oci-runtime: there is no {options.Runtime.OciRuntimePath} (install crun)");
        }

        foreach (var (name, path) in options.Runtime.Runtimes)
        {
            if (!File.Exists(path))
            {
                missing.Add($"--runtime: there is no {path} to be the OCI runtime {name}");
            }
        }

        var runtimes = new OciRuntimes(options.Runtime);
        if (!runtimes.Paths.ContainsKey(runtimes.Default))
        {
            missing.Add($"--default-runtime: there is no OCI runtime {runtimes.Default}, only {string.Join(", ", runtimes.Paths.Keys)}");
        }

        if (!File.Exists(options.Runtime.ConmonPath))
        {
            missing.Add($"--conmon: there is no {options.Runtime.ConmonPath} (install conmon)");
        }

        if (options.SocketGroup is { } group && !FileOwnership.GroupExists(group))
        {
            missing.Add($"--socket-group: there is no group {group}");
        }

        if (LogDrivers.Absence(options.Runtime.Log) is { } absence)
        {
            missing.Add($"--log-driver: {absence}");
        }

        return missing;
    }

    private static int Refuse(params ReadOnlySpan<string> reasons)
    {
        foreach (var reason in reasons)
        {
            Console.Error.WriteLine("portal-agent: " + reason);
        }

        return 1;
    }
}
