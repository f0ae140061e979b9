namespace Portal.Runtime.Linux;

/// <summary>
/// A thread that does short work inside network namespaces, one piece after the other, and goes back to the host's in between. It is
/// there while there is work: what is made in a namespace, such as a socket, stays in it and may be used by any thread.
/// </summary>
internal sealed class NamespaceThread
{
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(5);

    // Its own gate.
    private readonly Queue<(string Path, Func<Action> Work, Action<Exception> Fail)> _queue = [];
    private bool _isRunning;

    /// <summary>Runs it inside a namespace.</summary>
    /// <param name="path">Handle of the namespace.</param>
    /// <param name="work">Must not wait for anything but the kernel.</param>
    /// <exception cref="IOException">There is no such namespace.</exception>
    public Task<T> RunAsync<T>(string path, Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_queue)
        {
            _queue.Enqueue((path, () =>
            {
                var result = work();
                return () => done.SetResult(result);
            }, done.SetException));
            Monitor.Pulse(_queue);
            if (!_isRunning)
            {
                _isRunning = true;
                new Thread(Run, maxStackSize: 256 * 1024) { IsBackground = true, Name = "names" }.Start();
            }
        }

        return done.Task;
    }

    private void Run()
    {
        // A thread begins in the namespace of the one that started it; that of the process is where its first thread is.
        using var host = File.OpenHandle("/proc/self/ns/net");
        Libc.EnterNetworkNamespace(host, "host");
        while (true)
        {
            (string Path, Func<Action> Work, Action<Exception> Fail) next;
            lock (_queue)
            {
                if (_queue.Count == 0 && !Monitor.Wait(_queue, s_idle) && _queue.Count == 0)
                {
                    _isRunning = false;
                    return;
                }

                if (!_queue.TryDequeue(out next))
                {
                    continue;
                }
            }

            Action finish;
            try
            {
                using (var inside = File.OpenHandle(next.Path))
                {
                    Libc.EnterNetworkNamespace(inside, next.Path);
                }

                finish = next.Work();
            }
            catch (Exception e)
            {
                // Nothing may leave a thread of our own; who waits for the work is told.
                finish = () => next.Fail(e);
            }

            // Staying would keep a container's namespace alive. It cannot fail: the handle is good and we have the right.
            Libc.EnterNetworkNamespace(host, "host");
            // Not before: to tell somebody may start a thread of the pool, and that would be inside for good.
            finish();
        }
    }
}
