using System.Text.Json;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Layers;

/// <summary>What is on the disk when the store is opened.</summary>
internal sealed partial class OverlayLayerStore
{
    private void LoadLayers()
    {
        foreach (var folder in Directory.GetDirectories(_layers))
        {
            var name = Path.GetFileName(folder);
            if (name.StartsWith(".unpack-", StringComparison.Ordinal) || (Digest.TryParse("sha256:" + name, null, out _) && !File.Exists(Path.Combine(folder, "layer.json"))))
            {
                // Never finished, or never sealed.
                DirectoryTree.Delete(folder);
            }
            else if (Digest.TryParse("sha256:" + name, null, out var chain))
            {
                Load(folder, chain);
            }
        }

        FindLostLinks();
        var links = _known.Values.Select(r => r.Link).Concat(_lostLinks.Values).ToHashSet();
        foreach (var link in Directory.GetFileSystemEntries(_links).Where(l => Path.GetFileName(l) != EmptyLink && !links.Contains(Path.GetFileName(l))))
        {
            File.Delete(link);
        }
    }

    /// <summary>
    /// A layer that is unpacked again gets the link it had: containers know their layers by that.
    /// </summary>
    private void FindLostLinks()
    {
        foreach (var link in new DirectoryInfo(_links).EnumerateFileSystemInfos().Where(link => IsLink(link.Name)))
        {
            if (link.LinkTarget?.Split('/') is ["..", var hex, "diff"] && Digest.TryParse("sha256:" + hex, null, out var chain) && !_known.ContainsKey(chain)
                && Directory.Exists(LayerFolder(chain) + ".broken"))
            {
                _lostLinks[chain] = link.Name;
            }
        }
    }

    private void Load(string folder, Digest chain)
    {
        try
        {
            var record = JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(folder, "layer.json")), LayerJson.Default.LayerRecord);
            if (record is null || record.ChainId != chain.ToString() || !IsLink(record.Link))
            {
                throw new JsonException("The record is of another layer.");
            }

            var link = Path.Combine(_links, record.Link);
            if (!Path.Exists(link))
            {
                File.Delete(link);
                File.CreateSymbolicLink(link, $"../{chain.Hex}/diff");
            }

            _known[chain] = record;
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            // The layer is unpacked again from the image's archive; the old folder is put aside for whoever wants to look.
            _log.LayerBroken(e, chain.ToString());
            DirectoryTree.Delete(folder + ".broken");
            Directory.Move(folder, folder + ".broken");
        }
    }

    private void LoadContainers()
    {
        var byLink = _known.ToDictionary(k => k.Value.Link, k => k.Key);
        foreach (var folder in Directory.GetDirectories(_containers))
        {
            var lower = Path.Combine(folder, "lower");
            if (ContainerId.TryParse(Path.GetFileName(folder), null, out var container) && File.Exists(lower))
            {
                LoadContainer(container, folder, File.ReadAllLines(lower), byLink);
            }
        }
    }
}
