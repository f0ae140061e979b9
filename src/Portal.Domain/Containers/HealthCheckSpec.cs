namespace Portal.Domain.Containers;

/// <summary>A command that tells whether a container works. A time or count of zero takes the engine's default.</summary>
/// <param name="Test">
/// <c>NONE</c> alone turns off what the image says; <c>CMD</c> and arguments; <c>CMD-SHELL</c> and a line for the image's shell; empty takes the image's.
/// </param>
/// <param name="Interval">Between the end of a probe and the next. Default 30 s.</param>
/// <param name="Timeout">After which a probe has failed. Default 30 s.</param>
/// <param name="StartPeriod">In which failures do not count. Default none.</param>
/// <param name="StartInterval">Between probes in the start period. Default 5 s.</param>
/// <param name="Retries">Failures in a row that make a container unhealthy. Default 3.</param>
public sealed record HealthCheckSpec(
    IReadOnlyList<string> Test, TimeSpan Interval = default, TimeSpan Timeout = default, TimeSpan StartPeriod = default, TimeSpan StartInterval = default, int Retries = 0);
