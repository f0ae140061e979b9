namespace Portal.Domain.Access;

/// <summary>One thing the control plane can be asked to do. One operation has exactly one permission.</summary>
public enum Permission
{
    HostRead,
    ContainerRead,
    ContainerLogs,
    ContainerStart,
    ContainerStop,
    ContainerRestart,
    ContainerKill,
    ContainerRemove,
    VolumeFilesRead,
    VolumeFilesWrite,
    VolumeBackup,
    VolumeRestore,
}
