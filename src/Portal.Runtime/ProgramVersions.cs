using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Portal.Runtime.Linux;
using Portal.Runtime.Supervision;

namespace Portal.Runtime;

/// <summary>A program that the runtime starts.</summary>
/// <param name="Name">Name of its file.</param>
/// <param name="Version">For instance <c>1.8.1</c>; empty when it does not say.</param>
/// <param name="Commit">Of its source; empty when it does not say.</param>
public sealed record ProgramVersion(string Name, string Version, string Commit);

/// <summary>The programs that the runtime starts.</summary>
/// <param name="OciRuntime">Runs containers which name no other.</param>
/// <param name="Monitor">Stays beside each.</param>
/// <param name="Init">First process of those that want one; null where none is installed.</param>
public sealed record RuntimePrograms(ProgramVersion OciRuntime, ProgramVersion Monitor, ProgramVersion? Init);

/// <summary>Asks programs for their version, once per file.</summary>
internal static class ProgramVersions
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    private static readonly ConcurrentDictionary<(string Path, DateTime Written), ProgramVersion> s_known = new();

    /// <summary>What <c>--version</c> says.</summary>
    public static async Task<ProgramVersion> ReadAsync(string path, CancellationToken ct)
    {
        // Another file at the same place is another version.
        var key = (path, File.GetLastWriteTimeUtc(path));
        if (!s_known.TryGetValue(key, out var known))
        {
            known = Parse(Path.GetFileName(path), await AskAsync(path, ct).ConfigureAwait(false));
            if (known.Version.Length > 0)
            {
                _ = s_known.TryAdd(key, known);
            }
        }

        return known;
    }

    /// <summary>Reads <c>crun version 1.8.1</c> and <c>commit: f8a0…</c>, each in a line. Pure.</summary>
    public static ProgramVersion Parse(string name, string text)
    {
        const string Before = " version ";
        var (version, commit) = ("", "");
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries))
        {
            if (version.Length == 0 && line.IndexOf(Before, StringComparison.Ordinal) is var at and > 0)
            {
                version = line[(at + Before.Length)..].Split(' ')[0];
            }
            else if (line.StartsWith("commit:", StringComparison.Ordinal))
            {
                commit = line["commit:".Length..].Trim();
            }
        }

        return new(name, version, commit == "unknown" ? "" : commit);
    }

    /// <summary>What a program says of itself; empty when it cannot be started, fails, or takes too long.</summary>
    private static async Task<string> AskAsync(string path, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(s_limit);
        try
        {
            using var output = Pipe.FromChild();
            using var child = ChildProcess.Start(new(path, ["--version"]) { Descriptors = new Dictionary<int, SafeHandle> { [1] = output.Theirs } });
            output.Theirs.Dispose();
            try
            {
                var text = await OciRuntime.ReadAsync(output.Ours, limit.Token).ConfigureAwait(false);
                return await child.WaitAsync(limit.Token).ConfigureAwait(false) == 0 ? text : "";
            }
            catch (OperationCanceledException)
            {
                child.Handle.Signal(Containers.SignalName.Kill);
                ct.ThrowIfCancellationRequested();
                return "";
            }
        }
        catch (IOException)
        {
            return "";
        }
    }
}
