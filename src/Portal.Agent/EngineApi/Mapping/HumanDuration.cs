using System.Globalization;
using Portal.Domain.Containers;
using Portal.Runtime.Containers;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>Docker's words for how long something is ago, and the sentence of a container's state made of them.</summary>
internal static class HumanDuration
{
    /// <summary>For instance <c>3 minutes</c>, <c>About an hour</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        var seconds = (long)duration.TotalSeconds;
        var hours = (long)(duration.TotalHours + 0.5);
        return seconds switch
        {
            < 1 => "Less than a second",
            1 => "1 second",
            < 60 => Words(seconds, "seconds"),
            < 120 => "About a minute",
            < 3600 => Words(seconds / 60, "minutes"),
            _ => hours switch
            {
                1 => "About an hour",
                < 48 => Words(hours, "hours"),
                < 24 * 7 * 2 => Words(hours / 24, "days"),
                < 24 * 30 * 2 => Words(hours / 24 / 7, "weeks"),
                < 24 * 365 * 2 => Words(hours / 24 / 30, "months"),
                _ => Words((long)duration.TotalHours / 24 / 365, "years"),
            },
        };
    }

    /// <summary>For instance <c>Up 3 seconds</c>, <c>Exited (0) 2 minutes ago</c>.</summary>
    public static string Sentence(ContainerStatus status, DateTimeOffset now) => status.State switch
    {
        ContainerState.Created => "Created",
        ContainerState.Running => status.Health is { } health
            ? $"Up {Since(status.StartedAt, now)} ({(health.Status == HealthStatus.Starting ? "health: starting" : HealthAnswers.Name(health.Status))})"
            : "Up " + Since(status.StartedAt, now),
        ContainerState.Paused => $"Up {Since(status.StartedAt, now)} (Paused)",
        ContainerState.Restarting => string.Create(CultureInfo.InvariantCulture, $"Restarting ({status.ExitCode}) {Since(status.FinishedAt, now)} ago"),
        ContainerState.Removing => "Removal In Progress",
        ContainerState.Exited => string.Create(CultureInfo.InvariantCulture, $"Exited ({status.ExitCode}) {Since(status.FinishedAt, now)} ago"),
        ContainerState.Dead => "Dead",
    };

    /// <summary>The state's name on the wire.</summary>
    public static string Name(ContainerState state) => state switch
    {
        ContainerState.Created => "created",
        ContainerState.Running => "running",
        ContainerState.Paused => "paused",
        ContainerState.Restarting => "restarting",
        ContainerState.Removing => "removing",
        ContainerState.Exited => "exited",
        ContainerState.Dead => "dead",
    };

    private static string Since(DateTimeOffset? time, DateTimeOffset now) => Format(time is { } t && now > t ? now - t : TimeSpan.Zero);

    private static string Words(long number, string unit) => string.Create(CultureInfo.InvariantCulture, $"{number} {unit}");
}
