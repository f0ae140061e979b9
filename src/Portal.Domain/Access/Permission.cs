namespace Portal.Domain.Access;

/// <summary>
/// One thing the control plane can be asked to do. One operation has exactly one permission. Names are stored and shown: they are never renamed,
/// and a new one is given to the built-in roles in <see cref="BuiltInRoles"/> and nowhere else.
/// </summary>
public enum Permission
{
    HostRead,

    /// <summary>Enrol hosts, rename and group them, change what people may do there, and remove them.</summary>
    HostManage,

    /// <summary>What the engine says of itself and of its disk.</summary>
    EngineRead,

    /// <summary>Events of the engine; each shows only of what its reader may read.</summary>
    EventRead,

    ContainerRead,
    ContainerLogs,
    ContainerCreate,
    ContainerUpdate,
    ContainerRename,
    ContainerStart,
    ContainerStop,
    ContainerRestart,
    ContainerKill,
    ContainerPause,
    ContainerRemove,
    ContainerExec,
    ContainerAttach,
    ContainerFilesRead,
    ContainerFilesWrite,
    ContainerCommit,
    ContainerPrune,

    ImageRead,
    ImagePull,
    ImagePush,
    ImageBuild,
    ImageLoad,
    ImageSave,
    ImageTag,
    ImageRemove,
    ImagePrune,

    NetworkRead,
    NetworkCreate,
    NetworkConnect,
    NetworkRemove,
    NetworkPrune,

    VolumeRead,
    VolumeCreate,
    VolumeRemove,
    VolumePrune,
    VolumeFilesRead,
    VolumeFilesWrite,
    VolumeBackup,
    VolumeRestore,

    RegistryRead,
    RegistryManage,

    UserRead,

    /// <summary>Users and teams: create, change, disable, reset, remove.</summary>
    UserManage,

    /// <summary>Roles and grants.</summary>
    AccessManage,

    AuditRead,
    SettingsRead,
    SettingsManage,

    /// <summary>Long work of others; one's own everybody may see and cancel.</summary>
    OperationManage,
}
