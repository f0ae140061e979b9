using Portal.Runtime.Linux;

namespace Portal.Runtime.Files;

/// <summary>What is at a path in a container.</summary>
/// <param name="Name">Its name in an archive of it.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Mode">Type and permission bits in Go's order (io/fs, FileMode), which the Engine API speaks.</param>
/// <param name="ModifiedSeconds">Since 1970.</param>
/// <param name="ModifiedNanoseconds">0 to 999,999,999.</param>
/// <param name="LinkTarget">Where a symbolic link ends, from the container's root; empty for anything else.</param>
public sealed record PathStatus(string Name, long Size, uint Mode, long ModifiedSeconds, long ModifiedNanoseconds, string LinkTarget)
{
    private const uint Folder = 1u << 31;
    private const uint Link = 1 << 27;
    private const uint Device = 1 << 26;
    private const uint Pipe = 1 << 25;
    private const uint Socket = 1 << 24;
    private const uint SetUser = 1 << 23;
    private const uint SetGroup = 1 << 22;
    private const uint Character = 1 << 21;
    private const uint Sticky = 1 << 20;

    internal static PathStatus Of(string name, FileFacts facts, string linkTarget) =>
        new(name, facts.Size, GoMode(facts), facts.Modified.Seconds, facts.Modified.Nanoseconds, linkTarget);

    internal static uint GoMode(FileFacts facts) => (facts.Mode & 0x1FF)
        | ((facts.Mode & 0x800) != 0 ? SetUser : 0)
        | ((facts.Mode & 0x400) != 0 ? SetGroup : 0)
        | ((facts.Mode & 0x200) != 0 ? Sticky : 0)
        | facts.Kind switch
        {
            FileKind.Directory => Folder,
            FileKind.SymbolicLink => Link,
            FileKind.BlockDevice => Device,
            FileKind.CharacterDevice => Device | Character,
            FileKind.Fifo => Pipe,
            FileKind.Socket => Socket,
            _ => 0,
        };
}
