using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>
/// What a tree of files takes: the sum of their lengths, each file once however many names it has, folders themselves not
/// counted. The tree may change meanwhile. What is mounted in it, and what lies deeper than a path can say, does not count.
/// </summary>
internal static class TreeSize
{
    private const int MaximumDepth = PathInRoot.MaximumPath / 2;

    /// <summary>Bytes; 0 when there is no such folder.</summary>
    public static long Of(string path, CancellationToken ct)
    {
        if (Libc.Open(Encoding.UTF8.GetBytes(path), Libc.OpenReadOnly | Libc.OpenDirectory, 0, out var folder) != 0)
        {
            return 0;
        }

        // By hand rather than by recursion: a container can nest folders more deeply than a stack is.
        var open = new Stack<(SafeFileHandle Handle, Queue<byte[]> Folders)>();
        var linked = new HashSet<(ulong, ulong)>();
        try
        {
            var sum = Enter(folder!, open, linked);
            while (open.TryPeek(out var top))
            {
                ct.ThrowIfCancellationRequested();
                if (!top.Folders.TryDequeue(out var name))
                {
                    open.Pop().Handle.Dispose();
                }
                else if (open.Count <= MaximumDepth && Libc.OpenAt(top.Handle, name, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow, 0, out var child) == 0)
                {
                    sum += Enter(child!, open, linked);
                }
            }

            return sum;
        }
        finally
        {
            foreach (var (handle, _) in open)
            {
                handle.Dispose();
            }
        }
    }

    /// <summary>The files of a folder; its folders are left for later.</summary>
    private static long Enter(SafeFileHandle folder, Stack<(SafeFileHandle Handle, Queue<byte[]> Folders)> open, HashSet<(ulong, ulong)> linked)
    {
        var folders = new Queue<byte[]>();
        open.Push((folder, folders));
        var names = new List<(byte[] Name, FileKind Kind)>();
        _ = Libc.ReadDirectory(folder, names);
        long sum = 0;
        foreach (var (name, _) in names)
        {
            if (Libc.StatAt(folder, name, out var facts) != 0 || facts.IsMountRoot)
            {
                continue;
            }

            if (facts.Kind == FileKind.Directory)
            {
                folders.Enqueue(name);
            }
            else if (facts.Links < 2 || linked.Add((facts.FileSystem, facts.Inode)))
            {
                sum += facts.Size;
            }
        }

        return sum;
    }
}
