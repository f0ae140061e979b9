using Portal.Runtime.Linux;

namespace Portal.Runtime.Builds.Contexts;

/// <summary>A file as a client describes it.</summary>
/// <param name="Path">Relative, steps parted by slashes, as bytes.</param>
/// <param name="Mode">As Go writes it (<c>os.FileMode</c>): permissions below, kinds above.</param>
/// <param name="Size">Bytes of content.</param>
/// <param name="ModifiedNanoseconds">Since 1970.</param>
/// <param name="LinkName">Target of a symbolic link; the other name of a hard link.</param>
/// <param name="DeviceMajor">Of devices.</param>
/// <param name="DeviceMinor">Of devices.</param>
/// <param name="Attributes">Extended attributes.</param>
public sealed record SyncEntry(
    byte[] Path, uint Mode, long Size, long ModifiedNanoseconds, byte[] LinkName, uint DeviceMajor, uint DeviceMinor, IReadOnlyList<(byte[] Name, byte[] Value)> Attributes)
{
    private const uint GoDirectory = 1u << 31;
    private const uint GoSymbolicLink = 1u << 27;
    private const uint GoDevice = 1u << 26;
    private const uint GoFifo = 1u << 25;
    private const uint GoSocket = 1u << 24;
    private const uint GoSetUser = 1u << 23;
    private const uint GoSetGroup = 1u << 22;
    private const uint GoCharacterDevice = 1u << 21;
    private const uint GoSticky = 1u << 20;
    private const uint GoIrregular = 1u << 19;
    private const uint Permissions = 0x1FF; // 0777
    private const uint SetUser = 0x800;
    private const uint SetGroup = 0x400;
    private const uint Sticky = 0x200;

    /// <summary>Owner, for those who want to know.</summary>
    public uint User { get; init; }

    /// <inheritdoc cref="User"/>
    public uint Group { get; init; }

    /// <summary>A plain file, whose content can be asked for. Both sides must agree on this.</summary>
    public bool HasContent => (Mode & (GoDirectory | GoSymbolicLink | GoDevice | GoFifo | GoSocket | GoCharacterDevice | GoIrregular)) == 0;

    /// <summary>Another name of a file that came before.</summary>
    public bool IsHardLink => HasContent && LinkName.Length > 0;

    internal FileKind? Kind => (Mode & GoDirectory) != 0 ? FileKind.Directory
        : (Mode & GoSymbolicLink) != 0 ? FileKind.SymbolicLink
        : (Mode & GoFifo) != 0 ? FileKind.Fifo
        : (Mode & GoDevice) != 0 ? ((Mode & GoCharacterDevice) != 0 ? FileKind.CharacterDevice : FileKind.BlockDevice)
        : HasContent ? FileKind.Regular
        : null;

    /// <summary>07777.</summary>
    internal uint UnixMode => (Mode & Permissions) | ((Mode & GoSetUser) != 0 ? SetUser : 0) | ((Mode & GoSetGroup) != 0 ? SetGroup : 0) | ((Mode & GoSticky) != 0 ? Sticky : 0);

    internal FileTime Modified
    {
        get
        {
            var (seconds, nanoseconds) = Math.DivRem(ModifiedNanoseconds, 1_000_000_000);
            return nanoseconds < 0 ? new(seconds - 1, nanoseconds + 1_000_000_000) : new(seconds, nanoseconds);
        }
    }

    /// <summary>A file of this machine as Go describes it.</summary>
    internal static uint GoMode(FileFacts facts) => (facts.Mode & Permissions)
        | ((facts.Mode & SetUser) != 0 ? GoSetUser : 0) | ((facts.Mode & SetGroup) != 0 ? GoSetGroup : 0) | ((facts.Mode & Sticky) != 0 ? GoSticky : 0)
        | facts.Kind switch
        {
            FileKind.Directory => GoDirectory,
            FileKind.SymbolicLink => GoSymbolicLink,
            FileKind.Fifo => GoFifo,
            FileKind.Socket => GoSocket,
            FileKind.BlockDevice => GoDevice,
            FileKind.CharacterDevice => GoDevice | GoCharacterDevice,
            FileKind.Regular => 0,
        };
}
