using System.Text;
using Microsoft.Win32.SafeHandles;
using Portal.Domain.Primitives;
using Portal.Runtime.Linux;

namespace Portal.Runtime.Oci;

/// <summary>Reads small text files of a container's root file system, which whoever made the image controls.</summary>
public static class RootFile
{
    /// <summary>Largest file read, bytes. A passwd of 100,000 users fits.</summary>
    public const long MaximumSize = 8L << 20;

    /// <summary>
    /// The text of a file; empty when there is none, or when something else than a file is there. Links are followed inside
    /// the root only.
    /// </summary>
    /// <param name="root">Root file system on the host.</param>
    /// <param name="path">Inside it, <c>/etc/passwd</c>.</param>
    /// <exception cref="ErrorException">400: the file is larger than <see cref="MaximumSize"/>.</exception>
    public static string ReadText(string root, string path)
    {
        using var inRoot = new PathInRoot(root);
        return ReadText(inRoot.Root, path);
    }

    /// <inheritdoc cref="ReadText(string, string)"/>
    internal static string ReadText(SafeFileHandle root, string path)
    {
        // Looked at before it is opened to read: opening a fifo would wait, opening a device would do whatever it does.
        if (Libc.OpenInRoot(root, Encoding.UTF8.GetBytes(path.TrimStart('/')), Libc.OpenPath, followLinks: true, out var found) != 0)
        {
            return "";
        }

        using (found)
        {
            if (Libc.StatAt(found!, [], out var facts) != 0 || facts.Kind != FileKind.Regular)
            {
                return "";
            }

            using var file = File.OpenHandle($"/proc/self/fd/{found!.DangerousGetHandle()}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (RandomAccess.GetLength(file) is var length && length > MaximumSize)
            {
                throw new ErrorException(ErrorKind.Invalid, "container.file_too_large", $"The image's {path} is larger than {MaximumSize >> 20} MiB.");
            }

            var bytes = new byte[length];
            var total = 0;
            while (total < bytes.Length && RandomAccess.Read(file, bytes.AsSpan(total), total) is var read and > 0)
            {
                total += read;
            }

            return Encoding.UTF8.GetString(bytes.AsSpan(0, total));
        }
    }

    /// <summary>Resolves a user against the root's own passwd and group.</summary>
    /// <inheritdoc cref="UserLookup.Resolve" path="/exception"/>
    public static ResolvedUser ResolveUser(string root, string user, IReadOnlyList<string> groupsAdded) =>
        UserLookup.Resolve(user, groupsAdded, ReadText(root, "/etc/passwd"), ReadText(root, "/etc/group"));
}
