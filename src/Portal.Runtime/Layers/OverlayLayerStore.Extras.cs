using System.Text;
using System.Text.Json;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Layers;

/// <summary>What only some containers need: other images mounted inside, and owners seen as in a user namespace.</summary>
internal sealed partial class OverlayLayerStore
{
    private const string MappingsFile = "mappings.json";

    /// <inheritdoc/>
    public void MountImage(ContainerId container, int index, string target)
    {
        var folder = FolderOf(container);
        var links = File.ReadAllLines(ImageFile(folder, index));
        if (_mappings.TryGetValue(container, out var mappings))
        {
            MountMapped(mappings, null, target, () => MountImage(links, target));
        }
        else
        {
            MountImage(links, target);
        }
    }

    private void MountImage(string[] links, string target)
    {
        if (links is [EmptyLink])
        {
            Libc.Mount(Path.Combine(_links, EmptyLink), target, null, MountFlags.Bind, null);
            return;
        }

        // Without an upper layer overlayfs wants two lower ones.
        links = links.Length == 1 ? [.. links, EmptyLink] : links;
        var options = ImageMountData(_links, links);
        if (options.Length <= MaximumMountData && _links.AsSpan().IndexOfAny(":,\\") < 0)
        {
            Libc.Mount("overlay", target, "overlay", MountFlags.ReadOnly, options);
            return;
        }

        using var linkFolder = OpenFolder(_links);
        Libc.Mount("overlay", target, "overlay", MountFlags.ReadOnly, ImageMountData($"/proc/self/fd/{linkFolder.DangerousGetHandle()}", links));
    }

    private static string ImageMountData(string linkFolder, string[] links) => "lowerdir=" + string.Join(':', links.Select(link => $"{linkFolder}/{link}"));

    /// <summary>
    /// Mounts an overlay whose layers show mapped owners, so that on the disk they stay as they are. overlayfs cannot be
    /// mapped itself, but takes mapped layers (5.19); before 6.15 it takes none that are not attached. So the mapped ones are
    /// attached over the layers themselves, in a mount table that only the working thread has.
    /// </summary>
    /// <param name="mappings">How owners are seen.</param>
    /// <param name="writable">The container's folder; null for an image, which has none.</param>
    /// <param name="target">Where <paramref name="mount"/> mounts.</param>
    /// <param name="mount">Mounts the overlay.</param>
    private void MountMapped(IdMappings mappings, string? writable, string target, Action mount)
    {
        var owners = UserNamespace.For(mappings);
        using var tree = PrivateMountTable.Run(() =>
        {
            ShowMapped(_layers);
            if (writable is not null)
            {
                ShowMapped(writable);
            }

            // overlayfs makes its own files, white-outs for instance, as whoever mounts it, and the real root has no id in these layers.
            Libc.ActAs(mappings.RootUser, mappings.RootGroup);
            mount();
            using var mounted = OpenFolder(target);
            return Libc.CloneTree(mounted, recursive: false, target);
        });
        Libc.AttachTree(tree, target);

        void ShowMapped(string path)
        {
            using var source = OpenFolder(path);
            using var copy = Libc.CloneTree(source, recursive: false, path);
            Libc.MapOwners(copy, owners, path);
            Libc.AttachTree(copy, path);
        }
    }

    private string[] LinksOf(IReadOnlyList<Digest> chain, IReadOnlyList<Digest> diffIds)
    {
        var links = new string[chain.Count];
        for (var i = 0; i < links.Length; i++)
        {
            links[^(i + 1)] = _known.TryGetValue(chain[i], out var layer)
                ? layer.Link
                : throw new ErrorException(ErrorKind.Internal, LayerMissing, $"The layer {diffIds[i]} of the image is not unpacked. Load the image again.");
        }

        return links;
    }

    private IEnumerable<Digest> ChainsOf(IEnumerable<string> links)
    {
        var wanted = links.ToHashSet();
        return _known.Where(known => wanted.Contains(known.Value.Link)).Select(known => known.Key);
    }

    private static void MakeExtras(string folder, IReadOnlyList<string[]> images, IdMappings? mappings)
    {
        for (var i = 0; i < images.Count; i++)
        {
            DurableFile.Write(ImageFile(folder, i), Encoding.ASCII.GetBytes(string.Join('\n', images[i] is [] ? [EmptyLink] : images[i])));
        }

        if (mappings is not null)
        {
            DurableFile.Write(Path.Combine(folder, MappingsFile), JsonSerializer.SerializeToUtf8Bytes(mappings, LayerJson.Default.IdMappings));
        }
    }

    private void LoadContainer(ContainerId container, string folder, string[] links, Dictionary<string, Digest> byLink)
    {
        var all = links.AsEnumerable();
        foreach (var image in Directory.EnumerateFiles(folder, "image-*"))
        {
            all = all.Concat(File.ReadAllLines(image));
        }

        _users[container] = all.Where(byLink.ContainsKey).Select(link => byLink[link]).ToHashSet();
        var mappings = Path.Combine(folder, MappingsFile);
        if (File.Exists(mappings) && JsonSerializer.Deserialize(File.ReadAllBytes(mappings), LayerJson.Default.IdMappings) is { } found)
        {
            _mappings[container] = found;
        }
    }

    private static string ImageFile(string folder, int index) => Path.Combine(folder, $"image-{index}");
}
