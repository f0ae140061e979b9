using Portal.Runtime.Containers;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Exec;

/// <summary>
/// What an agent that was killed leaves of its execs: OCI runtimes that wait for their process, and files. The processes themselves stay:
/// they are the container's, and one that was started detached has work to do.
/// </summary>
internal static class ExecLeftovers
{
    /// <summary>Ends and deletes them. Before anything is run.</summary>
    public static void Sweep(RuntimeOptions options)
    {
        var folder = ExecFiles.Folder(options);
        var files = Directory.GetFiles(folder);
        if (files.Length == 0)
        {
            return;
        }

        foreach (var pid in ProcFile.Pids())
        {
            using var process = IsRuntime(pid, folder) ? PidFd.TryOpen(pid) : null;

            // Once more, now that the number cannot become another process'.
            if (process is not null && IsRuntime(pid, folder))
            {
                process.Signal(SignalName.Kill);
            }
        }

        foreach (var file in files)
        {
            File.Delete(file);
        }
    }

    private static bool IsRuntime(int pid, string folder) =>
        ProcFile.CommandLine(pid) is var words && words.Contains("exec") && Array.Exists(words, word => word.StartsWith(folder + "/", StringComparison.Ordinal));
}
