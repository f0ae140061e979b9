using Portal.Domain.Access;
using Portal.Domain.Containers;
using Portal.Domain.Hosts;
using Portal.Domain.Primitives;

namespace Portal.TestKit.Fleet;

/// <summary>Objects for tests, whole and plausible; a test names only what it is about.</summary>
public static class Some
{
    /// <summary>The moment tests happen at.</summary>
    public static DateTimeOffset Now { get; } = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    /// <summary>The usual host.</summary>
    public static HostId Host { get; } = new("local");

    /// <summary>May do everything.</summary>
    public static Actor Administrator { get; } = new("u1", "ada", [new(BuiltInRoles.Administrator, Scope.All)]);

    /// <summary>May look only.</summary>
    public static Actor Viewer { get; } = new("u2", "vera", [new(BuiltInRoles.Viewer, Scope.All)]);

    /// <summary>The same id for the same number.</summary>
    public static ContainerId ContainerId(int number) => new(number.ToString("x64", System.Globalization.CultureInfo.InvariantCulture));

    public static HostView HostView(string id = "local", string? name = null, HostState state = HostState.Connected, string? problem = null) =>
        new(new(id), name ?? id, state, Now.AddHours(-3), problem, Facts());

    public static HostFacts Facts() =>
        new("Portal 0.1.0", "Debian GNU/Linux 12 (bookworm)", "6.1.0-32-amd64", "x86_64", 4, 16L << 30, "2", 7);

    public static HostStats HostStats(DateTimeOffset? time = null, double cpu = 12.5, long memory = 6L << 30) =>
        new(time ?? Now, cpu, memory, 16L << 30, 80L << 30, 200L << 30, 0.42);

    public static ContainerView Container(
        int number = 1, string? name = null, ContainerState state = ContainerState.Running, string image = "busybox:latest", string host = "local",
        IReadOnlyList<PortView>? ports = null, DateTimeOffset? created = null) =>
        new(new(host), ContainerId(number), name ?? $"box-{number}", image, state,
            state == ContainerState.Running ? "Up 3 minutes" : state == ContainerState.Exited ? "Exited (0) 2 minutes ago" : state.ToString(),
            created ?? Now.AddMinutes(-number), ports ?? [], new Dictionary<string, string>());

    public static ContainerDetails Details(ContainerView view, IReadOnlyList<string>? environment = null, int? exitCode = null, string? problem = null) =>
        new(view, ["sh", "-c", "while sleep 1; do date; done"], environment ?? ["PATH=/bin:/usr/bin"],
            [new("bind", "/srv/data", "/data", true)], [new("bridge", "172.17.0.2", "172.17.0.1", "02:42:ac:11:00:02")],
            "unless-stopped", 256 << 20, 1.5, Now.AddMinutes(-3), null, exitCode, false, problem);

    public static ContainerStats Stats(int number = 1, DateTimeOffset? time = null, double cpu = 3.5, long memory = 24 << 20) =>
        new(ContainerId(number), time ?? Now, cpu, memory, 256 << 20, 1200, 800, 0, 4096, 3);

    public static LogLine Log(string text, int second = 0, bool error = false) => new(Now.AddSeconds(second), error, text);
}
