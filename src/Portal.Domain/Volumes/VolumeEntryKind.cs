namespace Portal.Domain.Volumes;

/// <summary>What something in a volume is.</summary>
public enum VolumeEntryKind
{
    File,
    Folder,
    Link,
    Fifo,
    Socket,
    CharacterDevice,
    BlockDevice,
}
