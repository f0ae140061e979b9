using System.Text.Json;
using Portal.Domain.Primitives;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Images;

internal sealed partial class ImageStore
{
    private void LoadCatalogue()
    {
        var catalogue = ImageCatalogue.Empty;
        // Nor at later starts.
        var intact = !SetAside.In(_records).Any();
        foreach (var path in Directory.GetFiles(_records, "*.json"))
        {
            try
            {
                catalogue = catalogue.With(LoadImage(path));
            }
            catch (Exception e) when (e is JsonException or IOException or InvalidDataException or FormatException or ErrorException)
            {
                PutAside(path, e);
                intact = false;
            }
        }

        catalogue = LoadReferences(_references, catalogue, isKnown: true);
        if (File.Exists(_coming))
        {
            catalogue = LoadReferences(_coming, catalogue, isKnown: false);
            DurableFile.Write(_references, catalogue.SerializeReferences());
            File.Delete(_coming);
        }

        _catalogue = catalogue;
        if (intact)
        {
            // Blobs of a damaged record are not rubbish yet.
            DeleteUnreferenced(_content.List());
            _layers.Hold(ChainsOf(catalogue));
            _ = _layers.Collect();
        }
    }

    /// <param name="path">File of references.</param>
    /// <param name="catalogue">The images.</param>
    /// <param name="isKnown">Each has its image, unless that was lost.</param>
    private ImageCatalogue LoadReferences(string path, ImageCatalogue catalogue, bool isKnown)
    {
        if (!File.Exists(path))
        {
            return catalogue;
        }

        try
        {
            var references = JsonSerializer.Deserialize(File.ReadAllBytes(path), ImageJson.Default.SortedDictionaryStringString) ?? [];
            foreach (var (name, id) in references.Where(r => isKnown && catalogue.Find(Digest.Parse(r.Value, null)) is null))
            {
                _log.ReferenceLost(name, id);
            }

            return catalogue.With(references.Select(r => (ImageReference.Parse(r.Key, null), Digest.Parse(r.Value, null))).Where(r => catalogue.Find(r.Item2) is not null).ToArray());
        }
        catch (Exception e) when (e is JsonException or FormatException or ArgumentException)
        {
            PutAside(path, e);
            return catalogue;
        }
    }

    private StoredImage LoadImage(string path)
    {
        var record = JsonSerializer.Deserialize(File.ReadAllBytes(path), ImageJson.Default.ImageRecord) ?? throw new JsonException("The record is empty.");
        var id = Digest.Parse(record.Id, null);
        var (config, diffIds) = ImageDocument.ParseConfig(_content.Read(id, ImageDocument.MaximumBytes));
        Digest[] layers = [.. record.Layers.Select(l => Digest.Parse(l, null))];
        var chain = ChainId.Of(diffIds);
        var isWhole = true;
        if (RecordPath(id) != path || layers.Length != chain.Count)
        {
            throw new JsonException("The record does not fit the image's configuration.");
        }

        for (var i = 0; i < chain.Count; i++)
        {
            var blob = layers[i];
            if (!_layers.Has(chain[i]))
            {
                _log.UnpackingAgain(chain[i].ToString(), record.Id);
                _layers.UnpackAsync(chain, i, diffIds[i], () => _content.Open(blob), below: null, CancellationToken.None).GetAwaiter().GetResult();
                isWhole = false;
            }
        }

        if (!isWhole)
        {
            _layers.Seal(chain, _content.BlobFolder, () => { });
        }

        var parent = record.Parent is null ? (Digest?)null : Digest.Parse(record.Parent, null);
        var snapshot = ImageDocument.Describe(id, config, diffIds, [.. chain.Select(_layers.SizeOf)]) with { Parent = parent };
        return new StoredImage(snapshot, Digest.Parse(record.Manifest, null), layers, chain);
    }

    private void PutAside(string path, Exception reason) => _log.RecordBroken(reason, path, SetAside.Move(path, _time));
}
