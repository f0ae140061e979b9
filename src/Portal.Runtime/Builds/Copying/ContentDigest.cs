using System.Buffers;
using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Builds.Copying;

/// <summary>What files are like, for cache keys: names, kinds, modes, owners, contents, targets of links and capabilities. Times do not count: a checkout changes them.</summary>
internal static class ContentDigest
{
    /// <summary>Of a file, or of a folder with all that is in it.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="path">Where it is in the tree.</param>
    /// <param name="node">It.</param>
    /// <param name="exclude">What does not count.</param>
    /// <param name="ct">Looked at between files.</param>
    public static byte[] Of(SourceTree tree, string path, SafeFileHandle node, IgnorePatterns exclude, CancellationToken ct)
    {
        using var key = new CacheKey("content");
        if (Libc.StatAt(node, [], out var facts) is not 0 and var errno)
        {
            throw Libc.Failure("stat", System.Text.Encoding.UTF8.GetBytes(path), errno);
        }

        Add(key, [], node, facts, tree.KeepsOwners);
        if (facts.Kind == FileKind.Directory)
        {
            foreach (var (name, inside, insideFacts) in TreeWalk.Below(tree, path, node, exclude))
            {
                ct.ThrowIfCancellationRequested();
                Add(key, name, inside, insideFacts, tree.KeepsOwners);
            }
        }

        return Convert.FromHexString(key.Finish());
    }

    private static void Add(CacheKey key, byte[] name, SafeFileHandle node, FileFacts facts, bool owners)
    {
        key.Add(name).AddLength((long)facts.Kind).AddLength(facts.Kind == FileKind.SymbolicLink ? 0 : facts.Mode);
        key.AddLength(owners ? facts.UserId : 0).AddLength(owners ? facts.GroupId : 0);
        key.Add(Libc.GetAttribute(node, "security.capability"u8) ?? []);
        switch (facts.Kind)
        {
            case FileKind.Regular:
                AddContent(key, node, facts.Size, name);
                break;
            case FileKind.SymbolicLink:
                _ = Libc.ReadLink(node, out var target);
                key.Add(target);
                break;
            case FileKind.CharacterDevice or FileKind.BlockDevice:
                key.AddLength(facts.DeviceMajor).AddLength(facts.DeviceMinor);
                break;
            default:
                break;
        }
    }

    private static void AddContent(CacheKey key, SafeFileHandle node, long size, byte[] name)
    {
        key.AddLength(size);
        if (size == 0)
        {
            return;
        }

        if (Libc.Reopen(node, Libc.OpenReadOnly, out var file) is not 0 and var errno)
        {
            throw Libc.Failure("open", name, errno);
        }

        var buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        try
        {
            using (file)
            {
                for (long offset = 0; RandomAccess.Read(file!, buffer, offset) is var read and > 0; offset += read)
                {
                    key.AddRaw(buffer.AsSpan(0, read));
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
