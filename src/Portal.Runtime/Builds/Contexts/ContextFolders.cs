using System.Security.Cryptography;
using System.Text;
using Portal.Runtime.Linux;
using Portal.Runtime.Tar;

namespace Portal.Runtime.Builds.Contexts;

/// <summary>
/// Folders that clients' files are brought into. One stays after its build, so that the next build of the same context brings only what
/// has changed; how many stay and for how long is bounded.
/// </summary>
public sealed class ContextFolders
{
    private const int MaximumKept = 24;
    private static readonly TimeSpan s_keep = TimeSpan.FromDays(7);
    private static readonly UnixFileMode s_private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly Lock _lock = new();
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);
    private readonly string _home;
    private readonly TimeProvider _time;
    private bool _ready;

    public ContextFolders(RuntimeOptions options, TimeProvider time) => (_home, _time) = (Path.Combine(options.DataRoot, "contexts"), time);

    /// <summary>Takes the folder of a key, or a fresh one while another build has that. An empty key stands for none.</summary>
    public ContextFolder Take(string key)
    {
        lock (_lock)
        {
            Prepare();
            var name = key.Length == 0 ? "" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
            var kept = name.Length > 0 && _used.Add(name);
            if (!kept)
            {
                name = $"once-{Guid.NewGuid():n}";
            }

            var path = Path.Combine(_home, name);
            _ = Directory.CreateDirectory(path, s_private);
            return new(path, () => Give(name, kept));
        }
    }

    /// <summary>Deletes what no build uses.</summary>
    /// <returns>Bytes.</returns>
    public long Prune()
    {
        lock (_lock)
        {
            return Idle().Sum(Delete);
        }
    }

    private void Prepare()
    {
        if (_ready)
        {
            return;
        }

        _ = Directory.CreateDirectory(_home, s_private);
        foreach (var leftover in Directory.EnumerateDirectories(_home, "once-*"))
        {
            DirectoryTree.Delete(leftover);
        }

        _ready = true;
    }

    private void Give(string name, bool kept)
    {
        lock (_lock)
        {
            var path = Path.Combine(_home, name);
            if (!kept)
            {
                DirectoryTree.Delete(path);
                return;
            }

            _ = _used.Remove(name);
            File.SetLastWriteTimeUtc(path, _time.GetUtcNow().UtcDateTime);
            var oldest = _time.GetUtcNow().UtcDateTime - s_keep;
            foreach (var old in Idle().OrderByDescending(File.GetLastWriteTimeUtc).Where((folder, i) => i >= MaximumKept || File.GetLastWriteTimeUtc(folder) < oldest).ToList())
            {
                _ = Delete(old);
            }
        }
    }

    private List<string> Idle() => !Directory.Exists(_home) ? [] :
    [
        .. Directory.EnumerateDirectories(_home)
            .Where(path => !_used.Contains(Path.GetFileName(path)) && !Path.GetFileName(path).StartsWith("once-", StringComparison.Ordinal)),
    ];

    private static long Delete(string path)
    {
        var size = TreeSize.Of(path, CancellationToken.None);
        DirectoryTree.Delete(path);
        return size;
    }
}

/// <summary>A folder for a client's files, of one build's own until it is disposed.</summary>
public sealed class ContextFolder(string path, Action give) : IBuildTree
{
    private Action? _give = give;

    /// <inheritdoc/>
    public string Root => path;

    /// <summary>Starts to bring a client's files in.</summary>
    public ContextTransfer Begin() => new(new SyncedFolder(path, Environment.IsPrivilegedProcess, SpaceBudget.For(path)));

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _give, null) is { } give)
        {
            // A large tree takes a while to delete.
            await Task.Run(give);
        }
    }
}

/// <summary>A client's files on their way into a folder: descriptions of all of them, contents of those that are needed.</summary>
public sealed class ContextTransfer : IDisposable
{
    private readonly SyncedFolder _folder;

    internal ContextTransfer(SyncedFolder folder) => _folder = folder;

    /// <summary>Contents that were asked for and have not come whole.</summary>
    public int Awaited => _folder.Awaited;

    /// <summary>Takes the next file's description, parents before what is in them.</summary>
    /// <returns>The number to ask for its content by; null when nothing is needed.</returns>
    public uint? Describe(SyncEntry entry) => _folder.Describe(entry);

    /// <summary>Takes a piece of content; an empty one is the end of a file.</summary>
    public void Receive(uint number, ReadOnlySpan<byte> content) => _folder.Receive(number, content);

    /// <summary>All has come: what the client has no longer goes.</summary>
    public void Finish(CancellationToken ct) => _folder.Finish(ct);

    public void Dispose() => _folder.Dispose();
}
