using System.Globalization;
using Microsoft.Extensions.Logging;
using Portal.Domain.Primitives;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Registries;

/// <summary>Brings images from registries into the store.</summary>
internal sealed class ImagePuller(ImageStore images, ContentStore content, BlobDownloads downloads, ILogger<ImagePuller> log)
{
    private const int MaximumNesting = 5;

    /// <summary>Brings one image.</summary>
    /// <param name="repository">Where it is.</param>
    /// <param name="reference">What it is called here, with tag or digest.</param>
    /// <param name="platform">Which machine it is for; null for this one.</param>
    /// <param name="report">Told how it goes.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The image, and whether the reference means it only now.</returns>
    public async Task<(Digest Id, bool IsNewer)> PullAsync(RegistryRepository repository, ImageReference reference, string? platform, TransferReport report, CancellationToken ct)
    {
        // With both, the digest decides and the tag is decoration.
        var name = reference.Digest is { } digest ? reference.WithDigest(digest) : reference;
        var asked = reference.Digest?.ToString() ?? reference.Tag!;
        if (await FindCurrentAsync(repository, name, platform, ct).ConfigureAwait(false) is { } current)
        {
            report.Say($"Pulling from {reference.Path}", asked);
            report.Say($"Digest: {current.Manifest}");
            return (current.Id, false);
        }

        var top = await repository.GetManifestAsync(asked, reference.Familiar, ct).ConfigureAwait(false);
        report.Say($"Pulling from {reference.Path}", asked);
        var manifest = await ChooseAsync(repository, top, PlatformChoice.Parse(platform), reference, ct).ConfigureAwait(false);
        var before = images.Find(name)?.Id;
        ImageReference[] references = [.. new[] { name, reference.WithDigest(top.Digest) }.Distinct()];
        var id = await BringAsync(repository, manifest, references, report, ct).ConfigureAwait(false);
        report.Say($"Digest: {top.Digest}");
        log.Pulled(reference.ToString(), id.ToString());
        return (id, before != id);
    }

    /// <summary>The image here, when the registry says that its tag still means the same; null otherwise.</summary>
    private async Task<(Digest Id, Digest Manifest)?> FindCurrentAsync(RegistryRepository repository, ImageReference name, string? platform, CancellationToken ct)
    {
        if (name.Tag is null || images.Find(name) is not { } here
            || !PlatformChoice.Parse(platform).Fits(here.Snapshot.OperatingSystem, here.Snapshot.Architecture, null)
            || await repository.FindManifestAsync(name.Tag, ct).ConfigureAwait(false) is not { } there)
        {
            return null;
        }

        return images.Find(name.WithDigest(there))?.Id == here.Id ? (here.Id, there) : null;
    }

    private static async Task<RemoteManifest> ChooseAsync(RegistryRepository repository, RemoteManifest manifest, PlatformChoice platform, ImageReference reference, CancellationToken ct)
    {
        for (var depth = 0; manifest.IsIndex; depth++)
        {
            if (depth == MaximumNesting)
            {
                throw TransferErrors.Bad($"the indexes of {reference.Familiar} are nested more than {MaximumNesting} deep");
            }

            var entries = manifest.Manifests();
            // An index of one entry need not say for whom that is.
            var chosen = platform.Choose(entries) ?? entries.FirstOrDefault(m => m.Platform is null && RemoteManifest.Accepted.Contains(m.MediaType)) ?? throw TransferErrors.NoPlatform(platform);
            var descriptor = RemoteManifest.Blob(chosen);
            if (descriptor.Size > ImageDocument.MaximumBytes)
            {
                throw TransferErrors.TooBig($"the manifest of {reference.Familiar}", ImageDocument.MaximumBytes);
            }

            manifest = await repository.GetManifestAsync(descriptor.Digest.ToString(), reference.Familiar, ct).ConfigureAwait(false);
            if (manifest.Bytes.Length != descriptor.Size)
            {
                throw TransferErrors.WrongSize($"the manifest {descriptor.Digest}", descriptor.Size, manifest.Bytes.Length.ToString(CultureInfo.InvariantCulture));
            }

            if (manifest.MediaType != descriptor.MediaType)
            {
                throw TransferErrors.Bad($"the manifest {descriptor.Digest} is ambiguous: the index calls it {TransferErrors.Show(descriptor.MediaType)}, the registry {manifest.MediaType}");
            }
        }

        return manifest;
    }

