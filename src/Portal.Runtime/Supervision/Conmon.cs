using System.Runtime.InteropServices;
using System.Text;
using Portal.Domain.Primitives;
using Portal.Runtime.Containers;
using Portal.Runtime.Linux;
using Portal.Runtime.Logs;

namespace Portal.Runtime.Supervision;

/// <summary>Starts a monitor for a container: it makes the container's processes, keeps its stdio, and outlives this process.</summary>
internal sealed class Conmon(RuntimeOptions options, OciRuntime runtime)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60), s_lastWords = TimeSpan.FromSeconds(1);

    /// <summary>Folder of exit records.</summary>
    public string ExitFolder { get; } = options.RunRoot + "/exits";

    /// <summary>Bundle of a container.</summary>
    public BundlePaths Bundle(ContainerId id) => new($"{options.RunRoot}/bundles/{id}");

    /// <summary>Exit record of a container.</summary>
    public string ExitFile(ContainerId id) => $"{ExitFolder}/{id}";

    /// <summary>True when a command line is that of a container's monitor.</summary>
    public bool IsMonitorOf(IReadOnlyList<string> commandLine, ContainerId id) =>
        commandLine.Count > 0 && commandLine[0] == options.ConmonPath && commandLine.Contains(id.Value);

    /// <summary>Starts the monitor, which creates the container up to the point where its process waits.</summary>
    /// <exception cref="ErrorException">The runtime refused; nothing runs any more.</exception>
    /// <returns>The run, and the moment it was made is <see cref="RunRecord.Start"/>.</returns>
    public async Task<ContainerRun> CreateAsync(ContainerSnapshot container)
    {
        var bundle = Bundle(container.Id);
        var command = new ConmonCommand
        {
            Container = container.Id,
            Bundle = bundle,
            LogPath = container.LogPath,
            JournalTag = container.Spec.Log.Driver == LogDrivers.Journald ? LogTag.OfJournal(container) : null,
            Name = container.Name,
            ExitFolder = ExitFolder,
            RuntimePath = runtime.Program(container.Id),
            RuntimeArguments = runtime.GlobalArguments,
            Tty = container.Spec.Tty,
            OpenStdin = container.Spec.OpenStdin,
            StdinOnce = container.Spec.StdinOnce,
        };
        using var sync = Pipe.FromChild();
        var monitor = ChildProcess.Start(new(options.ConmonPath, command.Arguments())
        {
            Environment = ConmonCommand.Environment,
            Descriptors = new Dictionary<int, SafeHandle> { [ConmonCommand.SyncDescriptor] = sync.Theirs },

            // conmon leaves its OOM mark in its working directory as well.
            WorkingDirectory = bundle.Folder,
        });
        sync.Theirs.Dispose();
        try
        {
            var report = await ReadReportAsync(sync.Ours, monitor.Handle.Exited).ConfigureAwait(false);
            if (report.Pid <= 0)
            {
                throw new StartException(StartFailure.OfContainer(Program(container.Effective), report.Message));
            }

            var init = PidFd.TryOpen(report.Pid);
            var start = ProcFile.TryReadStat(report.Pid)?.StartTicks ?? 0;
            var monitorStart = ProcFile.TryReadStat(monitor.Pid)?.StartTicks ?? 0;
            return new(monitor.Handle, init, bundle, new(ProcFile.BootId, monitor.Pid, monitorStart, report.Pid, start));
        }
        catch
        {
            monitor.Handle.Signal(SignalName.Kill);
            monitor.Dispose();
            throw;
        }
    }

    private static string Program(EffectiveProcess process) => process.Entrypoint.Count > 0 ? process.Entrypoint[0] : process.Command[0];

    private static async Task<SyncReport> ReadReportAsync(DescriptorStream pipe, Task monitor)
    {
        using var limit = new CancellationTokenSource(s_limit);

        // Its end closes the pipe only if nothing that it has started holds it as well.
        using var over = new CancellationTokenSource();
        _ = EndAsync();
        var buffer = new byte[32 * 1024];
        var length = 0;
        try
        {
            while (length < buffer.Length && await pipe.ReadAsync(buffer.AsMemory(length), limit.Token).ConfigureAwait(false) is var count and > 0)
            {
                length += count;
                if (buffer.AsSpan(0, length).Contains((byte)'\n'))
                {
                    return SyncReport.Parse(buffer.AsSpan(0, length));
                }
            }

            return length > 0 ? new(-1, Encoding.UTF8.GetString(buffer, 0, length)) : new(-1, "the monitor ended without a word");
        }
        catch (OperationCanceledException)
        {
            return new(-1, monitor.IsCompleted ? "the monitor was killed" : $"the OCI runtime did not answer within {s_limit.TotalSeconds:0} s");
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
        }

        async Task EndAsync()
        {
            try
            {
                await monitor.WaitAsync(over.Token).ConfigureAwait(false);
                await Task.Delay(s_lastWords, over.Token).ConfigureAwait(false);
                await limit.CancelAsync().ConfigureAwait(false);
            }
            catch (Exception ex) when (ex is OperationCanceledException or ObjectDisposedException)
            {
                // It has reported.
            }
        }
    }
}

/// <summary>A start failed, with the exit code to remember.</summary>
internal sealed class StartException(StartFailure failure) : Exception(failure.Error.Message)
{
    public StartFailure Failure => failure;
}
