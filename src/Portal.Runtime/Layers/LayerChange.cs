using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Layers;

/// <summary>What became of a path in a writable layer. The numbers are Docker's.</summary>
public enum LayerChangeKind
{
    Modified = 0,
    Added = 1,
    Deleted = 2,
}

/// <summary>A path that differs between a writable layer and the layers below it.</summary>
/// <param name="Path">Below the root, without a leading slash.</param>
/// <param name="Kind">What became of it.</param>
/// <param name="Facts">What it is now; nothing for what is deleted.</param>
/// <param name="Node">The file itself; null for what is deleted. Good until the next change is asked for.</param>
/// <param name="Opaque">A folder that shows nothing of the folder that lower layers have in its place.</param>
internal readonly record struct LayerChange(byte[] Path, LayerChangeKind Kind, FileFacts Facts, SafeFileHandle? Node, bool Opaque);
