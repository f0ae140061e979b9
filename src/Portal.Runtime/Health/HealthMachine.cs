using Portal.Runtime.Containers;

namespace Portal.Runtime.Health;

/// <summary>What probes make of a container's health, and when the next one is due. Pure; Docker's rules.</summary>
internal static class HealthMachine
{
    /// <summary>Probes that are remembered.</summary>
    public const int LogLength = 5;

    /// <summary>At the start of a run; the log of earlier runs stays.</summary>
    public static ContainerHealth Started(ContainerHealth? before) => new(HealthStatus.Starting, 0, before?.Log ?? []);

    /// <summary>While nobody probes (paused, ended): nothing is known, and Docker says unhealthy then.</summary>
    public static ContainerHealth? Stopped(ContainerHealth? before) => before is null ? null : before with { Status = HealthStatus.Unhealthy };

    /// <summary>After a probe.</summary>
    /// <param name="health">Before it.</param>
    /// <param name="probe">What it found.</param>
    /// <param name="settings">The check.</param>
    /// <param name="ran">How long the container had run when the probe began.</param>
    public static ContainerHealth Observe(ContainerHealth health, HealthProbe probe, HealthSettings settings, TimeSpan ran)
    {
        IReadOnlyList<HealthProbe> log = [.. health.Log.TakeLast(LogLength - 1), probe];
        if (probe.ExitCode == 0)
        {
            return new(HealthStatus.Healthy, 0, log);
        }

        if (health.Status == HealthStatus.Starting && ran < settings.StartPeriod)
        {
            return health with { Log = log };
        }

        var streak = health.FailingStreak + 1;
        return new(streak >= settings.Retries ? HealthStatus.Unhealthy : health.Status, streak, log);
    }

    /// <summary>From the end of a probe, or the start of the run, to the next probe.</summary>
    /// <param name="health">As it is.</param>
    /// <param name="settings">The check.</param>
    /// <param name="ran">How long the container has run.</param>
    public static TimeSpan Pause(ContainerHealth health, HealthSettings settings, TimeSpan ran) =>
        health.Status == HealthStatus.Starting && ran < settings.StartPeriod ? settings.StartInterval : settings.Interval;
}
