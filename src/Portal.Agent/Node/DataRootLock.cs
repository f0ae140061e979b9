namespace Portal.Agent.Node;

/// <summary>Holds a data root for one process. The kernel lets go of it when the process ends, however it ends.</summary>
internal sealed class DataRootLock : IDisposable
{
    private readonly FileStream _file;

    private DataRootLock(FileStream file) => _file = file;

    /// <summary>Takes the lock; null when another process holds it. Makes the data root if there is none.</summary>
    public static DataRootLock? TryTake(string dataRoot)
    {
        const UnixFileMode folderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute;
        _ = Directory.CreateDirectory(dataRoot, folderMode);
        try
        {
            // FileShare.None is flock(2): held by the open file, not by the name, so that no stale lock can stay.
            return new(new FileStream(Path.Combine(dataRoot, "agent.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException or PathTooLongException))
        {
            return null;
        }
    }

    public void Dispose() => _file.Dispose();
}
