using Portal.Runtime.Containers;

namespace Portal.Agent.EngineApi.Mapping;

/// <summary>What health checks found, as answers show it.</summary>
internal static class HealthAnswers
{
    public static Domain.Engine.Models.ContainerHealth? Show(ContainerHealth? health) => health is null ? null : new()
    {
        Status = Name(health.Status),
        FailingStreak = health.FailingStreak,
        Log =
        [
            .. health.Log.Select(p => new Domain.Engine.Models.ContainerHealthProbe
            {
                Start = EngineTime.Format(p.Start),
                End = EngineTime.Format(p.End),
                ExitCode = p.ExitCode,
                Output = p.Output,
            }),
        ],
    };

    /// <summary>The status on the wire.</summary>
    public static string Name(HealthStatus status) => status switch
    {
        HealthStatus.Starting => "starting",
        HealthStatus.Healthy => "healthy",
        HealthStatus.Unhealthy => "unhealthy",
    };
}
