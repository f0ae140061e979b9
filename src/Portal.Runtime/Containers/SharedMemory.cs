using System.Globalization;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.UserNamespaces;

namespace Portal.Runtime.Containers;

/// <summary>
/// /dev/shm of containers that share it (<c>--ipc shareable</c>): a tmpfs each below the run root, which they and those who
/// join them bind. That of other containers is made inside, where nobody else gets at it.
/// </summary>
internal sealed class SharedMemory(RuntimeOptions options)
{
    private const long DefaultSize = 64 << 20;

    private string Root => options.RunRoot + "/shm";

    /// <summary>Where a container's is, whether it is there or not.</summary>
    public string PathOf(ContainerId id) => $"{Root}/{id}";

    /// <summary>True while a container has one.</summary>
    public bool IsMounted(ContainerId id) => Libc.Stat(PathOf(id), out var facts) == 0 && facts.IsMountRoot;

    /// <summary>Makes one, empty. What an earlier, broken start left is taken away.</summary>
    /// <param name="id">The container.</param>
    /// <param name="size">Bytes; 0 for Docker's 64 MiB.</param>
    /// <param name="mappings">Whose root it belongs to; null for the host's.</param>
    /// <returns>Its path.</returns>
    public string Mount(ContainerId id, long size, IdMappings? mappings)
    {
        Unmount(id);
        var path = PathOf(id);
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Libc.Mount(
            "shm", path, "tmpfs", MountFlags.NoSuid | MountFlags.NoDev | MountFlags.NoExec,
            string.Create(CultureInfo.InvariantCulture, $"mode=1777,size={(size > 0 ? size : DefaultSize)},uid={mappings?.RootUser ?? 0},gid={mappings?.RootGroup ?? 0}"));
        return path;
    }

    /// <summary>Takes one away; whoever has joined it keeps it. Absent is success.</summary>
    public void Unmount(ContainerId id)
    {
        var path = PathOf(id);
        if (Directory.Exists(path))
        {
            Libc.Unmount(path);
            Directory.Delete(path);
        }
    }

    /// <summary>Takes away those of containers that do not run.</summary>
    public void Sweep(IReadOnlySet<ContainerId> running)
    {
        foreach (var folder in Directory.Exists(Root) ? Directory.GetDirectories(Root) : [])
        {
            if (ContainerId.TryParse(Path.GetFileName(folder), null, out var id) && !running.Contains(id))
            {
                Unmount(id);
            }
        }
    }
}
