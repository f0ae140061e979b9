using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Portal.Runtime.Linux;

/// <summary>
/// A directory that paths cannot leave. The kernel resolves every step (openat2, RESOLVE_IN_ROOT): "/" and ".." end at the
/// root, symbolic links are followed inside it, links of /proc not at all. What string comparison would have to get right
/// under races, the kernel gets right.
/// </summary>
internal sealed class PathInRoot : IDisposable
{
    /// <summary>Longest path the kernel takes, without the final NUL.</summary>
    public const int MaximumPath = 4095;

    private readonly SafeFileHandle _root;
    private byte[] _parentPath = [];
    private SafeFileHandle? _parent;

    /// <summary>Opens <paramref name="directory"/> as a root.</summary>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    public PathInRoot(string directory)
    {
        var path = Encoding.UTF8.GetBytes(directory);
        var errno = Libc.Open(path, Libc.OpenReadOnly | Libc.OpenDirectory, 0, out var root);
        _root = errno == 0 ? root! : throw Libc.Failure("open", path, errno);
    }

    /// <summary>Takes an open directory as a root; it is closed with this object.</summary>
    public PathInRoot(SafeFileHandle root) => _root = root;

    /// <summary>Handle of the root itself.</summary>
    public SafeFileHandle Root => _root;

    public void Dispose()
    {
        _parent?.Dispose();
        _root.Dispose();
    }

    /// <summary>
    /// The directory at <paramref name="path"/> (empty for the root), for use with calls that take a directory and a name.
    /// The handle belongs to this object and stays good until the next call.
    /// </summary>
    /// <returns>0, or why it could not be opened.</returns>
    public Errno TryOpen(ReadOnlySpan<byte> path, out SafeFileHandle? directory)
    {
        if (path.IsEmpty)
        {
            directory = _root;
            return 0;
        }

        if (_parent is not null && path.SequenceEqual(_parentPath))
        {
            directory = _parent;
            return 0;
        }

        Forget();
        var errno = Libc.OpenInRoot(_root, path, Libc.OpenPath | Libc.OpenDirectory, followLinks: true, out directory);
        if (errno == 0)
        {
            (_parent, _parentPath) = (directory, path.ToArray());
        }

        return errno;
    }

    /// <summary>As <see cref="TryOpen"/>, but the handle is the caller's to close.</summary>
    public Errno TryOpenOwned(ReadOnlySpan<byte> path, out SafeFileHandle? directory) =>
        Libc.OpenInRoot(_root, path.IsEmpty ? "."u8 : path, Libc.OpenPath | Libc.OpenDirectory, followLinks: true, out directory);

    /// <summary>
    /// Drops the remembered directory. To be called when a directory or a symbolic link was removed, as the same path may
    /// lead elsewhere from then on.
    /// </summary>
    public void Forget()
    {
        _parent?.Dispose();
        (_parent, _parentPath) = (null, []);
    }

    /// <summary>Facts about <paramref name="path"/> without following any link; not 0 when a link is on the way.</summary>
    public Errno TryStat(ReadOnlySpan<byte> path, out FileFacts facts)
    {
        facts = default;
        var errno = Libc.OpenInRoot(_root, path, Libc.OpenPath | Libc.OpenNoFollow, followLinks: false, out var handle);
        using (handle)
        {
            return errno != 0 ? errno : Libc.StatAt(handle!, [], out facts);
        }
    }
}
