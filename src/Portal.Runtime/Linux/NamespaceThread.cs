namespace Portal.Runtime.Linux;

/// <summary>
/// A thread that does short work inside network namespaces, one piece after the other, and goes back to the host's in between. It is
/// there while there is work: what is made in a namespace, such as a socket, stays in it and may be used by any thread.
/// </summary>
internal sealed class NamespaceThread
{
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(5);

    // Its own gate.
    private readonly Queue<(string Path, Action Work, Action<Exception> Fail)> _queue = [];
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
            _queue.Enqueue((path, () => done.SetResult(work()), done.SetException));
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
        using var host = Libc.OpenOwnNetworkNamespace("host");
        while (true)
        {
            (string Path, Action Work, Action<Exception> Fail) next;
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

            try
            {
                using (var inside = File.OpenHandle(next.Path))
                {
                    Libc.EnterNetworkNamespace(inside, next.Path);
                }

                next.Work();
            }
            catch (Exception e)
            {
                // Nothing may leave a thread of our own; who waits for the work is told.
                next.Fail(e);
            }
            finally
            {
                // Staying would keep a container's namespace alive. It cannot fail: the handle is good and we have the right.
                Libc.EnterNetworkNamespace(host, "host");
            }
        }
    }
}
