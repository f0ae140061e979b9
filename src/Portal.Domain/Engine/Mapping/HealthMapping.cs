using Portal.Domain.Containers;
using Portal.Domain.Engine.Models;

namespace Portal.Domain.Engine.Mapping;

/// <summary>Health checks, between the wire and the spec.</summary>
public static class HealthMapping
{
    /// <summary>Shortest time of a health check that is not "not said", as in Docker.</summary>
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);

    public static HealthCheckSpec? Map(HealthcheckConfig? check)
    {
        if (check is null)
        {
            return null;
        }

        if (check.Test is [not ("NONE" or "CMD" or "CMD-SHELL"), ..])
        {
            throw EngineErrors.Invalid("container.health", $"Unknown healthcheck type '{check.Test[0]}' (expected 'CMD')");
        }

        return check.Retries < 0
            ? throw EngineErrors.Invalid("container.health", "Retries in Healthcheck cannot be negative")
            : new(
                check.Test ?? [], Time(check.Interval, "Interval"), Time(check.Timeout, "Timeout"), Time(check.StartPeriod, "StartPeriod"),
                Time(check.StartInterval, "StartInterval"), check.Retries);
    }

    public static HealthcheckConfig? Show(HealthCheckSpec? check) => check is null ? null : new()
    {
        Test = check.Test.Count == 0 ? null : [.. check.Test],
        Interval = Nanoseconds(check.Interval),
        Timeout = Nanoseconds(check.Timeout),
        StartPeriod = Nanoseconds(check.StartPeriod),
        StartInterval = Nanoseconds(check.StartInterval),
        Retries = check.Retries,
    };

    private static TimeSpan Time(long nanoseconds, string field)
    {
        var time = TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
        return nanoseconds == 0 || time >= s_shortest
            ? time
            : throw EngineErrors.Invalid("container.health", $"{field} in Healthcheck cannot be less than 1ms");
    }

    private static long Nanoseconds(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;
}
