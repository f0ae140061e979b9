namespace Portal.E2E;

/// <summary>Programs of this machine: on PATH, then where distributions keep those of the administrator.</summary>
public static class Installed
{
    private static readonly string[] s_more = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"];

    private static readonly Lazy<string?> s_buildKitDocker = new(() => All("docker").FirstOrDefault(program => DockerCli.VersionOf(program) is { Major: 20, Minor: 10 }));

    /// <summary>A docker CLI that speaks BuildKit without a plugin; null when there is none.</summary>
    public static string? BuildKitDocker => s_buildKitDocker.Value;

    /// <summary>Where a program is; null when it is not installed.</summary>
    public static string? Find(string program) => All(program) is [var first, ..] ? first : null;

    /// <summary>Every place of a program, links followed, the one that a shell takes first.</summary>
    public static IReadOnlyList<string> All(string program) =>
    [
        .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Concat(s_more)
            .Select(folder => new FileInfo(Path.Combine(folder, program))).Where(file => file.Exists).Select(file => file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file.FullName).Distinct(),
    ];
}
