using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Cgroups;

/// <summary>A kernel file that is read again and again: opened once, read from its start each time. One that is not there is not looked for again.</summary>
internal sealed class CounterFile(string path) : IDisposable
{
    private SafeFileHandle? _handle;
    private bool _missing;

    /// <summary>Reads it whole; empty when the kernel has no such file.</summary>
    /// <exception cref="IOException">It went away since it was opened: the cgroup was removed.</exception>
    public ReadOnlySpan<byte> Read(Span<byte> buffer)
    {
        if (_handle is null)
        {
            if (_missing)
            {
                return default;
            }

            try
            {
                _handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            }
            catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
            {
                _missing = true;
                return default;
            }
        }

        // Such files come in one piece as long as the buffer holds them.
        return buffer[..RandomAccess.Read(_handle, buffer, 0)];
    }

    /// <summary>Reads a file that the kernel may also show and not give: pressure, where it is turned off.</summary>
    public ReadOnlySpan<byte> ReadOptional(Span<byte> buffer)
    {
        try
        {
            return Read(buffer);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            Release();
            _missing = true;
            return default;
        }
    }

    /// <summary>Closes it; the next reading opens it again.</summary>
    public void Release()
    {
        _handle?.Dispose();
        _handle = null;
    }

    public void Dispose() => Release();
}
