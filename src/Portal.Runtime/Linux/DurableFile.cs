namespace Portal.Runtime.Linux;

/// <summary>
/// Files that are wholly there or wholly absent after a power cut: written to a temporary name in the same folder, fsynced,
/// renamed over the old one, folder fsynced. When a call returns, the content survives.
/// </summary>
internal static class DurableFile
{
    private const string TemporarySuffix = ".tmp";
    private const UnixFileMode PrivateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes <paramref name="content"/> as the new file at <paramref name="path"/>, mode 0600.</summary>
    /// <param name="path">Absolute path; its folder must exist.</param>
    /// <param name="content">The whole content.</param>
    /// <exception cref="IOException">Nothing changed at <paramref name="path"/>.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var temporary = TemporaryPath(path);
        try
        {
            using (var file = Create(temporary))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            Commit(temporary, path);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <inheritdoc cref="Write"/>
    /// <param name="ct">Looked at before the write begins; a write once begun is finished.</param>
    public static Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken ct) =>
        // fsync has no asynchronous form; it must not sit on a thread that serves requests in order.
        Task.Run(() => Write(path, content.Span), ct);

    /// <summary>A new file at a temporary name, mode 0600, to be filled, flushed to disk, closed and given to <see cref="Commit"/>.</summary>
    public static FileStream Create(string temporary) => new(temporary, new FileStreamOptions
    {
        Mode = FileMode.CreateNew,
        Access = FileAccess.ReadWrite,
        Share = FileShare.ReadWrite | FileShare.Delete,
        BufferSize = 0,
        UnixCreateMode = PrivateMode,
    });

    /// <summary>Renames a finished temporary file or folder to its name and makes the rename durable.</summary>
    public static void Commit(string temporary, string path)
    {
        if (Directory.Exists(temporary))
        {
            Directory.Move(temporary, path);
        }
        else
        {
            File.Move(temporary, path, overwrite: true);
        }

        Libc.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>A fresh name beside <paramref name="path"/> that <see cref="Sweep"/> recognises.</summary>
    public static string TemporaryPath(string path) =>
        Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.{Guid.NewGuid():n}{TemporarySuffix}");

    /// <summary>Deletes what writes that never finished left in a folder. Run at start, before anything writes there.</summary>
    public static void Sweep(string directory)
    {
        foreach (var leftover in Directory.EnumerateFiles(directory, ".*" + TemporarySuffix))
        {
            File.Delete(leftover);
        }
    }
}
