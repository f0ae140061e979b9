namespace Portal.Domain.Volumes;

/// <summary>Where the data of a volume is.</summary>
public enum VolumeBacking
{
    /// <summary>In a folder of the engine's own.</summary>
    Folder,

    /// <summary>In memory: there while somebody uses the volume.</summary>
    Memory,

    /// <summary>On another machine.</summary>
    Network,

    /// <summary>In a folder of the host's, as with a bind mount.</summary>
    HostFolder,

    /// <summary>On a device of the host's, or another file system that the host's kernel puts together.</summary>
    HostDevice,
}
