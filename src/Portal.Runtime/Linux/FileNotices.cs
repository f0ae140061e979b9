using System.Text;

namespace Portal.Runtime.Linux;

/// <summary>
/// Tells of the next change of a file: one inotify(7) instance and one thread for any number of watches. A watch ends with the
/// first change, so a file that is written to ten thousand times a second costs whoever waits one notice, not ten thousand.
/// </summary>
internal sealed unsafe class FileNotices
{
    private const uint Changes = Libc.NotifyModify | Libc.NotifyMoveSelf | Libc.NotifyDeleteSelf | Libc.NotifyOneShot;

    private readonly Lock _lock = new();

    // Watches of one file share a number: the kernel has one watch for each file and instance.
    private readonly Dictionary<int, List<Watch>> _watches = [];
    private readonly int _notify;

    private FileNotices()
    {
        _notify = Libc.NotifyInit(Libc.NotifyCloseOnExec);
        if (_notify >= 0)
        {
            new Thread(Run) { IsBackground = true, Name = "file notices" }.Start();
        }
    }

    public static FileNotices Shared { get; } = new();

    /// <summary>
    /// Watches for the next write, rename or removal. Look at the file after this returns, then wait. Null when there is no such
    /// file or the kernel gives no more watches: then look again from time to time.
    /// </summary>
    public Watch? TryWatch(string path)
    {
        if (_notify < 0)
        {
            return null;
        }

        var name = new byte[Encoding.UTF8.GetMaxByteCount(path.Length) + 1];
        Encoding.UTF8.GetBytes(path, name);
        lock (_lock)
        {
            int number;
            fixed (byte* n = name)
            {
                number = Libc.NotifyAddWatch(_notify, n, Changes);
            }

            if (number < 0)
            {
                return null;
            }

            var watch = new Watch(this, number);
            if (!_watches.TryGetValue(number, out var list))
            {
                _watches[number] = list = [];
            }

            list.Add(watch);
            return watch;
        }
    }

    private void Remove(Watch watch)
    {
        lock (_lock)
        {
            if (_watches.TryGetValue(watch.Number, out var list) && list.Remove(watch) && list.Count == 0)
            {
                _watches.Remove(watch.Number);

                // Fails when the watch is just over; numbers are not used again before all others were.
                Libc.NotifyRemoveWatch(_notify, watch.Number);
            }
        }
    }

    private void Run()
    {
        // struct inotify_event: watch, mask, cookie, length of the name that follows; files have none.
        const int Header = 16, Size = 4096;
        var buffer = stackalloc byte[Size];
        while (true)
        {
            var count = Libc.Read(_notify, buffer, Size);
            for (nint offset = 0; offset + Header <= count; offset += Header + *(int*)(buffer + offset + 12))
            {
                Tell(*(int*)(buffer + offset));
            }
        }
    }

    private void Tell(int number)
    {
        List<Watch> told = [];
        lock (_lock)
        {
            if (number < 0)
            {
                // The queue overflowed: what was lost may concern anybody.
                told.AddRange(_watches.Values.SelectMany(list => list));
                _watches.Clear();
            }
            else if (_watches.Remove(number, out var list))
            {
                told = list;
            }
        }

        told.ForEach(watch => watch.Tell());
    }

    /// <summary>Waits for one change.</summary>
    internal sealed class Watch(FileNotices owner, int number) : IDisposable
    {
        private readonly TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Number => number;

        /// <summary>Completes with the change.</summary>
        public Task Changed => _changed.Task;

        public void Tell() => _changed.TrySetResult();

        public void Dispose()
        {
            if (!_changed.Task.IsCompleted)
            {
                owner.Remove(this);
            }
        }
    }
}
