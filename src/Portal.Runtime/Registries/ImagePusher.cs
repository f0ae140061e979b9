using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Registries;

/// <summary>Brings images from the store into registries.</summary>
internal sealed class ImagePusher(ImageStore images, ContentStore content, PackedLayers packed, RegistrySettings settings, ILogger<ImagePusher> log) : IDisposable
{
    private const int MaximumSources = 4;

    private readonly SemaphoreSlim _slots = new(settings.MaximumUploads);

    public void Dispose() => _slots.Dispose();

    /// <summary>Brings one image there.</summary>
    /// <param name="repository">Where to.</param>
    /// <param name="tag">What it is called, here and there.</param>
    /// <param name="image">The image.</param>
    /// <param name="report">Told how it goes.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<PushedImage> PushAsync(RegistryRepository repository, ImageReference tag, StoredImage image, TransferReport report, CancellationToken ct)
    {
        // A removal meanwhile may take the image, but not its content from under the reader.
        using var pins = content.Pin(image.Blobs);
        var ids = image.Snapshot.DiffIds.Select(TransferReport.Short).ToArray();
        foreach (var id in ids.Reverse())
        {
            report.Layer(id, "Preparing");
        }

        var isVerbatim = IsVerbatim(image);
        using var failing = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var layers = await Task.WhenAll(image.Layers.Select((blob, i) => FailAllAsync(PushLayerAsync(repository, blob, isVerbatim, image.Snapshot.DiffIds[i], report, failing.Token), failing))).ConfigureAwait(false);
        var config = content.Read(image.Id, ImageDocument.MaximumBytes);
        _ = await new BlobUpload(repository, image.Id, config.Length, () => new MemoryStream(config, writable: false)).RunAsync([], null, null, ct).ConfigureAwait(false);

        var manifest = isVerbatim
            ? content.Read(image.Manifest, ImageDocument.MaximumBytes)
            : ImageDocument.Manifest(image.Id, config.Length, layers);
        var digest = await PutManifestAsync(repository, tag.Tag!, manifest, ct).ConfigureAwait(false);
        await images.AddReferencesAsync(image.Id, [tag.WithDigest(digest)], ct).ConfigureAwait(false);
        report.Say($"{tag.Tag}: digest: {digest} size: {manifest.Length}");
        log.Pushed(tag.ToString(), digest.ToString());
        return new(tag.Tag!, digest, manifest.Length);
    }

    private static async Task<T> FailAllAsync<T>(Task<T> one, CancellationTokenSource failing)
    {
        try
        {
            return await one.ConfigureAwait(false);
        }
        catch
        {
            await failing.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// The manifest goes as it is when it came from a registry, or every layer is packed in a way that registries know. One of plain archives is made
    /// anew with packed ones, as Docker does.
    /// </summary>
    private bool IsVerbatim(StoredImage image) =>
        images.References().Any(r => r.Reference.Digest == image.Manifest) || image.Layers.All(l => PackedLayers.PackingOf(content.Find(l)) is Packing.Gzip or Packing.Zstd);

    private async Task<(Digest Digest, long Size, Packing Packing)> PushLayerAsync(
        RegistryRepository repository, Digest blob, bool isVerbatim, Digest diffId, TransferReport report, CancellationToken ct)
    {
        var id = TransferReport.Short(diffId);
        if (!_slots.Wait(0, CancellationToken.None))
        {
            report.Layer(id, "Waiting");
            await _slots.WaitAsync(ct).ConfigureAwait(false);
        }

        try
        {
            var plain = content.Find(blob);
            var packing = PackedLayers.PackingOf(plain);
            if (isVerbatim || packing is Packing.Gzip or Packing.Zstd)
            {
                report.Layer(id, await SendAsync(plain).ConfigureAwait(false));
                return (plain.Digest, plain.Size, packing);
            }

            // What was packed before need not be packed to see that it is there.
            if (packed.Find(blob) is { } known && await repository.HasBlobAsync(known.Digest, RegistryScope.Push(repository.Path), ct).ConfigureAwait(false))
            {
                report.Layer(id, "Layer already exists");
                return (known.Digest, known.Size, Packing.Gzip);
            }

            var archive = await packed.PackAsync(blob, ct).ConfigureAwait(false);
            try
            {
                report.Layer(id, await SendAsync(archive).ConfigureAwait(false));
                return (archive.Digest, archive.Size, Packing.Gzip);
            }
            finally
            {
                ContentStore.Discard(archive);
            }
        }
        finally
        {
            _slots.Release();
        }

        Task<string> SendAsync(StagedBlob archive) => new BlobUpload(repository, archive.Digest, archive.Size, () => File.OpenRead(archive.Path)).RunAsync(
            SourcesOf(repository, archive.Digest, blob),
            sent => report.Layer(id, "Pushing", sent, archive.Size),
            wait => report.Layer(id, TransferReport.Retrying((long)Math.Ceiling(wait.TotalSeconds))),
            ct);
    }

    /// <summary>Other repositories of the registry that have a layer, by what we pulled from or pushed to them.</summary>
    private string[] SourcesOf(RegistryRepository repository, Digest packedBlob, Digest blob) =>
    [
        .. images.References().Where(r => r.Reference.Digest is not null && r.Reference.Domain == repository.Domain && r.Reference.Path != repository.Path
                && (r.Image.Layers.Contains(packedBlob) || r.Image.Layers.Contains(blob)))
            .Select(r => r.Reference.Path).Distinct().Take(MaximumSources),
    ];

    private static Task<Digest> PutManifestAsync(RegistryRepository repository, string tag, byte[] manifest, CancellationToken ct) => Patient.AskAsync(
        async () =>
        {
            var type = JsonSerializer.Deserialize(manifest, ImageJson.Default.OciDocument)?.MediaType ?? ImageDocument.ManifestType;
            using var response = await repository.Connection.SendAsync(
                HttpMethod.Put, repository.Address($"manifests/{tag}"), RegistryScope.Push(repository.Path),
                () => new ByteArrayContent(manifest) { Headers = { ContentType = new MediaTypeHeaderValue(type) } }, null, ct).ConfigureAwait(false);
            await repository.Connection.ExpectAsync(response, ct).ConfigureAwait(false);
            var digest = Digest.Of(manifest);
            return RegistryRepository.DigestHeader(response) is { } said && said != digest ? throw TransferErrors.WrongDigest("the manifest, as the registry took it,", digest, said) : digest;
        },
        repository.Connection.Time, ct);
}
