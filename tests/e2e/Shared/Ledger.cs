using System.Globalization;
using System.Text.RegularExpressions;

namespace Portal.E2E;

/// <summary>What one agent has put into the kernel, found from outside by its roots and names.</summary>
public static class Ledger
{
    /// <summary>Every trace of an agent, one line each; empty when nothing is left.</summary>
    public static async Task<IReadOnlyList<string>> TracesAsync(string root, string tag)
    {
        var traces = new List<string>();
        traces.AddRange(Mounts(root).Select(m => $"mount {m}"));
        traces.AddRange(Links(tag).Select(l => $"link {l}"));
        traces.AddRange(Cgroups(tag).Select(c => $"cgroup {c}"));
        traces.AddRange(Processes(root).Select(p => $"process {p}"));
        traces.AddRange((await TablesAsync(tag)).Select(t => $"nft {t}"));
        return traces;
    }

    /// <summary>
    /// Everything containers have on a machine, one line each: for comparison of before and after. Content of layers, volumes
    /// and logs is left out; the agent itself as well.
    /// </summary>
    public static async Task<IReadOnlyList<string>> BalanceAsync(string root, string tag, int agent)
    {
        var lines = new List<string>();
        lines.AddRange(Mounts(root).Select(m => $"mount {m}"));
        lines.AddRange(Links(tag).Select(l => $"link {l}"));
        lines.AddRange(Cgroups(tag).SelectMany(Directory.GetDirectories).Select(c => $"cgroup {c}"));
        lines.AddRange(Processes(root).Where(p => p.Split(' ')[0] != agent.ToString(CultureInfo.InvariantCulture)).Select(p => $"process {p}"));
        foreach (var table in await TablesAsync(tag))
        {
            var rules = await ChildProcess.RunAsync("nft", ["list", .. table.Split(' ')]);
            lines.AddRange(Regex.Replace(rules.Out, @"packets \d+ bytes \d+", "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(r => $"{table} {r.Trim()}"));
        }

        foreach (var folder in (string[])["data", "run"])
            AddFiles(Path.Combine(root, folder), lines);
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private static void AddFiles(string folder, List<string> lines)
    {
        foreach (var path in Directory.GetFileSystemEntries(folder))
        {
            lines.Add($"file {path}");
            if (Directory.Exists(path) && !File.GetAttributes(path).HasFlag(FileAttributes.ReparsePoint) && Path.GetFileName(path) is not ("diff" or "_data" or "merged"))
                AddFiles(path, lines);
        }
    }

    public static IEnumerable<string> Mounts(string root) =>
        File.ReadLines("/proc/self/mountinfo").Select(l => l.Split(' ')[4]).Where(m => m.StartsWith(root + "/", StringComparison.Ordinal));

    /// <summary>The default bridge, the links that an agent signed as those of its networks, and every link that has one of them as master.</summary>
    public static IEnumerable<string> Links(string bridge)
    {
        var links = Directory.GetDirectories("/sys/class/net").Select(l => (Name: Path.GetFileName(l)!, Alias: Read(l + "/ifalias"), Master: Master(l))).ToList();
        var own = links.Where(l => l.Name == bridge || l.Alias.StartsWith(bridge + " network ", StringComparison.Ordinal)).Select(l => l.Name).ToHashSet(StringComparer.Ordinal);
        return links.Where(l => own.Contains(l.Name) || own.Contains(l.Master)).Select(l => l.Name);

        static string Master(string link) => Path.Exists(link + "/master") ? Path.GetFileName(Directory.ResolveLinkTarget(link + "/master", true)?.FullName) ?? "" : "";

        static string Read(string file)
        {
            try
            {
                return File.ReadAllText(file).Trim();
            }
            catch (IOException)
            {
                return "";   // it went while we looked
            }
        }
    }

    public static IEnumerable<string> Cgroups(string parent)
    {
        string[] roots = ["/sys/fs/cgroup", .. Directory.GetDirectories("/sys/fs/cgroup")];
        return roots.Select(r => $"{r}/{parent}").Where(Directory.Exists);
    }

    /// <summary>Processes whose command line names the root: conmon, the OCI runtime, the agent.</summary>
    public static IEnumerable<string> Processes(string root)
    {
        foreach (var directory in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), out var id) || id == Environment.ProcessId) continue;
            string[] words;
            try
            {
                words = File.ReadAllText(directory + "/cmdline").Split('\0');
            }
            catch (IOException)
            {
                continue;   // it ended while we looked
            }
            if (words.Any(w => w.StartsWith(root + "/", StringComparison.Ordinal))) yield return $"{id} {string.Join(' ', words)}";
        }
    }

    public static async Task<IReadOnlyList<string>> TablesAsync(string tag) =>
        [.. (await ChildProcess.RunAsync("nft", ["list", "tables"])).Lines.Where(l => l.Split(' ').Last() == tag)];
}
