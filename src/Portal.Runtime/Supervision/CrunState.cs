using System.Text;
using System.Text.Json;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Supervision;

/// <summary>
/// What crun does to start a container it has made and to delete one that has ended, without a process of crun: a few
/// system calls, of which starting a process would be by far the most expensive. Anything unexpected is left to crun.
/// </summary>
/// <remarks>
/// crun keeps <c>status</c> in a container's folder; runc, which has a fifo of the same name with the opposite direction,
/// does not (crun's <c>src/libcrun/status.c</c>).
/// </remarks>
internal static class CrunState
{
    /// <summary>Lets the process of a created container go. False when that is not possible this way; nothing happened then.</summary>
    /// <param name="folder">The runtime's folder of the container.</param>
    public static bool TryLetGo(string folder)
    {
        if (!File.Exists(folder + "/status"))
        {
            return false;
        }

        // Without waiting: no reader means that the process has died.
        var fifo = folder + "/exec.fifo";
        if (Libc.Open(Encoding.UTF8.GetBytes(fifo), Libc.OpenWriteOnly | Libc.OpenNonBlock, 0, out var handle) != 0)
        {
            return false;
        }

        using var stream = new FileStream(handle!, FileAccess.Write, bufferSize: 0);
        try
        {
            // First the name, as crun does: its absence says that the process was let go.
            File.Delete(fifo);
            stream.WriteByte(0);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>
    /// True for a process that waits to be let go although the name of the fifo is gone: whoever removed it ended before the
    /// byte that was to follow. Its descriptor of the fifo is closed when it becomes the container's program.
    /// </summary>
    /// <param name="folder">The runtime's folder of the container.</param>
    /// <param name="pid">The first process.</param>
    public static bool Waits(string folder, int pid)
    {
        var fifo = folder + "/exec.fifo";
        try
        {
            return Directory.EnumerateFiles($"/proc/{pid}/fd").Any(file => Target(file)?.StartsWith(fifo, StringComparison.Ordinal) == true);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // It has ended.
            return false;
        }
    }

    /// <summary>What a descriptor stands for, or null when it was closed since it was listed: the others still count.</summary>
    private static string? Target(string descriptor)
    {
        try
        {
            return File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.FullName;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>
    /// Removes the cgroups and the folder of a container whose first process has ended. False when something is still in a
    /// cgroup, or the folder is not as expected: crun's delete is to deal with it.
    /// </summary>
    /// <param name="folder">The runtime's folder of the container.</param>
    /// <param name="cgroup">The container's cgroup below the root of each hierarchy.</param>
    /// <param name="hierarchies">Mount points of the cgroup hierarchies.</param>
    public static bool TryRemove(string folder, string cgroup, IReadOnlyList<string> hierarchies)
    {
        try
        {
            if (!Owns(File.ReadAllBytes(folder + "/status"), cgroup))
            {
                return false;
            }

            foreach (var hierarchy in hierarchies)
            {
                if (Libc.RemoveDirectory(hierarchy + cgroup) is not (0 or Errno.ENOENT))
                {
                    return false;
                }
            }

            Directory.Delete(folder, recursive: true);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>True when a status file of crun names this cgroup, made without systemd.</summary>
    internal static bool Owns(ReadOnlyMemory<byte> status, string cgroup)
    {
        try
        {
            using var document = JsonDocument.Parse(status);
            var root = document.RootElement;
            return root.TryGetProperty("cgroup-path", out var path) && path.ValueEquals(cgroup)
                && root.TryGetProperty("systemd-cgroup", out var systemd) && systemd.ValueKind == JsonValueKind.False;
        }
        catch (JsonException)
        {
            return false;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
