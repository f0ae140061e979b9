using Microsoft.Win32.SafeHandles;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Supervision;

/// <summary>
/// crun in memory, sealed. crun never runs from a file that a container could get to write (CVE-2019-5736): it makes itself
/// such a copy and starts a second time, for every command. Of a sealed one it takes the first start (<c>cloned_binary.c</c>),
/// and all commands can share it.
/// </summary>
/// <param name="path">The program's file.</param>
internal sealed class SealedProgram(string path)
{
    private readonly string _file = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
    private readonly Lock _lock = new();

    // Kept for ever: a process may be about to start from an older one.
    private readonly List<SafeFileHandle> _copies = [];
    private (DateTime Written, long Length) _stamp;
    private string? _path;

    /// <summary>True for a program that makes use of it. SELinux decides by the file's label, which a copy does not have.</summary>
    public static bool Fits(string path) => Oci.OciRuntimes.IsCrun(path) && !File.Exists("/sys/fs/selinux/enforce");

    /// <summary>What to start: the copy as long as the file is the one it was made from, else a new one; the file itself if there can be none.</summary>
    public string Path
    {
        get
        {
            lock (_lock)
            {
                var file = new FileInfo(_file);
                var stamp = file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
                if (_path is null || stamp != _stamp)
                {
                    _path = path;
                    _stamp = stamp;
                    if (file.Exists && SealedFile.TryCopy(_file) is { } copy)
                    {
                        _copies.Add(copy);
                        _path = $"/proc/{Environment.ProcessId}/fd/{copy.DangerousGetHandle()}";
                    }
                }

                return _path;
            }
        }
    }
}
