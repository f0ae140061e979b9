using Portal.Domain.Primitives;
using Portal.Runtime;
using Portal.Runtime.Cgroups;
using Portal.Runtime.Containers;
using Portal.Runtime.Layers;
using Portal.Runtime.Mounts;
using Portal.Runtime.Networks;

namespace Portal.Agent.Node;

/// <summary>Leaves nothing of the engine running, mounted or linked. What is on disk stays: images, volumes, stopped containers.</summary>
internal sealed class NodeTeardown(
    RuntimeOptions options, IContainers containers, IPreparedMounts mounts, ILayerStore layers, INetworks networks, CgroupParents parents, ILogger<NodeTeardown> log)
{
    private static readonly string[] s_controllers = ["", "systemd", "unified", "memory", "cpu", "cpu,cpuacct", "cpuacct", "cpuset", "pids", "blkio", "devices", "freezer", "net_cls", "net_prio", "net_cls,net_prio", "perf_event", "hugetlb", "rdma", "misc"];

    /// <summary>True when all of it could be taken away. Every part is tried, whatever happens to the others.</summary>
    public async Task<bool> RunAsync(CancellationToken ct)
    {
        var good = true;
        await Task.WhenAll(containers.List().Select(async container =>
        {
            if (!container.Status.IsRunning && container.Status.State != Domain.Containers.ContainerState.Restarting)
            {
                return;
            }

            good &= await TryAsync("container " + container.Name, async () =>
            {
                _ = await containers.StopAsync(container.Id, TimeSpan.Zero, signal: null, ct);
                log.ContainerStopped(container.Id.Abbreviated, container.Name);
            });
        }));
        good &= await TryAsync("prepared mounts", () =>
        {
            mounts.TearDown();
            return Task.CompletedTask;
        });
        foreach (var container in containers.List())
        {
            good &= await TryAsync("mount of " + container.Name, () =>
            {
                layers.Unmount(container.Id);
                return Task.CompletedTask;
            });
        }

        good &= await TryAsync("network", () => networks.TearDownAsync(ct));
        good &= await TryAsync("cgroup " + options.CgroupParent, RemoveCgroupsAsync);
        parents.Remove();
        return good;
    }

    /// <summary>Empties the run root. To be called once the runtime has let go of it.</summary>
    public Task<bool> RemoveRunRootAsync() => TryAsync(options.RunRoot, EmptyRunRootAsync);

    private Task RemoveCgroupsAsync()
    {
        foreach (var controller in s_controllers)
        {
            var root = Path.Combine("/sys/fs/cgroup", controller) + options.CgroupParent;
            if (Directory.Exists(root))
            {
                RemoveCgroup(root);
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>Folders of the cgroup file system are removed one by one, leaves first; their files go with them.</summary>
    private static void RemoveCgroup(string path)
    {
        foreach (var child in Directory.EnumerateDirectories(path))
        {
            RemoveCgroup(child);
        }

        Directory.Delete(path);
    }

    private Task EmptyRunRootAsync()
    {
        if (!Directory.Exists(options.RunRoot))
        {
            return Task.CompletedTask;
        }

        // Below a mount point is somebody's data: leave it, and say so.
        var below = options.RunRoot + "/";
        var mounted = File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')[4]).Where(target => target.StartsWith(below, StringComparison.Ordinal)).ToList();
        if (mounted.Count > 0)
        {
            throw new IOException($"still mounted: {string.Join(' ', mounted)}");
        }

        foreach (var entry in new DirectoryInfo(options.RunRoot).EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo { LinkTarget: null } folder)
            {
                folder.Delete(recursive: true);
            }
            else
            {
                entry.Delete();
            }
        }

        return Task.CompletedTask;
    }

    private async Task<bool> TryAsync(string subject, Func<Task> part)
    {
        try
        {
            await part();
            return true;
        }
        catch (Exception e) when (e is ErrorException or IOException or UnauthorizedAccessException)
        {
            log.TeardownFailed(subject, e.Message);
            return false;
        }
    }
}
