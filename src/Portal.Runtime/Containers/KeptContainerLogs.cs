using Portal.Runtime.Logs;

namespace Portal.Runtime.Containers;

/// <summary>The logs of all containers.</summary>
internal sealed class KeptContainerLogs(ContainerStore store) : IKeptLogs
{
    public IReadOnlyList<(string Path, LogLimits Limits)> List() =>
        [.. store.All.Select(container => container.Snapshot).Where(container => container.LogPath.Length > 0).Select(container => (container.LogPath, LimitsOf(container)))];

    /// <summary>How much of a container's log is kept. The options were checked when it was made; those of a damaged record mean the default.</summary>
    public static LogLimits LimitsOf(ContainerSnapshot container)
    {
        try
        {
            return LogLimits.Of(LogDrivers.DriverOf(container.Spec.Log), container.Spec.Log.Options);
        }
        catch (LogOptionException)
        {
            return LogLimits.Default;
        }
    }
}
