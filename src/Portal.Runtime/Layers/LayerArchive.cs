using Portal.Runtime.Tar;

namespace Portal.Runtime.Layers;

/// <summary>Writes a writable layer as the archive of an image's layer (OCI image-spec, layer.md).</summary>
internal static class LayerArchive
{
    /// <summary>Writes every change.</summary>
    /// <returns>False when there was none.</returns>
    public static bool Write(LayerDiff diff, TarWriter writer, DateTimeOffset now, CancellationToken ct)
    {
        var files = new FileArchive(writer, mappings: null, ct);
        var any = false;
        foreach (var change in diff.Read(listHidden: false))
        {
            any = true;
            if (change.Node is null)
            {
                Mark(Beside(change.Path));
                continue;
            }

            files.Add(change.Node, change.Facts, change.Path);
            if (change.Opaque)
            {
                Mark([.. change.Path, .. "/.wh..wh..opq"u8]);
            }
        }

        return any;

        void Mark(byte[] name) => writer.Write(new(name, TarKind.File, [], 0, 0x180, 0, 0, new(now.ToUnixTimeSeconds(), 0), 0, 0, []));
    }

    private static byte[] Beside(byte[] path)
    {
        var leaf = TarName.LeafOf(path);
        return [.. path.AsSpan(0, leaf), .. ".wh."u8, .. path.AsSpan(leaf)];
    }
}
