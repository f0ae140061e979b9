namespace Portal.Runtime.Tar;

/// <summary>
/// Runs the work on one archive on a thread of its own: it blocks from start to end, on the disk and on a client that may be as
/// slow as it likes, and must not sit on a thread that others wait for.
/// </summary>
internal static class ArchiveThread
{
    public static Task RunAsync(Action work, CancellationToken ct) =>
        Task.Factory.StartNew(work, ct, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

    public static Task<T> RunAsync<T>(Func<T> work, CancellationToken ct) =>
        Task.Factory.StartNew(work, ct, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
}
