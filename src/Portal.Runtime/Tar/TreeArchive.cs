using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Tar;

/// <summary>
/// Writes a whole tree into an archive, a folder before what is in it, names in the order of their bytes. Goes down by
/// descriptors and follows no link, so that whoever changes the tree meanwhile cannot lead it elsewhere; what vanishes
/// meanwhile is left out.
/// </summary>
/// <param name="writer">The archive.</param>
/// <param name="enters">Asked before going into a folder on which something is mounted; otherwise only the folder itself is taken.</param>
/// <param name="mappings">How the owners on the disk are known where the archive is for; null for the same.</param>
/// <param name="ct">Looked at between files and blocks.</param>
/// <param name="allAttributes">As for <see cref="FileArchive"/>.</param>
internal sealed class TreeArchive(TarWriter writer, Func<SafeFileHandle, FileFacts, bool> enters, IdMappings? mappings, CancellationToken ct, bool allAttributes = false)
{
    private readonly FileArchive _files = new(writer, mappings, ct, allAttributes);

    /// <summary>Adds a file, or a folder with everything in it.</summary>
    /// <param name="node">A descriptor of it.</param>
    /// <param name="name">Its name in the archive.</param>
    /// <param name="withContents">What is in the folder too.</param>
    public void Add(SafeFileHandle node, byte[] name, bool withContents)
    {
        if (Libc.StatAt(node, [], out var facts) is not 0 and var errno)
        {
            throw Libc.Failure("stat", name, errno);
        }

        _files.Add(node, facts, name);
        if (withContents && facts.Kind == FileKind.Directory)
        {
            AddContents(node, name is [.., (byte)'/'] ? name : [.. name, (byte)'/']);
        }
    }

    /// <summary>Adds everything that is in a folder.</summary>
    /// <param name="node">A descriptor of the folder.</param>
    /// <param name="prefix">What comes before the names in the archive.</param>
    public void AddContents(SafeFileHandle node, byte[] prefix)
    {
        // By hand rather than by recursion: a container can nest folders more deeply than a stack is.
        var open = new Stack<Folder>();
        try
        {
            Enter(open, node, prefix);
            while (open.TryPeek(out var folder))
            {
                if (!folder.Names.TryDequeue(out var leaf))
                {
                    open.Pop().Handle.Dispose();
                }
                else if (Libc.OpenNode(folder.Handle, leaf, out var child) == 0)
                {
                    using (child)
                    {
                        AddChild(open, child!, [.. folder.Prefix, .. leaf]);
                    }
                }
            }
        }
        finally
        {
            foreach (var folder in open)
            {
                folder.Handle.Dispose();
            }
        }
    }

    private void AddChild(Stack<Folder> open, SafeFileHandle node, byte[] name)
    {
        if (Libc.StatAt(node, [], out var facts) != 0)
        {
            return;
        }

        _files.Add(node, facts, name);
        if (facts.Kind == FileKind.Directory && (!facts.IsMountRoot || enters(node, facts)))
        {
            Enter(open, node, [.. name, (byte)'/']);
        }
    }

    private static void Enter(Stack<Folder> open, SafeFileHandle node, byte[] prefix)
    {
        if (prefix.Length > PathInRoot.MaximumPath)
        {
            throw Libc.Failure("open", prefix.AsSpan(0, 100), Errno.ENAMETOOLONG);
        }

        var names = new List<(byte[] Name, FileKind Kind)>();
        var errno = Libc.Reopen(node, Libc.OpenReadOnly | Libc.OpenDirectory, out var folder);
        if (errno == 0)
        {
            errno = Libc.ReadDirectory(folder!, names);
        }

        if (errno == 0)
        {
            names.Sort((a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
            open.Push(new(folder!, prefix, new(names.Select(entry => entry.Name))));
            return;
        }

        folder?.Dispose();
        if (errno != Errno.ENOENT)
        {
            throw Libc.Failure("open", prefix, errno);
        }
    }

    /// <param name="Handle">The folder.</param>
    /// <param name="Prefix">What comes before its names in the archive.</param>
    /// <param name="Names">Still to be added.</param>
    private sealed record Folder(SafeFileHandle Handle, byte[] Prefix, Queue<byte[]> Names);
}
