using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Cgroups;

/// <summary>A kernel file that is read again and again: opened once, read from its start each time.</summary>
internal sealed class CounterFile(string path) : IDisposable
{
    private SafeFileHandle? _handle;

    /// <summary>Reads it whole; empty when the kernel has no such file.</summary>
    /// <exception cref="IOException">It went away since it was opened: the cgroup was removed.</exception>
    public ReadOnlySpan<byte> Read(Span<byte> buffer)
    {
        if (_handle is null)
        {
            try
            {
                _handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            }
            catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
            {
                return default;
            }
        }

        // Such files come in one piece as long as the buffer holds them.
        return buffer[..RandomAccess.Read(_handle, buffer, 0)];
    }

    public void Dispose() => _handle?.Dispose();
}
