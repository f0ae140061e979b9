using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Portal.Domain.Containers;
using Portal.Domain.Primitives;
using Portal.Runtime.Layers;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Images;

/// <summary>Reads and writes the JSON documents of images. Pure.</summary>
internal static class ImageDocument
{
    /// <summary>Largest manifest, index or configuration that is read.</summary>
    public const int MaximumBytes = 4 * 1024 * 1024;

    public const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    public const string IndexType = "application/vnd.oci.image.index.v1+json";
    public const string ConfigType = "application/vnd.oci.image.config.v1+json";
    public const string LayerType = "application/vnd.oci.image.layer.v1.tar";
    public const string GzipLayerType = "application/vnd.oci.image.layer.v1.tar+gzip";
    public const string ZstdLayerType = "application/vnd.oci.image.layer.v1.tar+zstd";
    public const string DockerManifestType = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerIndexType = "application/vnd.docker.distribution.manifest.list.v2+json";

    /// <summary>Reads a document of an archive.</summary>
    /// <exception cref="ErrorException">It is no such document.</exception>
    public static T Parse<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type, string what)
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw ArchiveErrors.Bad($"{what} is empty");
        }
        catch (JsonException e)
        {
            throw ArchiveErrors.Bad($"{what} is malformed ({e.Message})", e);
        }
    }

    /// <summary>Reads an image's configuration and checks what everything else relies on.</summary>
    /// <exception cref="ErrorException">It is malformed, names no layers as it should, or has too many.</exception>
    public static (OciImage Image, IReadOnlyList<Digest> DiffIds) ParseConfig(ReadOnlySpan<byte> json)
    {
        var image = Parse(json, ImageJson.Default.OciImage, "an image's configuration");
        if (image.Rootfs is not { } rootfs || (rootfs.Type is not (null or "layers")))
        {
            throw ArchiveErrors.Bad("an image's configuration has no root file system of layers");
        }

        var diffIds = (rootfs.DiffIds ?? []).Select(d => Digest.TryParse(d, null, out var digest)
            ? digest : throw ArchiveErrors.Bad("an image's configuration names a layer by no sha256 digest")).ToArray();
        return diffIds.Length <= OverlayLayerStore.MaximumLayers
            ? (image, diffIds)
            : throw ArchiveErrors.TooBig($"an image has {diffIds.Length} layers, at most {OverlayLayerStore.MaximumLayers} are possible");
    }

    /// <summary>What the store shows of an image, without its references.</summary>
    public static ImageSnapshot Describe(Digest id, OciImage image, IReadOnlyList<Digest> diffIds, IReadOnlyList<long> layerSizes)
    {
        var config = image.Config ?? new OciImageConfig();
        var layer = 0;
        var history = new List<ImageHistory>();
        foreach (var step in image.History ?? [])
        {
            var empty = step.EmptyLayer ?? false;
            var size = !empty && layer < layerSizes.Count ? layerSizes[layer++] : 0;
            history.Add(new ImageHistory(step.Created, step.CreatedBy ?? "", step.Comment ?? "", empty, size));
        }

        return new ImageSnapshot(
            id, [], [], image.Created ?? DateTimeOffset.UnixEpoch, layerSizes.Sum(), image.Architecture ?? "", image.Os ?? "", image.Author ?? "", image.Comment ?? "",
            new ImageConfig
            {
                User = config.User ?? "",
                ExposedPorts = [.. config.ExposedPorts?.Keys ?? Enumerable.Empty<string>()],
                Environment = config.Environment ?? [],
                Entrypoint = config.Entrypoint,
                Command = config.Command,
                Volumes = [.. config.Volumes?.Keys ?? Enumerable.Empty<string>()],
                WorkingDirectory = config.WorkingDirectory ?? "",
                Labels = config.Labels ?? [],
                StopSignal = string.IsNullOrEmpty(config.StopSignal) ? null : config.StopSignal,
                HealthCheck = HealthCheck(config.HealthCheck),
                Shell = config.Shell is { Count: > 0 } ? config.Shell : null,
                OnBuild = config.OnBuild ?? [],
            },
            diffIds, history);
    }

    /// <summary>The configuration of an image made of one file tree.</summary>
    public static byte[] ImportedConfig(ImageConfig config, string message, Digest diffId, DateTimeOffset created, string architecture) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new OciImage
            {
                Architecture = architecture,
                Comment = message,
                Created = created,
                Os = "linux",
                History = [new OciHistory { Created = created, Comment = message }],
                Rootfs = new OciRootFileSystem { Type = "layers", DiffIds = [diffId.ToString()] },
                Config = Write(config),
            },
            ImageJson.Documents.OciImage);

    /// <summary>The configuration of an image made of another one and a layer on top.</summary>
    /// <param name="parent">The other one.</param>
    /// <param name="config">Defaults for containers.</param>
    /// <param name="step">What was done.</param>
    /// <param name="diffIds">All layers, lowest first.</param>
    public static byte[] CommittedConfig(OciImage parent, ImageConfig config, OciHistory step, string author, IEnumerable<Digest> diffIds) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new OciImage
            {
                Architecture = parent.Architecture,
                Author = author.Length == 0 ? null : author,
                Comment = step.Comment,
                Created = step.Created,
                Os = parent.Os,
                History = [.. parent.History ?? [], step],
                Rootfs = new OciRootFileSystem { Type = "layers", DiffIds = [.. diffIds.Select(d => d.ToString())] },
                Config = Write(config),
            },
            ImageJson.Documents.OciImage);

    /// <summary>The configuration of an image that was built.</summary>
    public static byte[] BuiltConfig(OciImage image) => JsonSerializer.SerializeToUtf8Bytes(image, ImageJson.Documents.OciImage);

    /// <summary>A manifest for an image that came without one.</summary>
    public static byte[] Manifest(Digest config, long configSize, IEnumerable<(Digest Digest, long Size, Packing Packing)> layers) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new OciDocument
            {
                SchemaVersion = 2,
                MediaType = ManifestType,
                Config = new OciDescriptor { MediaType = ConfigType, Digest = config.ToString(), Size = configSize },
                Layers = [.. layers.Select(l => new OciDescriptor { MediaType = LayerTypeOf(l.Packing), Digest = l.Digest.ToString(), Size = l.Size })],
            },
            ImageJson.Documents.OciDocument);

    private static string LayerTypeOf(Packing packing) => packing switch
    {
        Packing.Gzip => GzipLayerType,
        Packing.Zstd => ZstdLayerType,
        // The specification has no names for the others; this store reads them all the same.
        _ => LayerType,
    };

    /// <summary>Container defaults as the configuration holds them; what is empty is left out.</summary>
    public static OciImageConfig Write(ImageConfig config) => new()
    {
        User = config.User.Length == 0 ? null : config.User,
        ExposedPorts = Set(config.ExposedPorts),
        Environment = config.Environment.Count == 0 ? null : config.Environment,
        Entrypoint = config.Entrypoint,
        Command = config.Command,
        Volumes = Set(config.Volumes),
        WorkingDirectory = config.WorkingDirectory.Length == 0 ? null : config.WorkingDirectory,
        Labels = config.Labels.Count == 0 ? null : config.Labels.ToDictionary(),
        StopSignal = config.StopSignal,
        HealthCheck = config.HealthCheck is { } check
            ? new()
            {
                Test = check.Test,
                Interval = Nanoseconds(check.Interval),
                Timeout = Nanoseconds(check.Timeout),
                StartPeriod = Nanoseconds(check.StartPeriod),
                StartInterval = Nanoseconds(check.StartInterval),
                Retries = check.Retries == 0 ? null : check.Retries,
            }
            : null,
        Shell = config.Shell,
        OnBuild = config.OnBuild.Count == 0 ? null : config.OnBuild,
    };

    private static HealthCheckSpec? HealthCheck(OciHealthCheck? check) => check?.Test is { Count: > 0 } test
        ? new(test, Time(check.Interval), Time(check.Timeout), Time(check.StartPeriod), Time(check.StartInterval), Math.Max(check.Retries ?? 0, 0))
        : null;

    private static TimeSpan Time(long? nanoseconds) => TimeSpan.FromTicks(Math.Max(nanoseconds ?? 0, 0) / TimeSpan.NanosecondsPerTick);

    private static long? Nanoseconds(TimeSpan time) => time == TimeSpan.Zero ? null : time.Ticks * TimeSpan.NanosecondsPerTick;

    private static Dictionary<string, EmptyObject>? Set(IReadOnlyList<string> members) =>
        members.Count == 0 ? null : members.ToDictionary(m => m, _ => new EmptyObject());
}
