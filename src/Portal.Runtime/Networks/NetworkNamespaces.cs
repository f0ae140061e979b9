using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;
using Portal.Runtime.Linux.Netlink;

namespace Portal.Runtime.Networks;

/// <summary>
/// The network namespaces of containers, each kept alive by a bind mount <c>netns/&lt;container id&gt;</c> in the run root,
/// so that they outlive the agent.
/// </summary>
internal sealed class NetworkNamespaces(RuntimeOptions options)
{
    private string Root => Path.Combine(options.RunRoot, "netns");

    /// <summary>Where a container's namespace is.</summary>
    public string PathOf(ContainerId container) => Path.Combine(Root, container.Value);

    /// <summary>Makes the directory fit for handles. Once, before anything else.</summary>
    public void Prepare()
    {
        Directory.CreateDirectory(Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Libc.MakeNamespaceDirectory(Root);
    }

    /// <summary>Makes a namespace with its loopback up. On failure nothing is left.</summary>
    /// <param name="container">Whose it is.</param>
    /// <param name="sysctls">Settings to write once <paramref name="furnish"/> is done, so that they find the links.</param>
    /// <param name="furnish">
    /// Runs on a thread inside the new namespace, with a socket and a handle of it; null for a namespace without links.
    /// </param>
    /// <param name="existing">One that is there and empty; null to make a new one.</param>
    public Task CreateAsync(
        ContainerId container, IReadOnlyDictionary<string, string> sysctls, Action<RouteSocket, SafeFileHandle>? furnish, SafeFileHandle? existing = null)
    {
        var path = PathOf(container);
        return RunAsync(() =>
        {
            try
            {
                Remove(container);
                if (existing is null)
                {
                    Libc.EnterNewNetworkNamespace(path);
                }
                else
                {
                    Libc.EnterNetworkNamespace(existing, path);
                }

                using (File.Create(path))
                {
                }

                Libc.PinOwnNetworkNamespace(path);
                using var handle = Libc.OpenOwnNetworkNamespace(path);
                using var routes = new RouteSocket();
                routes.SetUp(1, "lo");
                // As Docker sets up every container with a network of its own.
                NetworkSysctl.WriteIfPresent("net.ipv4.ip_unprivileged_port_start", "0");
                NetworkSysctl.WriteIfPresent("net.ipv4.ping_group_range", "0 2147483647");
                NetworkSysctl.WriteIfPresent("net.ipv6.conf.default.disable_ipv6", "1");
                furnish?.Invoke(routes, handle);
                foreach (var (key, value) in sysctls)
                {
                    NetworkSysctl.Write(key, value);
                }
            }
            catch (Exception e)
            {
                try
                {
                    Remove(container);
                }
                catch (Exception cleanup)
                {
                    // What stays is swept by the next start of the agent.
                    throw new AggregateException(e, cleanup);
                }

                throw;
            }
        });
    }

    /// <summary>Runs on a thread inside a container's namespace, with a socket and a handle of it.</summary>
    /// <exception cref="IOException">There is none, or what was to be done failed.</exception>
    public Task EnterAsync(ContainerId container, Action<RouteSocket, SafeFileHandle> action)
    {
        var path = PathOf(container);
        return RunAsync(() =>
        {
            using (var pinned = File.OpenHandle(path))
            {
                Libc.EnterNetworkNamespace(pinned, path);
            }

            using var handle = Libc.OpenOwnNetworkNamespace(path);
            using var routes = new RouteSocket();
            action(routes, handle);
        });
    }

    /// <summary>Lets go of a namespace: it ends with its last process. Absent is success.</summary>
    public void Remove(ContainerId container) => Remove(PathOf(container));

    /// <summary>Lets go of every namespace that belongs to none of these containers; the number of them.</summary>
    public int Sweep(IReadOnlySet<ContainerId> live)
    {
        var count = 0;
        foreach (var path in Directory.Exists(Root) ? Directory.GetFiles(Root) : [])
        {
            if (!ContainerId.TryParse(Path.GetFileName(path), null, out var id) || !live.Contains(id))
            {
                Remove(path);
                count++;
            }
        }

        return count;
    }

    /// <summary>Removes everything, the directory too.</summary>
    public void TearDown()
    {
        Sweep(new HashSet<ContainerId>());
        while (Libc.UnmountNamespace(Root))
        {
        }

        if (Directory.Exists(Root))
        {
            Directory.Delete(Root, recursive: true);
        }
    }

    /// <summary>Not on a pool thread: what the work enters is the thread's own.</summary>
    private static Task RunAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            Action finish = done.SetResult;
            try
            {
                using var host = File.OpenHandle("/proc/self/ns/net");
                try
                {
                    work();
                }
                finally
                {
                    // To tell that it is done may start a thread of the pool, which begins where this one is, and stays there.
                    Libc.EnterNetworkNamespace(host, "host");
                }
            }
            catch (AggregateException e)
            {
                finish = () => done.SetException(e.InnerExceptions);
            }
            catch (Exception e)
            {
                // Nothing may leave a thread of our own.
                finish = () => done.SetException(e);
            }

            finish();
        }, maxStackSize: 256 * 1024)
        { IsBackground = true, Name = "netns" };
        thread.Start();
        return done.Task;
    }

    private static void Remove(string path)
    {
        while (Libc.UnmountNamespace(path))
        {
        }

        File.Delete(path);
    }
}