    private async Task<Digest> BringAsync(RegistryRepository repository, RemoteManifest manifest, IReadOnlyList<ImageReference> references, TransferReport report, CancellationToken ct)
    {
        var (configBlob, layers) = manifest.Image();
        if (images.Find(configBlob.Digest) is not null)
        {
            try
            {
                await images.AddReferencesAsync(configBlob.Digest, references, ct).ConfigureAwait(false);
                return configBlob.Digest;
            }
            catch (ErrorException e) when (e.Error.Kind == ErrorKind.NotFound)
            {
                // Removed a moment ago: it comes anew.
            }
        }

        var config = await repository.ReadBlobAsync(configBlob, ImageDocument.MaximumBytes, "the image's configuration", ct).ConfigureAwait(false);
        var (document, diffIds) = ImageDocument.ParseConfig(config);
        if (diffIds.Count != layers.Count)
        {
            throw TransferErrors.Bad($"the image's configuration names {diffIds.Count} layers, its manifest {layers.Count}");
        }

        if (document.Os is { Length: > 0 } system && system != "linux")
        {
            throw TransferErrors.Bad($"image operating system \"{TransferErrors.Show(system)}\" cannot be used on this platform");
        }

        var chain = ChainId.Of(diffIds);
        var parts = new List<BlobDownloads.Part>();
        using var receipt = images.Receive([configBlob.Digest, manifest.Digest, .. layers.Select(l => l.Digest)], chain);
        try
        {
            var incoming = layers.Select((layer, i) => Incoming(repository, layer, chain[i], report, parts)).ToArray();
            return await images.CommitAsync(new NewImage(config, manifest.Bytes, incoming, references), action: null, name: null, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (TransferErrors.IsNoSpace(e))
        {
            // Others need the space now; the pull after this one begins anew.
            await LeaveAsync(parts).ConfigureAwait(false);
            downloads.Discard(layers);
            throw;
        }
        finally
        {
            parts.ForEach(p => p.Dispose());
        }
    }

    private IncomingLayer Incoming(RegistryRepository repository, BlobDescriptor layer, Digest chainId, TransferReport report, List<BlobDownloads.Part> parts)
    {
        var id = TransferReport.Short(layer.Digest);
        if (content.Exists(layer.Digest))
        {
            var isThere = images.HasLayer(chainId);
            report.Layer(id, isThere ? "Already exists" : "Download complete");
            return IncomingLayer.Of(content.Find(layer.Digest)) with { Unpacked = isThere ? null : () => report.Layer(id, "Pull complete") };
        }

        report.Layer(id, "Pulling fs layer");
        var part = downloads.Start(repository, layer);
        parts.Add(part);
        // A layer of these files may be unpacked already, of another archive: that is no news before this one is there.
        var gate = new Lock();
        var (isWhole, isUnpacked) = (false, false);
        part.Download.Observe((stage, bytes) =>
        {
            switch (stage)
            {
                case DownloadStage.Waiting:
                    report.Layer(id, "Waiting");
                    break;
                case DownloadStage.Downloading when !isWhole:
                    report.Layer(id, "Downloading", bytes, layer.Size);
                    break;
                case DownloadStage.Verifying:
                    report.Layer(id, "Verifying Checksum");
                    break;
                case DownloadStage.Complete:
                    lock (gate)
                    {
                        isWhole = true;
                        report.Layer(id, "Download complete");
                        TellUnpacked();
                    }

                    break;
                case DownloadStage.Retrying:
                    report.Layer(id, TransferReport.Retrying(bytes));
                    break;
                case DownloadStage.Downloading:
                    break;
            }
        });
        return new(layer.Digest, ct => new CountedStream(part.Download.OpenReader(ct), read =>
        {
            // A client draws one bar per layer: that of the download, while that goes on.
            if (part.Download.IsWhole)
            {
                report.Layer(id, "Extracting", read, layer.Size);
            }
        }), part.Whole)
        {
            Unpacked = () =>
            {
                lock (gate)
                {
                    isUnpacked = true;
                    TellUnpacked();
                }
            },
        };

        void TellUnpacked()
        {
            if (isWhole && isUnpacked)
            {
                report.Layer(id, "Pull complete");
            }
        }
    }

    private static async Task LeaveAsync(List<BlobDownloads.Part> parts)
    {
        parts.ForEach(p => p.Dispose());
        foreach (var part in parts)
        {
            await ((Task)part.Whole).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Counts what is read through it.</summary>
    private sealed class CountedStream(Stream inner, Action<long> counted) : ForwardStream
    {
        private long _count;

        public override int Read(Span<byte> buffer)
        {
            var count = inner.Read(buffer);
            _count += count;
            counted(_count);
            return count;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
