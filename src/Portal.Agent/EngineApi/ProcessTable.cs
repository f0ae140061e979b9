using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Portal.Domain.Engine;
using Portal.Domain.Engine.Models;
using Portal.Domain.Primitives;

namespace Portal.Agent.EngineApi;

/// <summary>What the host's ps says of the processes of one container.</summary>
internal static class ProcessTable
{
    /// <summary>Runs ps and keeps the rows of the container whose first process is <paramref name="pid"/>.</summary>
    public static async Task<ContainerTopResponse> ReadAsync(int pid, string arguments, CancellationToken ct)
    {
        var members = Members(pid);
        return Filter(await RunAsync(arguments, ct), members);
    }

    /// <summary>Keeps the title and the rows whose PID is in the set. The last column takes the rest of the line.</summary>
    public static ContainerTopResponse Filter(string output, IReadOnlySet<int> members)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var titles = lines.Length == 0 ? [] : lines[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var column = Array.IndexOf(titles, "PID");
        if (column < 0)
        {
            throw EngineErrors.Invalid("container.top", "Couldn't find PID field in ps output");
        }

        var response = new ContainerTopResponse { Titles = [.. titles] };
        foreach (var line in lines.Skip(1))
        {
            var fields = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length < titles.Length || !int.TryParse(fields[column], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || !members.Contains(pid))
            {
                continue;
            }

            response.Processes.Add([.. fields[..(titles.Length - 1)], string.Join(' ', fields[(titles.Length - 1)..])]);
        }

        return response;
    }

    private static async Task<string> RunAsync(string arguments, CancellationToken ct)
    {
        var start = new ProcessStartInfo("ps") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            using var ps = Process.Start(start)!;
            var errors = ps.StandardError.ReadToEndAsync(ct);
            var output = await ps.StandardOutput.ReadToEndAsync(ct);
            await ps.WaitForExitAsync(ct);
            return ps.ExitCode == 0 ? output : throw EngineErrors.Invalid("container.top", $"error running ps: {(await errors).Trim()}");
        }
        catch (Win32Exception e)
        {
            throw new ErrorException(ErrorKind.NotImplemented, "container.top", "this host has no ps program (install procps)", e);
        }
    }

    /// <summary>The container's processes: those in the cgroup of its first one, and below.</summary>
    private static HashSet<int> Members(int pid)
    {
        var members = new HashSet<int> { pid };
        try
        {
            if (CgroupOf(pid) is { } root && Directory.Exists(root))
            {
                foreach (var file in Directory.EnumerateFiles(root, "cgroup.procs", SearchOption.AllDirectories))
                {
                    members.UnionWith(File.ReadLines(file).Select(line => int.Parse(line, CultureInfo.InvariantCulture)));
                }
            }
        }
        catch (IOException)
        {
            // Ended meanwhile.
        }

        return members;
    }

    private static string? CgroupOf(int pid)
    {
        foreach (var line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cgroup")))
        {
            var parts = line.Split(':', 3);
            if (parts[1].Length == 0 && File.Exists("/sys/fs/cgroup/cgroup.controllers"))
            {
                return "/sys/fs/cgroup" + parts[2];
            }

            if (parts[1].Split(',').Contains("pids"))
            {
                return "/sys/fs/cgroup/pids" + parts[2];
            }
        }

        return null;
    }
}
