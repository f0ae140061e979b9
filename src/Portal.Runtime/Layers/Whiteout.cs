using Portal.Runtime.Tar;

namespace Portal.Runtime.Layers;

/// <summary>What the last part of a name says about lower layers.</summary>
internal enum WhiteoutKind
{
    /// <summary>An ordinary name.</summary>
    None,

    /// <summary><c>.wh.name</c>: the name is deleted from lower layers.</summary>
    Deleted,

    /// <summary><c>.wh..wh..opq</c>: all that lower layers have in this directory is hidden.</summary>
    Opaque,

    /// <summary><c>.wh..wh.*</c>: bookkeeping of AUFS, of no meaning.</summary>
    Bookkeeping,
}

/// <summary>Whiteout markers.</summary>
internal static class Whiteout
{
    /// <summary>Reads the last part of a clean path.</summary>
    /// <param name="leaf">The last part.</param>
    /// <param name="hidden">The name that is deleted.</param>
    /// <exception cref="Portal.Domain.Primitives.ErrorException">The marker names nothing, "." or "..".</exception>
    public static WhiteoutKind Parse(ReadOnlySpan<byte> leaf, out ReadOnlySpan<byte> hidden)
    {
        hidden = default;
        if (!leaf.StartsWith(".wh."u8))
        {
            return WhiteoutKind.None;
        }

        hidden = leaf[4..];
        if (hidden.SequenceEqual(".wh..opq"u8))
        {
            return WhiteoutKind.Opaque;
        }

        if (hidden.StartsWith(".wh."u8))
        {
            return WhiteoutKind.Bookkeeping;
        }

        return hidden.IsEmpty || hidden.SequenceEqual("."u8) || hidden.SequenceEqual(".."u8)
            ? throw ArchiveErrors.Bad($"the whiteout {ArchiveErrors.Show(leaf)} names no file")
            : WhiteoutKind.Deleted;
    }
}
