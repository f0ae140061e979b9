using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Files;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;
using SharpCompress.Compressors.ZStandard;

namespace Portal.Runtime.Volumes;

/// <summary>
/// The form of a backup: zstd around a tar archive of three parts, <c>portal-volume.json</c>, <c>data/</c> and
/// <c>portal-volume.seal.json</c>. Anybody's <c>tar --zstd</c> reads it.
/// </summary>
internal static class VolumeArchive
{
    public const int Format = 1;
    public const string ManifestName = "portal-volume.json", DataName = "data", SealName = "portal-volume.seal.json";

    private const int Level = 3;

    /// <summary>Writes a backup.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="manifest">Its first member.</param>
    /// <param name="root">The volume.</param>
    /// <param name="written">Told how many bytes were written, before packing.</param>
    /// <param name="ct">Looked at between files and blocks.</param>
    public static void Write(Stream output, VolumeManifest manifest, SafeFileHandle root, Action<int> written, CancellationToken ct)
    {
        using var packed = new CompressionStream(output, Level, leaveOpen: true);
        using var sealing = new SealingOutput(packed, written);
        var writer = new TarWriter(sealing);
        writer.File(ManifestName, JsonSerializer.SerializeToUtf8Bytes(manifest, VolumeJson.Default.VolumeManifest));
        new TreeArchive(writer, static (folder, _) => !KernelFileSystems.Holds(folder), null, ct, allAttributes: true).Add(root, Encoding.UTF8.GetBytes(DataName), withContents: true);
        writer.Pad();
        writer.File(SealName, JsonSerializer.SerializeToUtf8Bytes(sealing.Seal, VolumeJson.Default.VolumeSeal));
        writer.End();
    }

    /// <summary>Reads a backup and unpacks what is in it.</summary>
    /// <param name="archive">The backup.</param>
    /// <param name="folder">Where to; closed at the end.</param>
    /// <param name="budget">Bounds what is written.</param>
    /// <param name="began">Told what the volume was, before anything is unpacked.</param>
    /// <param name="read">Told how many bytes were read, after unpacking.</param>
    /// <param name="ct">Looked at between files and blocks.</param>
    /// <exception cref="ErrorException">400: it is none, or broken. What was unpacked is to be thrown away.</exception>
    public static VolumeManifest Read(Stream archive, SafeFileHandle folder, SpaceBudget budget, Action<VolumeManifest> began, Action<int> read, CancellationToken ct)
    {
        try
        {
            using var blocking = new BlockingStream(archive, ct);
            using var tar = Compression.Unpack(blocking);
            using var input = new SealedInput(tar, read);
            using var applier = new Applier(folder, input, budget, began);
            applier.Apply(input, ct);

            // To its end, where the packing has a checksum of its own.
            tar.CopyTo(Stream.Null);
            return applier.Finish();
        }
        catch (InvalidDataException ex)
        {
            throw ArchiveErrors.Damaged(ex);
        }
    }

    private static ErrorException NoBackup(string why) => new(ErrorKind.Invalid, "volume.bad_backup", $"This is no backup of a volume that can be restored: {why}.");

    /// <summary>Unpacks what is below <c>data/</c>, and keeps holes in files.</summary>
    private sealed class Applier(SafeFileHandle folder, SealedInput input, SpaceBudget budget, Action<VolumeManifest> began)
        : TarApplier(new PathInRoot(folder), Environment.IsPrivilegedProcess, budget)
    {
        private static readonly byte[] s_manifest = Encoding.UTF8.GetBytes(ManifestName), s_data = Encoding.UTF8.GetBytes(DataName), s_seal = Encoding.UTF8.GetBytes(SealName);

        private VolumeManifest? _manifest;
        private bool _sealed;

        protected override bool KeepsHoles => true;

        public VolumeManifest Finish() => _sealed ? _manifest! : throw NoBackup("it is not complete");

        protected override TarEntry? Receive(TarEntry entry, TarReader reader)
        {
            if (_sealed)
            {
                throw NoBackup("it goes on behind its end");
            }

            if (_manifest is null)
            {
                _manifest = Manifest(entry, reader);
                began(_manifest);
                return null;
            }

            if (entry.Name.AsSpan().SequenceEqual(s_seal))
            {
                var computed = input.Seal;
                _sealed = Parse(entry, reader, VolumeJson.Default.VolumeSeal) == computed ? true : throw NoBackup("its checksum is wrong");
                return null;
            }

            return entry with { Name = Inside(entry.Name), LinkName = entry.Kind == TarKind.HardLink ? Inside(entry.LinkName) : entry.LinkName };
        }

        protected override void ApplyRoot(TarEntry entry) => Describe(Root.Root, [], entry);

        private static VolumeManifest Manifest(TarEntry entry, TarReader reader)
        {
            var manifest = entry.Name.AsSpan().SequenceEqual(s_manifest) ? Parse(entry, reader, VolumeJson.Default.VolumeManifest) : throw NoBackup("it does not begin with what it is of");
            return manifest.Format == Format ? manifest : throw NoBackup($"its format {manifest.Format} is not known here");
        }

        private static T Parse<T>(TarEntry entry, TarReader reader, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) where T : class
        {
            const int Longest = 1024 * 1024;
            if (entry.Kind != TarKind.File || entry.Size > Longest)
            {
                throw NoBackup("what it says of itself cannot be read");
            }

            var content = new byte[entry.Size];
            for (var length = 0; length < content.Length;)
            {
                length += reader.Read(content.AsSpan(length));
            }

            try
            {
                return JsonSerializer.Deserialize(content, type) ?? throw new JsonException();
            }
            catch (JsonException)
            {
                throw NoBackup("what it says of itself cannot be read");
            }
        }

        private static byte[] Inside(byte[] name)
        {
            var span = name.AsSpan();
            return span.StartsWith(s_data) && (span.Length == s_data.Length || span[s_data.Length] == (byte)'/')
                ? [.. "./"u8, .. span[Math.Min(s_data.Length + 1, span.Length)..]]
                : throw NoBackup($"{ArchiveErrors.Show(name)} is no part of it");
        }
    }
}
