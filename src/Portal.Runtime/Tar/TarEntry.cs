using Portal.Runtime.Linux;

namespace Portal.Runtime.Tar;

/// <summary>What an archive member is.</summary>
internal enum TarKind
{
    File,
    HardLink,
    SymbolicLink,
    CharacterDevice,
    BlockDevice,
    Directory,
    Fifo,
}

/// <summary>A member of a tar archive. Names are the archive's bytes.</summary>
/// <param name="Name">As it stands in the archive: may be absolute or hold "..".</param>
/// <param name="Kind">Kind.</param>
/// <param name="LinkName">Target of links.</param>
/// <param name="Size">Bytes of content; 0 unless a file.</param>
/// <param name="Mode">Permission bits, 07777.</param>
/// <param name="UserId">Owner.</param>
/// <param name="GroupId">Group.</param>
/// <param name="Modified">Time of change.</param>
/// <param name="DeviceMajor">Of devices.</param>
/// <param name="DeviceMinor">Of devices.</param>
/// <param name="Attributes">Extended attributes.</param>
internal sealed record TarEntry(
    byte[] Name, TarKind Kind, byte[] LinkName, long Size, uint Mode, uint UserId, uint GroupId, FileTime Modified, uint DeviceMajor, uint DeviceMinor,
    IReadOnlyList<(byte[] Name, byte[] Value)> Attributes);
