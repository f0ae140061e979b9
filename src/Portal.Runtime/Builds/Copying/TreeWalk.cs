using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Builds.Dockerfiles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Builds.Copying;

/// <summary>Something met in a walk.</summary>
/// <param name="Path">Below where the walk began, without a leading slash.</param>
/// <param name="Node">A descriptor of it, good until the next one.</param>
internal readonly record struct TreeNode(byte[] Path, SafeFileHandle Node, FileFacts Facts);

/// <summary>
/// Goes through a folder by descriptors, following no link: a folder before what is in it, names in the order of their bytes. Sockets are
/// left out, and what the tree's ignore file or the instruction itself leaves out.
/// </summary>
internal static class TreeWalk
{
    private const int MaximumDepth = 1000;

    /// <param name="tree">The tree.</param>
    /// <param name="path">Where the folder is in it, for patterns.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="exclude">Patterns below the folder.</param>
    public static IEnumerable<TreeNode> Below(SourceTree tree, string path, SafeFileHandle folder, IgnorePatterns exclude) => Below(tree, path, folder, [], exclude, 0);

    private static IEnumerable<TreeNode> Below(SourceTree tree, string path, SafeFileHandle folder, byte[] prefix, IgnorePatterns exclude, int depth)
    {
        if (depth > MaximumDepth)
        {
            throw new ErrorException(ErrorKind.Invalid, "build.depth", $"the folder {path} is nested more deeply than {MaximumDepth} folders");
        }

        foreach (var name in Names(folder))
        {
            if (Libc.OpenNode(folder, name, out var node) != 0)
            {
                continue;
            }

            using (node)
            {
                if (Libc.StatAt(node!, [], out var facts) != 0 || facts.Kind == FileKind.Socket)
                {
                    continue;
                }

                byte[] inside = prefix.Length == 0 ? name : [.. prefix, (byte)'/', .. name];
                var text = Encoding.UTF8.GetString(inside);
                var whole = path.Length == 0 ? text : $"{path}/{text}";
                var isLeftOut = tree.IsIgnored(whole) || (!exclude.IsEmpty && exclude.Matches(text));
                if (facts.Kind != FileKind.Directory)
                {
                    if (!isLeftOut)
                    {
                        yield return new(inside, node!, facts);
                    }

                    continue;
                }

                if (isLeftOut && !tree.MayHoldExceptions && !exclude.HasExceptions)
                {
                    continue;
                }

                var said = !isLeftOut;
                if (said)
                {
                    yield return new(inside, node!, facts);
                }

                foreach (var below in Below(tree, path, node!, inside, exclude, depth + 1))
                {
                    if (!said)
                    {
                        // Left out itself, it is there for the sake of what is in it.
                        said = true;
                        yield return new(inside, node!, facts);
                    }

                    yield return below;
                }
            }
        }
    }

    private static List<byte[]> Names(SafeFileHandle folder)
    {
        if (Libc.Reopen(folder, Libc.OpenReadOnly | Libc.OpenDirectory, out var handle) is not 0 and var errno)
        {
            throw Libc.Failure("open", "a folder"u8, errno);
        }

        using (handle)
        {
            var names = new List<(byte[] Name, FileKind Kind)>();
            if (Libc.ReadDirectory(handle!, names) is not 0 and var failure)
            {
                throw Libc.Failure("getdents", "a folder"u8, failure);
            }

            names.Sort((a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
            return [.. names.Select(entry => entry.Name)];
        }
    }
}
