using System.Globalization;
using System.IO.Compression;
using Portal.Domain.Primitives;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Images;

/// <summary>
/// Packed forms of archives that are in the store as plain ones. Only digest and size are kept, so that a second push finds the layer in the registry
/// without packing it again; the content is made anew when it is needed.
/// </summary>
internal sealed class PackedLayers
{
    private readonly string _folder;
    private readonly ContentStore _content;
    private readonly KeyedLock<Digest> _packing = new();

    public PackedLayers(ContentStore content)
    {
        (_content, _folder) = (content, Path.Combine(Path.GetDirectoryName(content.StagingFolder)!, "packed"));
        Directory.CreateDirectory(_folder);
        DurableFile.Sweep(_folder);
        foreach (var path in Directory.EnumerateFiles(_folder))
        {
            if (!Digest.TryParse("sha256:" + Path.GetFileName(path), null, out var blob) || !content.Exists(blob))
            {
                File.Delete(path);
            }
        }
    }

    /// <summary>How a blob is packed.</summary>
    public static Packing PackingOf(StagedBlob blob)
    {
        using var file = File.OpenRead(blob.Path);
        Span<byte> head = stackalloc byte[Compression.MagicLength];
        return Compression.KindOf(head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)]);
    }

    /// <summary>What a blob was packed to before; null when it was not.</summary>
    public (Digest Digest, long Size)? Find(Digest blob)
    {
        try
        {
            var words = File.ReadAllText(Path.Combine(_folder, blob.Hex)).Split(' ');
            return words.Length == 2 && Digest.TryParse(words[0], null, out var digest) && long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? (digest, size) : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Packs a blob with gzip, into a temporary file of the caller's. The same content gives the same bytes.</summary>
    public async Task<StagedBlob> PackAsync(Digest blob, CancellationToken ct)
    {
        using (await _packing.EnterAsync(blob, ct).ConfigureAwait(false))
        {
            var archive = await ArchiveThread.RunAsync(() => Pack(blob, ct), ct).ConfigureAwait(false);
            DurableFile.Write(Path.Combine(_folder, blob.Hex), System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{archive.Digest} {archive.Size}")));
            return archive;
        }
    }

    private StagedBlob Pack(Digest blob, CancellationToken ct) => _content.Stage(
        output =>
        {
            using var file = _content.Open(blob);
            using var tar = Compression.Unpack(file);
            using var gzip = new GZipStream(output, CompressionLevel.Optimal, leaveOpen: true);
            // Pieces of one size: how the content is cut must not show in the result.
            var buffer = new byte[128 * 1024];
            for (int count; (count = tar.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0;)
            {
                ct.ThrowIfCancellationRequested();
                gzip.Write(buffer, 0, count);
            }
        },
        SpaceBudget.For(_content.StagingFolder));
}
