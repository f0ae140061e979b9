using System.Text;
using Portal.Domain.Primitives;

namespace Portal.Runtime.Cgroups;

/// <summary>
/// Writes limits into the cgroups of a running container: all of them, or none. Not by the OCI runtime's update, which stops at the first
/// value that the kernel refuses and leaves those before it.
/// </summary>
internal sealed class CgroupLimits(CgroupLocator locator, ICgroupFiles files, string procRoot = "/proc")
{
    /// <summary>Writes.</summary>
    /// <param name="container">The container.</param>
    /// <param name="pid">Its first process.</param>
    /// <param name="writes">In this order.</param>
    /// <returns>What takes everything back.</returns>
    /// <exception cref="IOException">The kernel refuses; everything is as before.</exception>
    public Action Apply(ContainerId container, int pid, IReadOnlyList<LimitWrite> writes)
    {
        var undo = new Stack<(string Path, string Value)>();
        try
        {
            var cgroups = ProcessCgroups.TryRead(pid, procRoot) ?? throw new IOException("its first process has ended");
            foreach (var write in writes)
            {
                var path = Find(cgroups, container, write);
                var before = files.Read(path) ?? throw new IOException($"there is no {Path.GetFileName(path)}");
                DemandRoom(path, write.Value);
                files.Write(path, write.Value);
                undo.Push((path, before));
            }
        }
        catch
        {
            Undo(undo);
            throw;
        }

        return () => Undo(undo);
    }

    private string Find(ProcessCgroups cgroups, ContainerId container, LimitWrite write)
    {
        var (root, controller) = locator.Version == CgroupVersion.V2 ? (locator.Unified, "") : (locator.PathOf(write.Controller), write.Controller);
        if (root is null || cgroups.PathOf(controller, container) is not { } group)
        {
            throw new IOException($"it has no cgroup of the {write.Controller} controller");
        }

        return $"{root}{group}/{write.Files.FirstOrDefault(name => files.Read($"{root}{group}/{name}") is not null) ?? write.Files[^1]}";
    }

    /// <summary>
    /// v1 refuses a memory limit that cannot be had; v2 takes it and kills until it holds. Neither is what an update is for, so v2 is asked first.
    /// </summary>
    private void DemandRoom(string path, string value)
    {
        if (Path.GetFileName(path) != "memory.max" || !ulong.TryParse(value, out var limit))
        {
            return;
        }

        var stat = Encoding.ASCII.GetBytes(files.Read(Path.GetDirectoryName(path) + "/memory.stat") ?? "");
        var needed = FlatKeyedFile.Find(stat, "anon"u8) + FlatKeyedFile.Find(stat, "shmem"u8) + FlatKeyedFile.Find(stat, "kernel"u8);
        if (needed > limit)
        {
            throw new IOException($"its processes use {needed} bytes of memory, which is more than the limit of {limit}");
        }
    }

    private void Undo(Stack<(string Path, string Value)> undo)
    {
        while (undo.TryPop(out var item))
        {
            try
            {
                // Of several lines the first is the value for all devices.
                files.Write(item.Path, item.Value.Split('\n')[0]);
            }
            catch (IOException)
            {
                // It was in force a moment ago; what refuses it now is the container's end.
            }
        }
    }
}
