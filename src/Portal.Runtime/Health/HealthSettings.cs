using Portal.Domain.Containers;
using Portal.Runtime.Containers;

namespace Portal.Runtime.Health;

/// <summary>A container's health check with every default filled in.</summary>
/// <param name="Command">Program and arguments; empty when the check has none, which fails every probe.</param>
/// <param name="Interval">Between the end of a probe and the next.</param>
/// <param name="Timeout">After which a running probe has failed.</param>
/// <param name="StartPeriod">In which failures do not count, until the first success.</param>
/// <param name="StartInterval">Between probes in the start period.</param>
/// <param name="Retries">Failures in a row that make a container unhealthy.</param>
internal sealed record HealthSettings(
    IReadOnlyList<string> Command, TimeSpan Interval, TimeSpan Timeout, TimeSpan StartPeriod, TimeSpan StartInterval, int Retries)
{
    // Longer than any machine runs between two restarts; timers take no more than 49 days.
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(30);
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(30), s_timeout = TimeSpan.FromSeconds(30), s_startInterval = TimeSpan.FromSeconds(5);
    private const int DefaultRetries = 3;

    /// <summary>The check of a process; null when it has none.</summary>
    public static HealthSettings? Of(EffectiveProcess process) => process.HealthCheck is not { Test: { Count: > 0 } test } check || test[0] == "NONE" ? null : new(
        Arguments(check, process.Shell),
        Time(check.Interval, s_interval), Time(check.Timeout, s_timeout), Time(check.StartPeriod, TimeSpan.Zero), Time(check.StartInterval, s_startInterval),
        check.Retries > 0 ? check.Retries : DefaultRetries);

    private static List<string> Arguments(HealthCheckSpec check, IReadOnlyList<string>? shell)
    {
        var arguments = check.Test.Skip(1).ToList();
        if (check.Test[0] == "CMD-SHELL" && arguments.Count > 0)
        {
            arguments.InsertRange(0, shell is { Count: > 0 } ? shell : ["/bin/sh", "-c"]);
        }

        return arguments;
    }

    private static TimeSpan Time(TimeSpan asked, TimeSpan otherwise) => asked <= TimeSpan.Zero ? otherwise : asked < s_longest ? asked : s_longest;
}
