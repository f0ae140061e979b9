using Portal.Runtime.Linux;

namespace Portal.Runtime.Tar;

/// <summary>The rules for names in layer archives (OCI image-spec, layer.md). Pure.</summary>
internal static class TarName
{
    private const int MaximumComponent = 255;

    /// <summary>
    /// The path below the root that an archive name means: without empty and "." parts, ".." taken back, absolute names
    /// relative to the root. Empty for the root itself.
    /// </summary>
    /// <exception cref="Portal.Domain.Primitives.ErrorException">It leads out of the root, or no file can have this name.</exception>
    public static byte[] Clean(ReadOnlySpan<byte> name)
    {
        if (name.Length > PathInRoot.MaximumPath)
        {
            throw ArchiveErrors.TooBig($"the path {ArchiveErrors.Show(name)} is longer than {PathInRoot.MaximumPath} bytes");
        }

        if (name.Contains((byte)0))
        {
            throw ArchiveErrors.Bad($"the name {ArchiveErrors.Show(name)} holds a NUL");
        }

        var clean = new byte[name.Length];
        var length = 0;
        foreach (var range in name.Split((byte)'/'))
        {
            var part = name[range];
            if (part.IsEmpty || part.SequenceEqual("."u8))
            {
                continue;
            }

            if (part.SequenceEqual(".."u8))
            {
                if (length == 0)
                {
                    throw ArchiveErrors.BreakOut(name);
                }

                length = Math.Max(0, clean.AsSpan(0, length).LastIndexOf((byte)'/'));
                continue;
            }

            if (part.Length > MaximumComponent)
            {
                throw ArchiveErrors.TooBig($"a part of the path {ArchiveErrors.Show(name)} is longer than {MaximumComponent} bytes");
            }

            if (length > 0)
            {
                clean[length++] = (byte)'/';
            }

            part.CopyTo(clean.AsSpan(length));
            length += part.Length;
        }

        return clean[..length];
    }

    /// <summary>Index of the last part of a clean path.</summary>
    public static int LeafOf(ReadOnlySpan<byte> path) => path.LastIndexOf((byte)'/') + 1;
}
