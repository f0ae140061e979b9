using System.Globalization;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Builds.Running;

/// <summary>
/// Where one build keeps what is gone with it: mounts, secrets and sockets in the run root, which is memory, and files that may be large in
/// the data root. What a build whose engine died left there is swept at start.
/// </summary>
internal sealed class BuildScratch : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Passage = Private | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly string _memory;
    private readonly string _disk;
    private int _count;

    public BuildScratch(RuntimeOptions options)
    {
        var name = Guid.NewGuid().ToString("n");
        _memory = Path.Combine(options.RunRoot, "builds", name);
        _disk = Path.Combine(options.DataRoot, "builds", "work", name);
        Directory.CreateDirectory(_memory, Passage);
        Directory.CreateDirectory(_disk, Private);
    }

    /// <summary>A new path in memory.</summary>
    public string InMemory(string kind) => Next(_memory, kind);

    /// <summary>A new path on the disk.</summary>
    public string OnDisk(string kind) => Next(_disk, kind);

    public void Dispose()
    {
        Remove(_memory);
        Remove(_disk);
    }

    /// <summary>Takes away what builds left that ended with their engine. Run at start.</summary>
    public static void Sweep(RuntimeOptions options)
    {
        foreach (var folder in (string[])[Path.Combine(options.RunRoot, "builds"), Path.Combine(options.DataRoot, "builds", "work")])
        {
            foreach (var left in Directory.Exists(folder) ? Directory.GetDirectories(folder) : [])
            {
                Remove(left);
            }
        }
    }

    private string Next(string folder, string kind) => Path.Combine(folder, kind + Interlocked.Increment(ref _count).ToString(CultureInfo.InvariantCulture));

    private static void Remove(string folder)
    {
        foreach (var entry in Directory.Exists(folder) ? Directory.GetFileSystemEntries(folder) : [])
        {
            Libc.Unmount(entry);
        }

        DirectoryTree.Delete(folder);
    }
}
