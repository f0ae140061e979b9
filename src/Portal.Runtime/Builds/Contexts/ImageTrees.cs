using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Running;
using Portal.Runtime.Images;
using Portal.Runtime.Layers;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Builds.Contexts;

/// <summary>The files of images, for those who want them rather than the image.</summary>
public sealed class ImageTrees(IImages images, ILayerStore layers)
{
    /// <summary>Has an image's root file system mounted while somebody looks at it.</summary>
    public async Task<ImageTree> OpenAsync(Digest image, CancellationToken ct)
    {
        var mounted = await MountedLayers.MountAsync(layers, images.Resolve(image.ToString()).DiffIds, mappings: null, ct).ConfigureAwait(false);
        try
        {
            return new(mounted);
        }
        catch
        {
            mounted.Dispose();
            throw;
        }
    }
}

/// <summary>The files of one image, to be read.</summary>
public sealed class ImageTree : IDisposable
{
    private readonly MountedLayers _mounted;
    private readonly PathInRoot _root;

    internal ImageTree(MountedLayers mounted) => (_mounted, _root) = (mounted, new(mounted.Root));

    /// <summary>Writes everything as a tar archive.</summary>
    public Task WriteTarAsync(Stream archive, CancellationToken ct) => ArchiveThread.RunAsync(
        () =>
        {
            using var output = new BlockingOutput(archive, ct);
            var writer = new TarWriter(output);
            new TreeArchive(writer, (_, _) => false, null, ct).AddContents(_root.Root, []);
            writer.End();
        },
        ct);

    /// <summary>Everything, a folder before what is in it, names in the order of their bytes.</summary>
    public IEnumerable<SyncEntry> Walk()
    {
        var open = new Stack<(byte[] Prefix, Queue<byte[]> Names)>();
        var links = new Dictionary<(ulong, ulong), byte[]>();
        Enter(open, [], _root.Root);
        while (open.TryPeek(out var folder))
        {
            if (!folder.Names.TryDequeue(out var leaf))
            {
                _ = open.Pop();
                continue;
            }

            byte[] path = [.. folder.Prefix, .. leaf];
            if (Libc.OpenInRoot(_root.Root, path, Libc.OpenPath | Libc.OpenNoFollow, followLinks: false, out var node) != 0)
            {
                continue;
            }

            using (node)
            {
                if (Libc.StatAt(node!, [], out var facts) != 0)
                {
                    continue;
                }

                yield return Describe(node!, facts, path, links);
                if (facts.Kind == FileKind.Directory)
                {
                    Enter(open, [.. path, (byte)'/'], node!);
                }
            }
        }
    }

    /// <summary>Opens a file that <see cref="Walk"/> has named.</summary>
    public Stream OpenFile(byte[] path)
    {
        var errno = Libc.OpenInRoot(_root.Root, path, Libc.OpenReadOnly | Libc.OpenNoFollow | Libc.OpenNonBlock, followLinks: false, out var file);
        return errno == 0 ? new FileStream(file!, FileAccess.Read, 0) : throw Libc.Failure("open", path, errno);
    }

    public void Dispose()
    {
        _root.Dispose();
        _mounted.Dispose();
    }

    private static SyncEntry Describe(SafeFileHandle node, FileFacts facts, byte[] path, Dictionary<(ulong, ulong), byte[]> links)
    {
        byte[] target = [];
        if (facts.Kind == FileKind.SymbolicLink)
        {
            _ = Libc.ReadLink(node, out target);
        }
        else if (facts is { Kind: FileKind.Regular, Links: > 1 } && !links.TryAdd((facts.FileSystem, facts.Inode), path))
        {
            target = links[(facts.FileSystem, facts.Inode)];
        }

        return new(
            path, SyncEntry.GoMode(facts), facts.Kind == FileKind.Regular ? facts.Size : 0, (facts.Modified.Seconds * 1_000_000_000) + facts.Modified.Nanoseconds,
            target, facts.DeviceMajor, facts.DeviceMinor, [])
        {
            User = facts.UserId,
            Group = facts.GroupId,
        };
    }

    private static void Enter(Stack<(byte[] Prefix, Queue<byte[]> Names)> open, byte[] prefix, SafeFileHandle node)
    {
        var names = new List<(byte[] Name, FileKind Kind)>();
        if (prefix.Length <= PathInRoot.MaximumPath && Libc.Reopen(node, Libc.OpenReadOnly | Libc.OpenDirectory, out var folder) == 0)
        {
            using (folder)
            {
                _ = Libc.ReadDirectory(folder!, names);
            }
        }

        names.Sort((a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
        open.Push((prefix, new(names.Select(entry => entry.Name))));
    }
}
