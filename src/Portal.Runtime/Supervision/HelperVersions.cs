using Microsoft.Extensions.Logging;
using Portal.Runtime.Oci;

namespace Portal.Runtime.Supervision;

/// <summary>How old the programs that run containers are. They are the distribution's, and change without the agent.</summary>
/// <param name="options">Where they are.</param>
/// <param name="runtimes">OCI runtimes by name.</param>
/// <param name="log">For those that are too old.</param>
internal sealed partial class HelperVersions(RuntimeOptions options, OciRuntimes runtimes, ILogger<HelperVersions> log)
{
    // What is older has not been tried; up to there the engine makes up for what later versions have put right.
    private static readonly Dictionary<string, Version> s_floors = new() { ["crun"] = new(1, 8), ["conmon"] = new(2, 1, 2) };

    /// <summary>What is too old, a sentence each.</summary>
    public IReadOnlyList<string> Complaints { get; private set; } = [];

    /// <summary>At the start of the agent: asks them, and says what is too old.</summary>
    public async Task ReadAsync(CancellationToken ct)
    {
        string[] programs = [runtimes.Paths[runtimes.Default], options.ConmonPath];
        var versions = await Task.WhenAll(programs.Select(program => ProgramVersions.ReadAsync(program, ct))).ConfigureAwait(false);
        Complaints = [.. versions.Select(Complaint).OfType<string>()];
        foreach (var complaint in Complaints)
        {
            LogTooOld(complaint);
        }
    }

    /// <summary>Judges a version. Null for one that is new enough, or not known.</summary>
    internal static string? Complaint(ProgramVersion program)
    {
        if (!s_floors.TryGetValue(program.Name, out var floor))
        {
            return null;
        }

        // "1.14.1-dirty", "1.8+ds1": what follows the numbers is the packager's.
        return Version.TryParse(string.Concat(program.Version.TakeWhile(c => char.IsAsciiDigit(c) || c == '.')), out var version) && version < floor
            ? $"{program.Name} {program.Version} is older than {floor}, the oldest that containers have been tried with; install a newer one"
            : null;
    }

    [LoggerMessage(3420, LogLevel.Warning, "{Complaint}.")]
    private partial void LogTooOld(string complaint);
}
