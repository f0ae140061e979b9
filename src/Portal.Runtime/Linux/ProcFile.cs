using System.Globalization;
using System.Text;

namespace Portal.Runtime.Linux;

/// <summary>What /proc says of a process (proc_pid_stat(5)).</summary>
/// <param name="State">R, S, D, Z, …</param>
/// <param name="ParentPid">Parent.</param>
/// <param name="Session">Session.</param>
/// <param name="StartTicks">Clock ticks between boot and its start: with the pid the identity of a process within a boot.</param>
internal readonly record struct ProcessStat(char State, int ParentPid, int Session, ulong StartTicks);

/// <summary>Reads /proc.</summary>
internal static class ProcFile
{
    /// <summary>Ticks a second of every Linux ABI (USER_HZ).</summary>
    private const long UserHz = 100;

    /// <summary>Changes with every boot.</summary>
    public static string BootId { get; } = ReadBootId();

    /// <summary>Reads /proc/pid/stat; null when there is no such process.</summary>
    public static ProcessStat? TryReadStat(int pid, string procRoot = "/proc")
    {
        try
        {
            return ParseStat(File.ReadAllText($"{procRoot}/{pid}/stat"));
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>True when there is no such process, or only what its parent has not collected yet.</summary>
    public static bool HasEnded(int pid, string procRoot = "/proc") => TryReadStat(pid, procRoot) is null or { State: 'Z' or 'X' };

    /// <summary>Parses a stat line. The name in parentheses may hold anything, so fields count from the last one.</summary>
    public static ProcessStat? ParseStat(string text)
    {
        var end = text.LastIndexOf(')');
        if (end < 0)
        {
            return null;
        }

        var fields = text[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19
            && int.TryParse(fields[1], CultureInfo.InvariantCulture, out var parent)
            && int.TryParse(fields[3], CultureInfo.InvariantCulture, out var session)
            && ulong.TryParse(fields[19], CultureInfo.InvariantCulture, out var start)
            ? new(fields[0][0], parent, session, start)
            : null;
    }

    /// <summary>When a process with these start ticks began.</summary>
    public static DateTimeOffset StartTime(ulong startTicks, DateTimeOffset now)
    {
        var uptime = double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture);
        return now - TimeSpan.FromSeconds(uptime) + TimeSpan.FromSeconds((double)startTicks / UserHz);
    }

    /// <summary>Arguments of a process; empty when there is none.</summary>
    public static string[] CommandLine(int pid)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/cmdline")).TrimEnd('\0').Split('\0');
        }
        catch (IOException)
        {
            return [];
        }
        catch (UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Numbers of all processes.</summary>
    public static IEnumerable<int> Pids()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), CultureInfo.InvariantCulture, out var pid))
            {
                yield return pid;
            }
        }
    }

    private static string ReadBootId()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }
}
