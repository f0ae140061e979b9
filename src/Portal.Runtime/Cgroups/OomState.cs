using System.Text;

namespace Portal.Runtime.Cgroups;

/// <summary>What a cgroup says of running out of memory.</summary>
/// <param name="Kills">Processes of it, and of cgroups below it, that the kernel has killed for memory.</param>
/// <param name="Waiting">Its processes wait for memory, because killing is turned off (v1).</param>
internal readonly record struct OomState(ulong Kills, bool Waiting)
{
    /// <summary>Reads it; null when the cgroup is gone.</summary>
    /// <param name="files">The kernel's files.</param>
    /// <param name="folder">The cgroup's folder in the hierarchy of the memory controller.</param>
    public static OomState? TryRead(ICgroupFiles files, string folder)
    {
        // memory.oom_control is of v1 only, memory.events of v2 only.
        var text = files.Read(folder + "/memory.oom_control") ?? files.Read(folder + "/memory.events");
        if (text is null)
        {
            return null;
        }

        var bytes = Encoding.ASCII.GetBytes(text);
        return new(FlatKeyedFile.Find(bytes, "oom_kill"u8), FlatKeyedFile.Find(bytes, "under_oom"u8) != 0);
    }
}
