using Microsoft.Extensions.Options;

namespace Portal.Api.Adapters.Storage;

/// <summary>Why the portal cannot start, as one sentence for the person at the console.</summary>
public sealed class StartRefusedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The folder everything lasting lives in. Opening it makes it (0700) and locks it against a second portal.</summary>
internal sealed class DataRoot : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerFolder = OwnerOnly | UnixFileMode.UserExecute;

    private readonly FileStream _lock;

    public DataRoot(IOptions<PortalOptions> options, ILogger<DataRoot> log)
    {
        Path = options.Value.DataRoot;
        try
        {
            _ = Folder("");
            _lock = new FileStream(File("lock"), new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = OwnerOnly,
            });
        }
        catch (UnauthorizedAccessException ex)
        {
            throw new StartRefusedException($"The data root {Path} cannot be written: {ex.Message} Run as its owner, or set PORTAL_DATA_ROOT to a folder of your own.", ex);
        }
        catch (IOException ex) when (System.IO.File.Exists(File("lock")))
        {
            throw new StartRefusedException($"The data root {Path} is in use by another portal process. Stop that one first.", ex);
        }
        catch (IOException ex)
        {
            throw new StartRefusedException($"The data root {Path} cannot be made: {ex.Message}", ex);
        }

        log.DataRootOpened(Path);
    }

    /// <summary>The folder itself.</summary>
    public string Path { get; }

    /// <summary>The path of a file directly in the root.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>A folder in the root, made when missing, for the owner only.</summary>
    public string Folder(string name)
    {
        var path = File(name);
        Directory.CreateDirectory(path, OwnerFolder);
        System.IO.File.SetUnixFileMode(path, OwnerFolder);
        return path;
    }

    /// <summary>Writes a file wholly or not at all, readable by the owner only, and on disk when this returns.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var draft = path + ".new";
        System.IO.File.Delete(draft);
        using (var stream = new FileStream(draft, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly,
        }))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        System.IO.File.Move(draft, path, overwrite: true);
    }

    public void Dispose() => _lock.Dispose();
}
