using Portal.Runtime.Logs;

namespace Portal.Runtime.Containers;

/// <summary>The logs of running containers, for rotation.</summary>
internal sealed class OpenContainerLogs(ContainerStore store) : IOpenLogs
{
    public IReadOnlyList<OpenLog> List() =>
        [
        .. from container in store.All
           let run = container.Run
           where run is not null
           select new OpenLog(container.Snapshot.LogPath, run.Bundle.ControlFifo),
    ];
}
